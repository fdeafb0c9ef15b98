"""The folder of this user in which downloads, features and decoded images are kept, and checksums of files in it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from ceteris.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A published file, known by its bytes.

    Attributes:
        name: Its file name.
        size: Its length in bytes.
        sha256: SHA-256 of all its bytes, in hexadecimal.
    """

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
    """Compute the SHA-256 of a file of any size, in hexadecimal.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, archive: Archive) -> bool:
    """Say whether a file is there and is an archive, by all its bytes.

    Raises:
        OSError: If it cannot be read.
    """
    return path.is_file() and path.stat().st_size == archive.size and file_sha256(path) == archive.sha256
