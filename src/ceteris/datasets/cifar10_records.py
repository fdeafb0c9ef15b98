"""Files of CIFAR-10 as records: a label, then the red, the green and the blue plane; also those that are pickled."""

import hashlib
import pickle
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from ceteris.datasets.dataset import LabelledImages, as_labels, sealed
from ceteris.errors import DataError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
RECORD = 1 + PIXELS
REMEDY = "Replace it, or run `ceteris data fetch` and name no copy to use an intact one."

_CHUNK = 1000


def decode(content: bytes, where: str, *, records: int, classes: int, remedy: str = REMEDY) -> LabelledImages:
    """Turn the records of one file into images in their order, read-only, and refuse what is not exactly that.

    Raises:
        DataError: If the length or a label is wrong.
    """
    if len(content) != records * RECORD:
        raise DataError(f"{where}: {_wrong_length(len(content), records)} {remedy}")
    table = np.frombuffer(content, np.uint8).reshape(records, RECORD)
    labels = table[:, 0]
    if wrong := np.flatnonzero(labels >= classes).tolist():
        raise DataError(
            f"{where}: record {wrong[0]} has label {labels[wrong[0]]}, expected 0 to {classes - 1}"
            f"{f' ({len(wrong)} such records)' if len(wrong) > 1 else ''}. {remedy}"
        )
    images = np.ascontiguousarray(table[:, 1:].reshape(records, 3, SIDE, SIDE).transpose(0, 2, 3, 1))
    return sealed(LabelledImages(images=images, labels=as_labels(labels)))


def encode(images: LabelledImages) -> Iterator[bytes]:
    """Yield the records of images of shape (n, 32, 32, 3), a thousand at a time."""
    for start in range(0, len(images), _CHUNK):
        planes = images.images[start : start + _CHUNK].transpose(0, 3, 1, 2).reshape(-1, PIXELS)
        labels = images.labels[start : start + _CHUNK, None].astype(np.uint8)
        yield np.concatenate([labels, planes], axis=1).tobytes()


def content_digest(training: LabelledImages, test: LabelledImages) -> str:
    """Compute `Dataset.digest`: SHA-256 over the records of the training images, then the test images."""
    digest = hashlib.sha256()
    for images in (training, test):
        for block in encode(images):
            digest.update(block)
    return digest.hexdigest()


def _wrong_length(found: int, records: int) -> str:
    expected = f"expected {records * RECORD} bytes ({records} records of {RECORD})"
    return f"the file is empty, {expected}." if found == 0 else f"{found} bytes found, {expected}."


@dataclass(eq=False)
class _Call:
    """A call that a pickle asks for and nobody makes, with the state that its result would be filled with."""

    function: str
    arguments: tuple[Any, ...]
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass(frozen=True)
class _Name:
    """A function or class that a pickle mentions, in whose place a note of the call is given."""

    name: str

    def __call__(self, *arguments: Any) -> Any:
        match arguments:
            case (str(text), "latin1") if self.name == _ENCODE and max(text, default="") < "\u0100":
                return text.encode("latin-1")  # how Python 3 writes bytes below protocol 3
            case () if self.name == _BYTES:
                return b""
        return _Call(self.name, arguments)

    def __setstate__(self, state: Any) -> None:
        raise TypeError("a name has no state")


_RECONSTRUCT, _FROM_BUFFER = "numpy.core.multiarray._reconstruct", "numpy.core.numeric._frombuffer"
_DTYPE, _ENCODE, _BYTES = "numpy.dtype", "_codecs.encode", "__builtin__.bytes"
_KNOWN = {_RECONSTRUCT, _FROM_BUFFER, _DTYPE, _ENCODE, _BYTES, "numpy.ndarray"}

_PLAIN = {"None", "bool", "int", "int_or_bool", "float", "str", "bytes", "bytes_or_str", "bytearray"}
_SCALARS = {op.name for op in pickletools.opcodes if not op.stack_before and {o.name for o in op.stack_after} & _PLAIN}
_SINGLE = {*_SCALARS, "GLOBAL", "STACK_GLOBAL"}
"""Steps that give something without parts, by their names in `pickletools`."""

