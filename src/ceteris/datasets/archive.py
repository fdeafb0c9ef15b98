"""Reads the few files that are wanted out of a tar archive, in memory, without extracting anything."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from ceteris.datasets.records import REMEDY
from ceteris.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"

_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_BLOCK = 1 << 20
_DISTRUST = "Do not trust this archive: delete it, and run `ceteris data fetch` to use an intact one."


@dataclass(frozen=True, kw_only=True)
class Members:
    """What was found in an archive.

    Attributes:
        wanted: The contents of the wanted files that are there, under the names that were asked for.
        others: The names of the other files, as the archive gives them.
    """

    wanted: Mapping[str, bytes]
    others: tuple[str, ...]


def read_members(path: Path, wanted: Mapping[str, int], *, limit: int) -> Members:
    """Read files of an archive by name, in whatever folder of the archive they lie.

    Files of other names are passed over. The archive is read to its end even when all is found, because only there
    does gzip say whether the bytes are intact.

    Args:
        path: A `.tar.gz` or `.tar` file.
        wanted: File names without folders, each with the most bytes it may have.
        limit: The most bytes that the whole archive may unpack to.

    Raises:
        DataError: If the file is no intact archive, or a member is a link, a device, outside its folder, too large or
            there twice.
    """
    try:
        with ExitStack() as stack:
            file: IO[bytes] = stack.enter_context(path.open("rb"))
            head = file.read(512)
            file.seek(0)
            if head.startswith(GZIP_MAGIC):
                file = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=file)))
            elif not head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
                raise DataError(f"{path}: {kind_of(head)}, expected a .tar.gz archive of CIFAR-10. {REMEDY}")
            return _read(path, _Capped(file, path, limit), wanted)
    except (EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: the archive is damaged or cut short ({error}). {REMEDY}") from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}). Check the file and its permissions."
        ) from error


def kind_of(head: bytes) -> str:
    """Say what a file is that should have been an archive, from its first bytes.

    Example:
        >>> kind_of(b"<!DOCTYPE html><title>503 Service Unavailable</title>")
        'a web page'
    """
    if not head:
        return "an empty file"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page"
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive"
    return "no archive"


class _Capped:
    """Unpacked bytes, up to a limit that no copy of CIFAR-10 reaches: a small archive may unpack to terabytes."""

    def __init__(self, file: IO[bytes], path: Path, limit: int) -> None:
        self._file, self._path, self._limit, self._left = file, path, limit, limit

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DataError(
                f"{self._path}: unpacks to more than {self._limit} bytes, which CIFAR-10 never does. {_DISTRUST}"
            )
        return content


def _read(path: Path, unpacked: _Capped, wanted: Mapping[str, int]) -> Members:
    found: dict[str, bytes] = {}
    others: list[str] = []
    with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r|", bufsize=_BLOCK) as archive:
        for member in archive:
            place = PurePosixPath(member.name)
            where = f"{path}: member {member.name[:100]!a}"
            if place.is_absolute() or ".." in place.parts:
                raise DataError(f"{where} points outside the archive's own folder. {_DISTRUST}")
            if member.isdir():
                continue
            if not member.isreg():
                raise DataError(f"{where} is {_kind(member)}, expected plain files only. {_DISTRUST}")
            if place.name not in wanted:
                others.append(member.name)
                continue
            if place.name in found:
                raise DataError(f"{where} is the second file of that name, expected one. {_DISTRUST}")
            if member.size > wanted[place.name]:
                raise DataError(f"{where} has {member.size} bytes, expected at most {wanted[place.name]}. {REMEDY}")
            found[place.name] = cast("IO[bytes]", archive.extractfile(member)).read()  # None only for what is no file
    while unpacked.read(_BLOCK):
        pass
    return Members(wanted=found, others=tuple(others))


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "a link"
    return "a device or pipe" if member.isdev() else "not a plain file"
