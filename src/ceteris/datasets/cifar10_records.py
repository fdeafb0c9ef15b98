"""Files of CIFAR-10 as records: a label, then the red, the green and the blue plane; also those that are pickled."""

import hashlib
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ceteris.datasets.dataset import LabelledImages, as_labels, sealed
from ceteris.errors import DataError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
RECORD = 1 + PIXELS
REMEDY = "Replace it, or run `ceteris data fetch` and name no copy to use an intact one."

_CHUNK = 1000


def decode(content: bytes, where: str, *, records: int, classes: int) -> LabelledImages:
    """Turn the records of one file into images, and refuse what is not exactly that.

    Args:
        content: The bytes of the file.
        where: The file, for messages.
        records: How many records there must be.
        classes: Labels must be below this.

    Returns:
        The images in the order of the file, read-only.

    Raises:
        DataError: If the length or a label is wrong.
    """
    if len(content) != records * RECORD:
        raise DataError(f"{where}: {_wrong_length(len(content), records)} {REMEDY}")
    table = np.frombuffer(content, np.uint8).reshape(records, RECORD)
    labels = table[:, 0]
    if wrong := np.flatnonzero(labels >= classes).tolist():
        raise DataError(
            f"{where}: record {wrong[0]} has label {labels[wrong[0]]}, expected 0 to {classes - 1}"
            f"{f' ({len(wrong)} such records)' if len(wrong) > 1 else ''}. {REMEDY}"
        )
    images = np.ascontiguousarray(table[:, 1:].reshape(records, 3, SIDE, SIDE).transpose(0, 2, 3, 1))
    return sealed(LabelledImages(images=images, labels=as_labels(labels)))


def encode(images: LabelledImages) -> Iterator[bytes]:
    """Yield the records of images, a thousand at a time.

    Args:
        images: Of shape (N, 32, 32, 3).
    """
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


@dataclass(frozen=True)
class Name:
    """A function or class that a pickle mentions."""

    module: str
    name: str


@dataclass(eq=False)
class Call:
    """A call that a pickle asks for and nobody makes.

    Attributes:
        function: What would be called.
        arguments: With what.
        state: What the result would be filled with.
    """

    function: Name
    arguments: tuple[Any, ...]
    state: Any = None


RECONSTRUCT = Name("numpy.core.multiarray", "_reconstruct")
FROM_BUFFER = Name("numpy.core.numeric", "_frombuffer")
DTYPE = Name("numpy", "dtype")
ENCODE = Name("_codecs", "encode")
BYTES = Name("__builtin__", "bytes")

_KNOWN = {RECONSTRUCT, FROM_BUFFER, DTYPE, ENCODE, BYTES, Name("numpy", "ndarray")}
_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"}
_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