_OTHERS = {"PROTO", "FRAME", "STOP", "MARK", "REDUCE", "BUILD", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_OTHERS |= {"EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS"}


class _Unpickler(pickle.Unpickler):
    """Builds numbers, text, bytes, lists, tuples, dictionaries and `_Call`, and refuses all else by name."""

    def find_class(self, module: str, name: str) -> _Name:
        known = f"{module.replace('numpy._core.', 'numpy.core.')}.{name}"
        if known not in _KNOWN:
            raise DataError(
                f"the pickle asks for {f'{module}.{name}'!a}, which no CIFAR-10 batch needs; nothing of it was run. "
                "Do not trust this file: delete it, and run `ceteris data fetch` to use an intact copy."
            )
        return _Name(known)


def _check_steps(content: bytes) -> None:
    """Refuse steps that no batch needs, before any is taken.

    What is left can neither call nor import anything, and takes no more time and memory than the bytes of the file:
    lists and tuples that are used twice could stand for exponentially many, and places in the memo far apart for a
    table of any size.
    """
    kept: dict[int, str] = {}
    before = ""
    for step, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        match opcode.name:
            case "PUT" | "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
                place = len(kept) if argument is None else int(argument)
                if place > step:
                    raise ValueError(f"it keeps something under the number {place}")
                kept[place] = before
            case "GET" | "BINGET" | "LONG_BINGET":
                if kept.get(int(argument or 0), "") not in _SINGLE:
                    raise ValueError("it uses a list or another whole twice")
                before = kept[int(argument or 0)]
            case name if name not in _SINGLE | _OTHERS:
                raise ValueError(f"it uses {name}, which no batch needs")
            case name:
                before = name


def take_apart(content: bytes, where: str) -> Any:
    """Read what a pickle says without doing what it says.

    Python's own `pickle` calls whatever functions a file names, so a file from outside could run anything. Here the
    few names that a pickled NumPy array needs stand for themselves, a call of one is a note of that call, and a request
    for anything else is refused by name.

    Returns:
        The value. Text that Python 2 wrote comes as `str` with one character per byte.

    Raises:
        DataError: If the bytes are no pickle, or ask for something that data does not need.
    """
    try:
        _check_steps(content)
        return _Unpickler(BytesIO(content), encoding="latin-1").load()
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    except _UNFIT as error:
        reason = str(error) if type(error) is ValueError else "its steps do not fit together"
        raise DataError(f"{where}: this is no intact pickle ({reason}), expected a CIFAR-10 batch. {REMEDY}") from error


_UNFIT = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError, pickle.UnpicklingError)


def array_bytes(value: Any) -> tuple[tuple[int, ...], bytes] | None:
    """Give shape and bytes of an array of uint8 in row-major order; None if the value is something else."""
    match value:
        case _Call(function=name, arguments=_, state=(_, tuple(shape), dtype, False, raw)) if name == _RECONSTRUCT:
            pass
        case _Call(function=name, arguments=(raw, dtype, tuple(shape), "C")) if name == _FROM_BUFFER:
            pass
        case _:
            return None
    match dtype:
        case _Call(function=name, arguments=("u1" | "|u1" | "uint8", *_)) if name == _DTYPE and all(
            type(side) is int and 0 <= side < 2**32 for side in shape
        ):
            content = _plain_bytes(raw)
            return None if content is None else (shape, content)
        case _:
            return None


def _plain_bytes(value: Any) -> bytes | None:
    """Give bytes, also those that Python 2 wrote as text; None if it is something else."""
    try:
        return value.encode("latin-1") if isinstance(value, str) else bytes(memoryview(value))
    except (UnicodeEncodeError, TypeError):
        return None


def batch_records(content: bytes, where: str, *, records: int) -> bytes:
    """Turn a pickled batch into records, without unpickling it.

    Returns:
        As many records of 3,073 bytes, in the order of the file. Labels above 9 are left for the reader of records.

    Raises:
        DataError: If the file is something else.
    """
    batch = _dictionary(content, where)
    if "labels" not in batch and "fine_labels" in batch:
        raise DataError(f"{where}: this is a batch of CIFAR-100 (it has fine_labels), expected CIFAR-10. {REMEDY}")
    array = array_bytes(batch.get("data"))
    if array is None or array[0] != (records, PIXELS) or len(array[1]) != records * PIXELS:
        found = "no array of bytes" if array is None else f"{len(array[1])} bytes in the shape {array[0]}"
        raise DataError(f"{where}: its data is {found}, expected uint8 in the shape {(records, PIXELS)}. {REMEDY}")
    labels = batch.get("labels")
    if not isinstance(labels, list) or len(labels) != records:
        found = f"{len(labels)} entries" if isinstance(labels, list) else "no list"
        raise DataError(
            f"{where}: labels has {found}, expected one whole number for each of {records} images. {REMEDY}"
        )
    for image, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < 256:
            found = str(label) if type(label) is int and abs(label) < 2**32 else f"a {type(label).__name__}"
            raise DataError(f"{where}: the label of image {image} is {found}, expected 0 to 9. {REMEDY}")
    pixels = np.frombuffer(array[1], np.uint8).reshape(records, PIXELS)
    return np.concatenate([np.array(labels, np.uint8)[:, None], pixels], axis=1).tobytes()


def class_names(content: bytes, where: str) -> tuple[str, ...]:
    """Read the class names from `batches.meta`; nothing where it has none."""
    names = _dictionary(content, where).get("label_names")
    if not isinstance(names, list):
        return ()
    return tuple(name.decode("latin-1") if isinstance(name, bytes) else str(name) for name in names)


def _dictionary(content: bytes, where: str) -> dict[str, Any]:
    batch = take_apart(content, where)
    if not isinstance(batch, dict):
        raise DataError(f"{where}: a pickled {type(batch).__name__} found, expected a batch of CIFAR-10. {REMEDY}")
    return {key if isinstance(key, str) else (_plain_bytes(key) or b"").decode("latin-1"): batch[key] for key in batch}
