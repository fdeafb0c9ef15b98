"""Locks between processes and machines that share a folder, also one on a network file system (NFS).

A lock is a file that lies there for good, and its name says who holds it. Every step is the renaming of a file under
its exact old name, which a file server does for one contender and refuses to all others: no lock of the operating
system (`flock`), no clock of another machine and no listing of a folder is relied on. What a listing shows may be old;
then the old name is not there any more, and the step fails.

    holders/HOLDER.17            the sign of life of a holder: a file with the names of its locks, renamed every 10 s
    holders/HOLDER.dead          a holder that gives no sign any more: all its locks are free
    NAME/free, NAME/HOLDER       a lock; nothing else is ever in its folder

    take         the folder of a new lock is made elsewhere with its file inside, and renamed to its place, which fails
                 where there is one; or `free` is renamed to HOLDER
    keep         HOLDER.17 becomes HOLDER.18; a holder that cannot rename it has lost all its locks, and learns it here
    take over    HOLDER.17 becomes HOLDER.dead, by whoever saw it stay HOLDER.17 for 120 seconds of its own clock, while
                 it looked; then each HOLDER becomes `free`. Had it given a sign meanwhile, it would have another name
    release      HOLDER becomes `free`, and the sign of life is removed

A holder is a thread that gives signs: `host~process~thread~started~table~token`, where `started` tells a thread from a
later one with its number, `table` is the process table of a kernel that both belong to, and `token` is random. On that
kernel it is known at once that a holder has ended; the name of a host would not do, because hosts may share it.

Assumptions: renaming is atomic (POSIX; RFC 1813, 3.3.14); an answer of the server that was lost is found out by looking
for the new name; a listing is never older than 120 seconds (the NFS client of Linux keeps one for 60: nfs(5)).
"""

import errno
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ceteris.locks.holder import Holder, host_name, process_table

BEAT_SECONDS = 10.0
"""Between two signs of life."""

STALE_SECONDS = 120.0
"""After this long without a sign, locks are taken over."""

LOOK_SECONDS = 1.0
"""Between two looks at a lock that another holds."""

_FREE, _DEAD, _NEW, _HOLDERS = "free", "dead", "new", "holders"
_ATTEMPTS = 5
_GONE = {errno.ENOENT, errno.ESTALE}
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY}


