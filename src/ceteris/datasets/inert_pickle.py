"""Reads what a pickle says without doing what it says.

Python's own `pickle` calls whatever functions a file names, so a file from outside could run anything. Here the file is
only taken apart (`pickletools.genops` decodes, and executes nothing); where a pickle asks for a call, the request is
the value. A request for anything but the few names that a pickled NumPy array needs is refused by name.
"""

import pickletools
from dataclasses import dataclass
from typing import Any

from ceteris.datasets.records import REMEDY
from ceteris.errors import DataError


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
