"""The wire format of protocol buffers, as far as the logs of experiment trackers need it: fields by number."""

from collections.abc import Iterator

import numpy as np

from ceteris.checksummed import DamagedError

Field = int | bytes
"""A varint, or the bytes of anything else: 8 or 4 of a number, all of a text or message."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 70  # Bits; 64 are used.


def fields(message: bytes) -> Iterator[tuple[int, Field]]:
    """Give the number and the content of each field of a message, in order.

    Raises:
        DamagedError: If it is not one.

    Example:
        >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
        [(1, 150), (2, b'hi')]
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == _BYTES:
            length, place = _varint(message, place)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise DamagedError("has a field of an unknown kind")
        if place + length > len(message):
            raise DamagedError("has a field that is cut short")
        yield number, message[place : place + length]
        place += length


def last(message: bytes, number: int) -> Field | None:
    """Give the last field of a number, which counts where one is expected; None if there is none."""
    found = [content for field, content in fields(message) if field == number]
    return found[-1] if found else None


def part(message: bytes, number: int) -> bytes:
    """Give the bytes of a field; empty if there is none."""
    content = last(message, number)
    return content if isinstance(content, bytes) else b""


def text(content: Field | None) -> str:
    """Give the text of a field; what is not UTF-8 is replaced."""
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def signed(content: Field | None) -> int:
    """Give an integer of 64 bits, which may be negative; 0, which is never written, if there is none."""
    value = content if isinstance(content, int) else 0
    return value - (1 << 64) if value >= 1 << 63 else value


def real(content: Field | None) -> float:
    """Give a float of 4 or 8 bytes; 0, which is never written, if there is none.

    One of 4 bytes becomes the number with the fewest digits that it stands for, as an accuracy of 0.4461 was written.

    Example:
        >>> import struct
        >>> real(struct.pack("<f", 0.4461)), struct.unpack("<f", struct.pack("<f", 0.4461))[0]
        (0.4461, 0.44609999656677246)
    """
    if not isinstance(content, bytes) or len(content) not in (4, 8):
        return 0.0
    return float(str(np.frombuffer(content, "<f8" if len(content) == 8 else "<f4")[0]))


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < _LONGEST_VARINT:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise DamagedError("has a number that is cut short")
