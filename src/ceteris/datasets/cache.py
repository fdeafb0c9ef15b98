"""The folder of this user in which downloads, features and decoded images are kept, and checksums of files in it."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from ceteris.errors import DataError, reason
from ceteris.formatting.wording import byte_count

ELSEWHERE = "Make room or allow writing there, or choose another folder with XDG_CACHE_HOME."


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A published file, known by its length in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


def cache_folder() -> Path:
    """Say where downloads are kept: `ceteris` under `XDG_CACHE_HOME`, or where the system keeps caches.

    Raises:
        DataError: If that cannot be known, because there is no home directory.
    """
    try:
        return user_cache_path("ceteris", appauthor=False)
    except RuntimeError:
        raise DataError(
            "there is no home directory, and so no cache for downloads and decoded images. Set XDG_CACHE_HOME to a "
            "folder that you may write."
        ) from None


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file of any size, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, archive: Archive) -> bool:
    """Say whether a file is there and is an archive, by all its bytes."""
    return path.is_file() and path.stat().st_size == archive.size and file_sha256(path) == archive.sha256


@contextmanager
def keeping(folder: Path, what: str, needed: int, *, advice: str = ELSEWHERE) -> Iterator[None]:
    """Turn what the disk says into a `DataError` that names the folder, what was to be kept there and its size."""
    try:
        yield
    except OSError as error:
        size = f", {byte_count(needed)} are needed" if needed else ""
        raise DataError(f"{folder}: {what} cannot be kept here ({reason(error)}){size}. {advice}") from error


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name, durably."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def empty(folder: Path) -> None:
    """Delete a folder of the cache and all in it, if it is there."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be cleared ({reason(error)}). Check its permissions.") from error
