"""Who holds a lock: a thread of a process of a machine, and whether it still lives, as far as that can be told here."""

import hashlib
import os
import platform
import re
import secrets
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Holder:
    """A thread that holds locks.

    Attributes:
        started: Clock ticks since its kernel started; 0 where the system does not tell.
        table: Which process table its numbers belong to.
    """

    host: str
    process: int
    thread: int
    started: int
    table: str
    token: str

    @classmethod
    def of(cls, thread: int, host: str, table: str) -> Self:
        """Name a thread of this process."""
        process = os.getpid()
        return cls(host, process, thread, _started(process, thread) or 0, table, secrets.token_hex(6))

    @classmethod
    def read(cls, name: str) -> Self | None:
        """Read a holder from the name of a file; None if it is no holder's."""
        with suppress(ValueError):
            host, process, thread, started, table, token = name.split("~")
            return cls(host, int(process), int(thread), int(started), table, token)
        return None

    @property
    def name(self) -> str:
        """What it is called in names of files."""
        return f"{self.host}~{self.process}~{self.thread}~{self.started}~{self.table}~{self.token}"

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"

    def is_here(self) -> bool:
        """Say whether this process can tell if it lives."""
        return self.table == process_table() and os.name != "nt"

    def has_ended(self) -> bool:
        """Say whether it is certain that it has ended; of another machine it never is."""
        if not self.is_here():
            return False
        # Python lets others go on a moment before the system has ended a thread.
        if self.process == os.getpid() and self.thread not in {one.native_id for one in threading.enumerate()}:
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False  # it is another user's
        return self.started > 0 and _started(self.process, self.thread) not in (self.started, None)


@cache
def process_table() -> str:
    """Name the table that the numbers of this process are of: this start of this kernel, and its part for a container.

    The name of the machine belongs to it because copies of a running machine have the rest in common.
    """
    try:
        facts = Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux
        facts = str(uuid.getnode())
    return hashlib.sha256(f"{platform.node()} {facts}".encode()).hexdigest()[:12]


def host_name() -> str:
    """Say what this machine is called, as names of files may have it."""
    return re.sub(r"[^a-z0-9.-]+", "-", platform.node().lower())[:60] or "unnamed"


def _started(process: int, thread: int) -> int | None:
    """Say when a thread of a living process started; 0 if it has ended, None if the system does not tell."""
    threads = Path(f"/proc/{process}/task")
    try:
        facts = (threads / str(thread) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return 0 if threads.is_dir() else None
    except OSError:
        return None
    return int(facts.rpartition(b")")[2].split()[19])  # field 22, counted from the last bracket: proc(5)
