"""Reads files of a `.tar.gz` archive from outside by their names; nothing is ever extracted to the disk."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, cast

from ceteris.datasets.file_kinds import GZIP_MAGIC, kind_of
from ceteris.errors import DataError, reason

_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_BLOCK = 1 << 20


def read_members(
    path: Path, wanted: Mapping[str, int], *, limit: int, what: str, fetch: str
) -> tuple[dict[str, bytes], list[str]]:
    """Read files of a `.tar.gz` or `.tar` archive by name, in whatever folder of the archive they lie.

    Files of other names are passed over. The archive is read to its end even when all is found, because only there
    does gzip say whether the bytes are intact.

    Args:
        path: The archive.
        wanted: File names without folders, each with the most bytes it may have.
        limit: The most bytes that the whole archive may unpack to.
        what: The data set, for messages.
        fetch: The command that downloads an intact archive.

    Returns:
        The contents of the wanted files that are there, and the names of all others.

    Raises:
        DataError: If the file is no intact archive, or a member is a link, a device, outside its folder, too large or
            there twice.
    """
    remedy = f"Replace it, or run `{fetch}` and name no copy to use an intact one."
    distrust = f"Do not trust this archive: delete it, and run `{fetch}` to use an intact one."
    try:
        with ExitStack() as stack:
            file: IO[bytes] = stack.enter_context(path.open("rb"))
            head = file.read(512)
            file.seek(0)
            if head.startswith(GZIP_MAGIC):
                file = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=file)))
            elif not head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
                raise DataError(f"{path}: {kind_of(head)}, expected a .tar.gz archive of {what}. {remedy}")
            return _read(
                path,
                _Capped(
                    file, limit, f"{path}: unpacks to more than {limit} bytes, which {what} never does. {distrust}"
                ),
                wanted,
                remedy,
                distrust,
            )
    except (EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: the archive is damaged or cut short ({error}). {remedy}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)}). Check the file and its permissions.") from error


class _Capped:
    """Unpacked bytes, up to a limit that no copy reaches: a small archive may unpack to terabytes."""

    def __init__(self, file: IO[bytes], limit: int, refusal: str) -> None:
        self._file, self._left, self._refusal = file, limit, refusal

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise DataError(self._refusal)
        return content


def _read(
    path: Path, unpacked: _Capped, wanted: Mapping[str, int], remedy: str, distrust: str
) -> tuple[dict[str, bytes], list[str]]:
    found: dict[str, bytes] = {}
    others: list[str] = []
    with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r|", bufsize=_BLOCK) as archive:
        for member in archive:
            place = PurePosixPath(member.name)
            where = f"{path}: member {member.name[:100]!a}"
            if place.is_absolute() or ".." in place.parts:
                raise DataError(f"{where} points outside the archive's own folder. {distrust}")
            if member.isdir():
                continue
            if not member.isreg():
                raise DataError(f"{where} is {_kind(member)}, expected plain files only. {distrust}")
            if place.name not in wanted:
                others.append(member.name)
                continue
            if place.name in found:
                raise DataError(f"{where} is the second file of that name, expected one. {distrust}")
            if member.size > wanted[place.name]:
                raise DataError(f"{where} has {member.size} bytes, expected at most {wanted[place.name]}. {remedy}")
            found[place.name] = cast("IO[bytes]", archive.extractfile(member)).read()  # None only for what is no file
    while unpacked.read(_BLOCK):
        pass
    return found, others


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "a link"
    return "a device or pipe" if member.isdev() else "not a plain file"
