"""What the user gave to be read, and a way to read it: the seam that every kind of source stands behind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ceteris.errors import ResultsError, reason
from ceteris.results.imports.table import Table

_HEAD = 4096


@dataclass(frozen=True)
class Given:
    """A file, a folder, or the whole of standard input.

    Attributes:
        name: What it is called in messages.
        path: None for standard input.
        piped: What standard input holds.
    """

    name: str
    path: Path | None = None
    piped: bytes = b""

    @property
    def folder(self) -> Path | None:
        """The path, if it is that of a folder."""
        return self.path if self.path is not None and self.path.is_dir() else None

    @cached_property
    def head(self) -> bytes:
        """The first 4096 bytes of a file; of a folder none.

        Raises:
            ResultsError: If the file cannot be read.
        """
        if self.path is None:
            return self.piped[:_HEAD]
        return b"" if self.path.is_dir() else read_bytes(self.path, _HEAD)

    def content(self) -> bytes:
        """Read all of a file.

        Raises:
            ResultsError: If it cannot be read.
        """
        return self.piped if self.path is None else read_bytes(self.path)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """Read a file, or its first bytes.

    Raises:
        ResultsError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise ResultsError(f"{path}: it cannot be read: {reason(error)}. Give the path of a file or folder.") from None


@dataclass(frozen=True, kw_only=True)
class ImportKind:
    """A kind of source.

    Attributes:
        name: As an option takes it, for example `csv`.
        fits: Says whether what was given is of this kind.
        table: Makes a table of it. It raises `ResultsError` if it is damaged or not of this kind after all.
    """

    name: str
    fits: Callable[[Given], bool]
    table: Callable[[Given], Table]
