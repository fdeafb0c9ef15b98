"""What is directly inside one folder of a user's, and what to say where it cannot be listed."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.decoding import shown
from ceteris.datasets.leftovers import is_leftover, is_written_by_ceteris
from ceteris.datasets.part_names import composed
from ceteris.errors import DataError
from ceteris.formatting.wording import listed, nearest

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is in one folder, in an order that is the same on every machine; hidden and system files are left out.

    Attributes:
        folders: Names of folders.
        files: Names of all else.
        written: Names of folders that hold results or exports of ceteris.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]
    written: tuple[str, ...]


def list_entries(path: Path) -> Entries:
    """List a folder.

    Raises:
        DataError: If it is none, or cannot be listed.
    """
    folders: list[str] = []
    files: list[str] = []
    written: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if is_leftover(entry.name):
                    continue
                if not _is_folder(entry):
                    files.append(entry.name)
                else:
                    (written if _is_ours(Path(entry.path)) else folders).append(entry.name)
    except (OSError, ValueError) as error:
        raise DataError(_no_folder(path, error)) from None
    if "study.json" in files and "runs" in folders:  # results in the folder itself
        folders.remove("runs")
        written.append("runs")
    return Entries(
        folders=tuple(sorted(folders, key=os.fsencode)),
        files=tuple(sorted(files, key=os.fsencode)),
        written=tuple(sorted(written, key=os.fsencode)),
    )


def some(names: Iterable[str]) -> str:
    """Name a few: `'a', 'b' and 3 more`."""
    quoted = [f"'{shown(name)}'" for name in names]
    if len(quoted) > _SHOWN:
        quoted = [*quoted[:_SHOWN], f"{len(quoted) - _SHOWN:,} more"]
    return listed(quoted)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Tell a folder from all else: links that lead to themselves, and what may not be looked at, are no folders."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_ours(folder: Path) -> bool:
    """Say whether ceteris wrote a folder; what cannot be opened is the user's."""
    try:
        return is_written_by_ceteris(folder)
    except OSError:
        return False


def _no_folder(path: Path, error: OSError | ValueError) -> str:
    where = shown(path)
    if isinstance(error, NotADirectoryError):
        return f"{where} is a file, expected a folder with a folder of images for each class."
    if isinstance(error, FileNotFoundError):
        names: list[str] = []
        with suppress(OSError):
            names = [entry.name for entry in path.parent.iterdir() if entry.is_dir()]
        same = next((name for name in names if composed(name) == composed(path.name)), None)
        if same is not None:
            return (
                f"{where}: there is no such folder, but one whose name reads the same and differs in how Unicode "
                "composes the letters. Rename it, or copy its name from a listing of the folder above."
            )
        close = nearest(path.name, names)
        nothing = "Check the path; a study's is seen from its file."
        end = f"Did you mean {shown(path.parent / close)}?" if close else nothing
        return f"{where}: there is no such folder. {end}"
    reason = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else str(error)
    what = "its permissions" if isinstance(error, PermissionError) else "the path"
    return f"{where} cannot be read: {reason}. Check {what}."