def _seconds() -> float:
    """Give seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Locks:
    """Locks with names, in a folder that is made when the first is taken.

    Attributes:
        path: The folder.
        beat_seconds: Between two signs of life.
        stale_seconds: After this long without a sign, locks are taken over.
        host: What this machine is called.
        table: Which process table this process is in.
        clock: Seconds of this machine that also pass while it sleeps.
    """

    path: Path
    beat_seconds: float = BEAT_SECONDS
    stale_seconds: float = STALE_SECONDS
    host: str = field(default_factory=host_name)
    table: str = field(default_factory=process_table)
    clock: Callable[[], float] = _seconds

    def take(self, names: Iterable[str]) -> "Claim":
        """Take those locks that are free, or whose holder is known to have ended; it never waits.

        Raises:
            OSError: If the folder cannot be written; then none is held.
        """
        claim = Claim(self)
        try:
            claim.take(tuple(names))
        except BaseException:
            claim.release()
            raise
        return claim

    def wait(self, name: str, *, patience: float = math.inf) -> "Claim | None":
        """Take a lock as soon as it is free, or its holder gives no sign of life; None after `patience` seconds.

        Raises:
            OSError: If the folder cannot be written.
        """
        watch, until = Watch(self), time.monotonic() + patience
        while True:
            holder = self.holder(name)
            if holder is None:
                claim = self.take([name])
                if name in claim:
                    return claim
                claim.release()
            else:
                watch.look(holder, [name])
            if time.monotonic() >= until:
                return None
            time.sleep(min(LOOK_SECONDS, self.beat_seconds))

    def holder(self, name: str) -> Holder | None:
        """Say who holds a lock, and change nothing; None if it is free, or its holder is known to have ended."""
        for entry in _entries(self.path / name):
            holder = Holder.read(entry)
            if holder is not None and not holder.has_ended() and not self.sign(holder, _DEAD).exists():
                return holder
        return None

    def sign(self, holder: Holder, beat: int | str) -> Path:
        """Name the file of a holder's sign of life."""
        return self.path / _HOLDERS / f"{holder.name}.{beat}"

    def signs(self, holder: Holder) -> list[str]:
        """List the signs of a holder: the number of its last one, or `dead`; more where the list is old."""
        found = (entry.rpartition(".") for entry in _entries(self.path / _HOLDERS))
        return [beat for name, _, beat in found if name == holder.name and beat != _NEW]

    def bury(self, holder: Holder, names: Iterable[str]) -> None:
        """Free all locks of a holder that is dead for certain: those that it listed itself, and these."""
        for beat in self.signs(holder):
            if beat != _DEAD:
                _renamed(self.sign(holder, beat), self.sign(holder, _DEAD))
        listed: list[str] = []
        with suppress(FileNotFoundError):
            listed = self.sign(holder, _DEAD).read_text().splitlines()
        for name in dict.fromkeys((*listed, *names)):
            _renamed(self.path / name / holder.name, self.path / name / _FREE)
        shutil.rmtree(self.sign(holder, _NEW), ignore_errors=True)
        self.sign(holder, _DEAD).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Bury the holders of this machine that have ended, and those whose burial was begun."""
        for entry in _entries(self.path / _HOLDERS):
            holder = Holder.read(entry.rpartition(".")[0])
            if holder is not None and (entry.endswith(f".{_DEAD}") or holder.has_ended()):
                self.bury(holder, ())


class Claim:
    """Locks that a thread of this process holds, and gives signs of life for, until they are released.

    Attributes:
        names: The locks that were taken.
        refused: Those that another holds, with who does; None where that cannot be told.
    """

    def __init__(self, locks: Locks) -> None:
        self.names: list[str] = []
        self.refused: dict[str, Holder | None] = {}
        self._locks, self._turn, self._ended = locks, threading.Lock(), threading.Event()
        self._beat, self._given, self._is_lost = -1, locks.clock(), False
        self._thread = threading.Thread(target=self._keep, name="signs of life", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, str(error)) from error
        assert self._thread.native_id is not None
        self.holder = Holder.of(self._thread.native_id, locks.host, locks.table)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self, names: Sequence[str]) -> None:
        """Take those that can be had; once for each claim.

        Raises:
            OSError: If the folder cannot be written.
        """
        first = self._locks.sign(self.holder, 0)
        first.parent.mkdir(parents=True, exist_ok=True)
        with self._turn:
            first.write_text("\n".join(names))
            self._beat, self._given = 0, self._locks.clock()
        for name in names:
            taken, holder = self._take(name)
            if taken:
                self.names.append(name)
            else:
                self.refused[name] = holder

    def is_lost(self) -> bool:
        """Say whether another has taken over, which asks the file system only if the last sign is too long ago.

        Raises:
            OSError: If the file system does not answer that.
        """
        if self._locks.clock() - self._given > 2 * self._locks.beat_seconds:
            self._give_sign()
        return self._is_lost

    def confirm(self) -> bool:
        """Give a sign of life now, and say whether the locks are still held: right before what only a holder may do.

        Raises:
            OSError: If the file system does not answer that.
        """
        self._give_sign()
        return not self._is_lost

    def release(self) -> None:
        """Let others have the locks. Should that fail, they are free here all the same: their thread has ended."""
        self._ended.set()
        self._thread.join()
        with suppress(OSError):
            for name in self.names:
                place = self._locks.path / name
                _renamed(place / self.holder.name, place / _FREE)
            self._locks.sign(self.holder, self._beat).unlink(missing_ok=True)

    def _take(self, name: str) -> tuple[bool, Holder | None]:
        place, holder = self._locks.path / name, None
        mine = place / self.holder.name
        for _ in range(_ATTEMPTS):
            entries = _entries(place)
            if (not entries and self._lay(place)) or (_FREE in entries and _renamed(place / _FREE, mine)):
                return True, None
            for other in filter(None, map(Holder.read, entries)):
                if other.has_ended() or _DEAD in self._locks.signs(other):
                    self._locks.bury(other, [name])
                else:
                    holder = other
            if holder is not None:
                break
        return False, holder

    def _lay(self, place: Path) -> bool:
        """Put a new lock, held by this claim, into its place, unless there is one."""
        new = self._locks.sign(self.holder, _NEW)
        try:
            new.mkdir()
            (new / self.holder.name).touch()
            new.rename(place)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            if error.errno in _TAKEN | _GONE:
                return (place / self.holder.name).exists()
            raise
        return True

    def _keep(self) -> None:
        while not (self._is_lost or self._ended.wait(self._locks.beat_seconds)):
            with suppress(OSError):  # the server may be away for a while: the next sign tells
                self._give_sign()

    def _give_sign(self) -> None:
        with self._turn:
            if self._beat < 0:
                return
            now = self._locks.clock()
            next_sign = self._locks.sign(self.holder, self._beat + 1)
            self._is_lost = self._is_lost or not _renamed(self._locks.sign(self.holder, self._beat), next_sign)
            if not self._is_lost:
                self._beat, self._given = self._beat + 1, now


@dataclass
class Watch:
    """Finds out which holders give no sign of life, by this process's own clock.

    Only time in which it looked counts: a machine that slept, or waited for its file server, has seen nothing.

    Attributes:
        locks: Theirs.
        clock: Seconds of this process.
    """

    locks: Locks
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Holder, "_Seen"] = field(default_factory=dict)

    def look(self, holder: Holder, names: Iterable[str]) -> bool | None:
        """Look at a holder again; if it is dead, free its locks, and these that it is known to hold.

        Returns:
            Whether it lives; None if it has given no sign since the first look, and not for long enough.

        Raises:
            OSError: If the folder cannot be read or written.
        """
        if holder.has_ended():
            self.locks.bury(holder, names)
            return False
        if holder.is_here():
            return True
        signs, now = self.locks.signs(holder), self.clock()
        before = self._seen.get(holder)
        is_new = before is None or (signs != before.signs and bool(signs))
        silent = 0.0 if before is None or is_new else before.silent + min(now - before.at, 2 * LOOK_SECONDS)
        self._seen[holder] = _Seen(signs=signs, at=now, silent=silent)
        if _DEAD not in signs:
            if is_new:
                return None if before is None else True
            if silent < self.locks.stale_seconds:
                return None
            killed = [one for one in signs if _renamed(self.locks.sign(holder, one), self.locks.sign(holder, _DEAD))]
            if signs and not killed:
                return None  # it has given another sign, which this list does not show yet
        self.locks.bury(holder, names)
        return False


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a look at a holder showed, when, and for how long it had given no sign then."""

    signs: list[str]
    at: float
    silent: float


def _entries(folder: Path) -> list[str]:
    """List the names in a folder; none if it is not there."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted
    except OSError as error:
        if error.errno not in _GONE | {errno.ENOTDIR}:
            raise
        return []


def _renamed(old: Path, new: Path) -> bool:
    """Rename a file; say whether it was there, and so whether this process is the one that did it."""
    try:
        old.rename(new)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return new.exists()  # a file server that did it may have been asked twice, because its answer was lost
    return True
