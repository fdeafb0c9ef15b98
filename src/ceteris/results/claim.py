"""A claim on a run, so that two commands on one folder never train the same run at the same time.

A claim is a lock of the operating system on an empty file: it ends with the process that holds it, however that ends,
so that nothing stale is left to be cleared by hand. The file itself stays; deleting it could give two holders one name.
"""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ceteris.results.atomic import explained, make_folder


@dataclass(frozen=True)
class Claim:
    """The right to write one run, or one folder's own files, until it is released or the process ends."""

    lock: FileLock

    def release(self) -> None:
        """Let others have it."""
        self.lock.release()


def claim(file: Path, *, patience: float = 0.0) -> Claim | None:
    """Try to get the claim that a file stands for.

    Args:
        file: An empty file, made if need be.
        patience: Seconds to wait for another holder; 0 to ask once.

    Returns:
        The claim, or None if another holds it.

    Raises:
        ResultsError: If the file cannot be made.
    """
    make_folder(file.parent)
    # thread_local=False: a generator that holds claims may be closed by another thread than the one that ran it.
    lock = FileLock(file, thread_local=False)
    with explained(file.parent, f"lock {file.name}", needed=0):
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            return None
    return Claim(lock)


def is_held(file: Path) -> bool:
    """Say whether another holds the claim now, without making any file; unreadable means no."""
    if not file.exists():
        return False
    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
