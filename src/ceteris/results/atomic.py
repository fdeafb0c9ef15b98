"""Files written so that a reader, and a run after a power cut, sees the old content or the new.

Content goes to a temporary name in the same folder, is flushed to the disk, and takes its place by renaming; then the
folder is flushed too (Pillai et al. 2014, "All File Systems Are Not Created Equal").
"""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ceteris.errors import ResultsError, reason

PARTIAL = ".partial"
"""How the name of a file ends that is not complete; a leftover of a killed process, and safe to delete."""

_KEPT = 50
"""Characters of a file's name in that of its partial: file systems take 255 bytes, and a character may take 4."""

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_atomically(path: Path, content: bytes) -> None:
    """Put content in place of what a file held, all of it or none.

    Raises:
        ResultsError: If the disk is full, the folder is read-only, or the disk reports an error. What the file held
            before is still there, unless only the last step failed, which makes the renaming durable.
    """
    write_together(path.parent, {path.name: content})


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write several files of a folder, each of them all or not at all.

    All are written before the first is flushed, so that the disk does most of its work once.

    Raises:
        ResultsError: As `write_atomically`; some of the files may be new then, and others old.
    """
    temporary = {name: folder / f".{name[:_KEPT]}.{secrets.token_hex(4)}{PARTIAL}" for name in contents}
    try:
        for name, content in contents.items():
            with explained(folder, f"write {name}", needed=len(content)):
                _write(temporary[name], content)
        for name, content in contents.items():
            with explained(folder, f"write {name}", needed=len(content)):
                _flush(temporary[name])
        for name, content in contents.items():
            with explained(folder, f"write {name}", needed=len(content)):
                os.replace(temporary[name], folder / name)  # noqa: PTH105 - the tests fail this very call
    except BaseException:
        for leftover in temporary.values():
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
        raise
    with explained(folder, f"write {', '.join(contents)}", needed=0):
        _flush(folder)


def make_folder(path: Path) -> None:
    """Create a folder and those above it, durably, where they do not exist."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    with explained(path, "create the folder", needed=0):
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            _flush(folder.parent)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def remove(path: Path) -> None:
    """Delete a file, durably, if it is there."""
    with explained(path.parent, f"remove {path.name}", needed=0):
        if path.exists():
            path.unlink(missing_ok=True)
            _flush(path.parent)


def move(path: Path, destination: Path) -> None:
    """Rename a file or folder, durably; nothing exists at the destination yet, but its folder does."""
    with explained(path.parent, f"move {path.name} to {destination.parent}", needed=0):
        path.rename(destination)
        _flush(destination.parent)
        _flush(path.parent)


def look_again(folder: Path) -> None:
    """Have this machine see what others have written into a folder; it is made if it is not there.

    On a network file system a name that was missing a minute ago may still seem so. Making a folder asks the server,
    and so does setting its time; the answer shows that the folder has changed, and what was known of it is forgotten.
    """
    make_folder(folder)
    with explained(folder, "write", needed=0):
        os.utime(folder)


def clear_partials(folder: Path) -> None:
    """Delete what writers that were killed left in a folder; only for one who knows that nobody writes there now."""
    for leftover in folder.glob(f".*{PARTIAL}"):
        remove(leftover)


@contextmanager
def explained(folder: Path, doing: str, *, needed: int) -> Iterator[None]:
    """Turn an `OSError` into a `ResultsError` that says where, what was tried (`write result.json`), what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            size = f", which takes {needed:,} bytes" if needed else ""
            found = f"{_FULL[error.errno]}: cannot {doing}{size}"
            advice = "Free some space there and run the same command again; what was complete is kept."
        elif error.errno in _FORBIDDEN:
            found = f"cannot {doing}: {reason(error)}"
            advice = (
                "Choose a folder that you may read and write, or change its permissions; what was complete is kept."
            )
        else:
            found = f"cannot {doing}: {reason(error)}"
            advice = "Check the folder and its disk, then run the same command again; what was complete is kept."
        raise ResultsError(f"{folder}: {found}. {advice}") from error


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; Windows cannot do that for a folder."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
