"""Processor cores, memory and devices: what there is here, with the limits of containers, and what training takes."""

import functools
import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

WORKER = "worker "
"""How the names of threads begin that train on a core; who ends the process while they do must know them."""
_ROOT = Path("/")


@dataclass(frozen=True, kw_only=True)
class Cores:
    """How many processor cores there are to train on.

    Attributes:
        limit: What keeps the process from more, in words; empty if nothing does.
    """

    count: int
    limit: str = ""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How many bytes the process can still take, and what sets that bound, in words."""

    free: int
    limit: str


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a packed batch takes while it trains.

    Attributes:
        memory: Bytes, besides the images that all packed batches share.
        cores: Processor cores that it keeps busy.
        most_cores: As many as it can use where there are more, with the same results.
        device: Where it computes, as `torch.device` names it.
        gpu_share: Of the GPU that it computes on, if it does.
    """

    memory: int
    cores: int = 1
    most_cores: int = 1
    device: str = "cpu"
    gpu_share: float = 1.0

    @property
    def gpus(self) -> float:
        """How much of a GPU it takes; 0 on a processor."""
        return 0.0 if self.device == "cpu" else self.gpu_share


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What an executor has for packed batches.

    Attributes:
        cores: Processor cores, at least 1: that many packed batches that take one core train side by side.
        memory: What all packed batches together may take; None if that is not known.
        devices: Where they may compute, as `torch.device` names it; None if that is not known beforehand.
    """

    cores: int
    memory: Memory | None = None
    devices: frozenset[str] | None = None


def available_cores() -> int:
    """Count the processor cores that this process may use; a CPU quota is rounded up to whole cores."""
    return cores().count


def cores(root: Path = _ROOT) -> Cores:
    """Count the processor cores that this process may use, and say what limits them."""
    machine = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine
    quota = min((quota for folder in _groups("cpu", root) if (quota := _quota(folder)) is not None), default=math.inf)
    if quota < allowed:
        return Cores(count=max(1, math.ceil(quota)), limit=f"a CPU quota of {quota:g} of {machine} cores")
    if allowed < machine:
        return Cores(count=allowed, limit=f"a CPU affinity of {allowed} of {machine} cores")
    return Cores(count=machine)


def free_memory(root: Path = _ROOT) -> Memory | None:
    """Say how much memory the process can still take before a limit, or the end of what the machine has.

    Counted are what the system calls available, the limits of all control groups that the process is in (memory of
    files that can be given up counts as free), and its own limits of address space and data (`ulimit`). Swap space is
    not counted: whoever trains in it waits.

    Returns:
        The tightest; None where the system tells none of them.
    """
    found = [*_machine_memory(root), *_group_memory(root), *_own_limits(root)]
    return min(found, key=lambda one: one.free, default=None)


def _machine_memory(root: Path) -> Iterator[Memory]:
    available = _table(root / "proc/meminfo").get("MemAvailable")
    if available is not None:
        yield Memory(free=1024 * available, limit="on this machine")
        return
    with suppress(AttributeError, ValueError, OSError):  # macOS tells the whole only, Windows nothing
        yield Memory(free=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), limit="on this machine")


def _group_memory(root: Path) -> Iterator[Memory]:
    for folder in _groups("memory", root):
        for limit, usage, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, used = _number(folder / limit), _number(folder / usage)
            if most is not None and used is not None:
                used -= _table(folder / "memory.stat").get(cache, 0)
                yield Memory(free=max(0, most - max(0, used)), limit="under the memory limit of this container")


def _own_limits(root: Path) -> Iterator[Memory]:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    used = _table(root / "proc/self/status")
    for kind, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        most = resource.getrlimit(kind)[0]
        if most != resource.RLIM_INFINITY:
            yield Memory(free=max(0, most - 1024 * used.get(name, 0)), limit="under this process's own limit (ulimit)")


def _quota(folder: Path) -> float | None:
    """Read how many cores a control group may use on average; None if as many as there are."""
    words = _text(folder / "cpu.max").split()
    if len(words) == 2:  # version 2: quota and period in microseconds
        quota, period = (int(word) if word.isdigit() else None for word in words)
    else:
        quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return quota / period if quota is not None and quota > 0 and period else None


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Give the folders of the control groups that the process is in, from its own up to the outermost that is seen.

    Each may have a limit, and all of them hold. Version 2 has one tree for all controllers, version 1 one for each.
    """
    own = dict(_memberships(root))
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        facts, kind = before.split(), after.split()
        if len(facts) < 5 or len(kind) < 3 or kind[0] not in {"cgroup", "cgroup2"}:
            continue
        if kind[0] == "cgroup" and controller not in kind[2].split(","):
            continue
        path = own.get("" if kind[0] == "cgroup2" else controller)
        if path is None:
            continue
        mount = root / facts[4].replace("\\040", " ").lstrip("/")
        # In a container the tree may be mounted from the container's own group on, under a path that begins further up.
        inside = path.relative_to(facts[3]) if path.is_relative_to(facts[3]) else PurePosixPath()
        folder = mount.joinpath(*(part for part in inside.parts if part not in {"/", ".."}))
        yield folder
        while folder != mount:
            folder = folder.parent
            yield folder


def _memberships(root: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """Give the process's group by controller; the name of version 2's is empty."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        for controller in controllers.split(","):
            yield controller, PurePosixPath(path or "/")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    """Read a number; None if there is none, as where it says `max`."""
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _table(path: Path) -> dict[str, int]:
    """Read lines of a name and a number, with or without a colon between them."""
    lines = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) >= 2 and line[1].isdigit()}


@functools.cache
def processor_fact(name: str) -> str:
    """Give what Linux says of the first processor under a name: `model name`, `flags`; empty where it says nothing.

    Example:
        >>> processor_fact("no such name")
        ''
    """
    try:
        lines = (_ROOT / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), "")
