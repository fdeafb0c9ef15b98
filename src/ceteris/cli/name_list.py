"""A list of names of images, one a line, as other programs write it."""

import codecs
import os
import re
from dataclasses import dataclass

from ceteris.errors import DataError

_ENCODINGS = {
    # UTF-32 first: its mark begins like that of UTF-16.
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, kw_only=True)
class NameList:
    """What a list says.

    Attributes:
        names: As the file system writes them, also where they are no text.
        notes: What must be known of the list, one sentence each.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_name_list(content: bytes, where: str) -> NameList:
    """Read names of images, one a line; empty lines are skipped, and a byte order mark is no part of the first name.

    Args:
        content: The whole list, in UTF-8 or in the bytes of the file system.
        where: The list, for messages.

    Raises:
        DataError: If it is in another encoding, or no list at all.
    """
    encoding = next((name for mark, name in _ENCODINGS.items() if content.startswith(mark)), "")
    if encoding:
        raise DataError(f"{where} is written in {encoding}, expected UTF-8 with one name a line. Save it as UTF-8.")
    if b"\0" in content:
        raise DataError(
            f"{where} holds zero bytes, as UTF-16 does and lists whose names end in them; expected UTF-8 with one name "
            "a line. Save it so."
        )
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    names = tuple(line for line in re.split(r"[\r\n]+", text) if line)
    strange = [name for name in names if not _is_text(name) and not os.path.lexists(name)]
    if not strange:
        return NameList(names=names)
    count = "1 name" if len(strange) == 1 else f"{len(strange):,} names"
    return NameList(
        names=names,
        notes=(f"{where} is not in UTF-8: {count} in it, taken byte for byte, cannot be found. Save it as UTF-8.",),
    )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
