"""How packed batches share the cores of a machine, and so how long they take together."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ceteris.execution.packing import PackedBatch


def cores_of_each(cores: int, working: int) -> int:
    """Say how many cores each of the packed batches in training has: all have as many, whatever is left over.

    Example:
        >>> [cores_of_each(8, working) for working in (1, 2, 3, 9)]
        [8, 4, 2, 1]
    """
    return max(1, cores // max(1, working))


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A packed batch trained for some seconds on as many cores as it had, before another one began or ended."""

    batch: PackedBatch
    cores: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Course:
    """How training goes: the seconds that it takes in all, and what is done in them."""

    seconds: float
    stretches: tuple[Stretch, ...]


def course_of(batches: Sequence[PackedBatch], cores: int, cost: Callable[[PackedBatch, int], float]) -> Course:
    """Go through the training of packed batches, the longest first, as `LocalExecutor` does it.

    Args:
        batches: The longest first.
        cores: That they share.
        cost: Gives the seconds that a packed batch takes on so many cores, above 0.
    """
    waiting, working = deque(batches), list[tuple[PackedBatch, float]]()  # the latter with the share that is left
    seconds = 0.0
    stretches: list[Stretch] = []
    while waiting or working:
        while waiting and len(working) < cores:
            working.append((waiting.popleft(), 1.0))
        each = cores_of_each(cores, len(working))
        ends = [left * cost(batch, each) for batch, left in working]
        passed = min(ends)
        seconds += passed
        stretches += [Stretch(batch=batch, cores=each, seconds=passed) for batch, _ in working]
        working = [
            (batch, left * (1 - passed / end)) for (batch, left), end in zip(working, ends, strict=True) if end > passed
        ]
    return Course(seconds=seconds, stretches=tuple(stretches))