def take_apart(content: bytes, where: str) -> Any:
    """Decode a pickle into numbers, text, bytes, lists, tuples, dictionaries and `Call`.

    Args:
        content: The bytes of the pickle.
        where: The file, for messages.

    Returns:
        The value. Text that Python 2 wrote comes as `str` with one character per byte.

    Raises:
        DataError: If the bytes are no pickle, or ask for something that data does not need.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for opcode, argument, _ in pickletools.genops(content):
            _apply(opcode.name, argument, stack, memo)
        (value,) = stack
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        reason = str(error) if type(error) is ValueError else "its steps do not fit together"
        raise DataError(f"{where}: this is no intact pickle ({reason}), expected a CIFAR-10 batch. {REMEDY}") from error
    return value


def array_bytes(value: Any) -> tuple[tuple[int, ...], bytes] | None:
    """Give shape and bytes of an array of uint8 in row-major order, or nothing if the value is something else."""
    match value:
        case Call(function=name, arguments=_, state=(_, tuple(shape), dtype, False, raw)) if name == RECONSTRUCT:
            pass
        case Call(function=name, arguments=(raw, dtype, tuple(shape), "C")) if name == FROM_BUFFER:
            pass
        case _:
            return None
    match dtype:
        case Call(function=name, arguments=("u1" | "|u1" | "uint8", *_)) if name == DTYPE and _are_sides(shape):
            content = _plain_bytes(raw)
            return None if content is None else (shape, content)
        case _:
            return None


def _are_sides(shape: tuple[Any, ...]) -> bool:
    return len(shape) <= 4 and all(type(side) is int and 0 <= side < 2**32 for side in shape)


def _plain_bytes(value: Any) -> bytes | None:
    match value:
        case bytes() | bytearray():
            return bytes(value)
        case str():  # Python 2 wrote bytes as text; pickletools gives one character per byte.
            return _one_byte_each(value)
        case _:
            return None


def _one_byte_each(text: str) -> bytes | None:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _apply(opcode: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:  # noqa: C901 - one branch an operation
    match opcode:
        case "PROTO" | "FRAME" | "STOP":
            pass
        case _ if opcode in _NUMBERS | _TEXTS | _BYTES:
            stack.append(argument)
        case _ if opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        case "PUT" | "BINPUT" | "LONG_BINPUT":
            memo[int(argument)] = stack[-1]
        case "MEMOIZE":
            memo[len(memo)] = stack[-1]
        case "GET" | "BINGET" | "LONG_BINGET":
            stack.append(memo[int(argument)])
        case "GLOBAL":
            stack.append(_known(*argument.split(" ", 1)))
        case "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(_known(module, name))
        case "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_called(function, arguments))
        case "BUILD":
            state = stack.pop()
            stack[-1].state = state
        case _:
            _collect(opcode, stack)


def _called(function: Name, arguments: tuple[Any, ...]) -> Any:
    """Give the bytes that Python 3 writes as a call below protocol 3, and any other call as it is."""
    match arguments:
        case (str(text), "latin1") if function == ENCODE and (content := _one_byte_each(text)) is not None:
            return content
        case () if function == BYTES:
            return b""
        case _:
            return Call(function, arguments)


def _collect(opcode: str, stack: list[Any]) -> None:  # noqa: C901 - one branch an operation
    match opcode:
        case "MARK":
            stack.append(_MARK)
        case "EMPTY_LIST":
            stack.append([])
        case "EMPTY_DICT":
            stack.append({})
        case "LIST":
            stack.append(_since_mark(stack))
        case "DICT":
            stack.append(_pairs(_since_mark(stack)))
        case "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        case _ if opcode in _TUPLES:
            size = _TUPLES[opcode]
            stack[-size:] = [tuple(stack[-size:])]
        case "APPEND":
            value = stack.pop()
            stack[-1].append(value)
        case "APPENDS":
            values = _since_mark(stack)
            stack[-1].extend(values)
        case "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1].update(_pairs([key, value]))
        case "SETITEMS":
            values = _since_mark(stack)
            stack[-1].update(_pairs(values))
        case _:
            raise ValueError(f"it uses {opcode}, which no batch needs")


def _known(module: str, name: str) -> Name:
    known = Name(module.replace("numpy._core.", "numpy.core."), name)
    if known not in _KNOWN:
        raise DataError(
            f"the pickle asks for {f'{module}.{name}'!a}, which no CIFAR-10 batch needs; nothing of it was run. "
            "Do not trust this file: delete it, and run `ceteris data fetch` to use an intact copy."
        )
    return known


def _since_mark(stack: list[Any]) -> list[Any]:
    place = len(stack) - 1
    while stack[place] is not _MARK:
        place -= 1
    values = stack[place + 1 :]
    del stack[place:]
    return values


def _pairs(values: list[Any]) -> dict[str, Any]:
    return dict(zip(map(_key, values[::2]), values[1::2], strict=True))


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    content = _plain_bytes(value)
    if content is None:
        raise ValueError("a key of its dictionary is not text")
    return content.decode("latin-1")


def batch_records(content: bytes, where: str, *, records: int) -> bytes:
    """Turn a pickled batch into records, without unpickling it.

    Args:
        content: The bytes of the file.
        where: The file, for messages.
        records: How many images there must be.

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
    return batch
