"""A shard: the part of a study that one of several results folders is for, when they share nothing while they train."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One of several parts of a study.

    Attributes:
        number: Which, from 1.
        total: How many there are.
        digests: Its runs, by the first 16 digits of their digests.
    """

    number: int
    total: int
    digests: tuple[str, ...]

    def __str__(self) -> str:
        return f"shard {self.number} of {self.total}"

    @cached_property
    def _mine(self) -> frozenset[str]:
        return frozenset(self.digests)

    def has(self, run: Run) -> bool:
        """Say whether a run belongs to it."""
        return run.digest[:16] in self._mine

    def part(self, runs: Iterable[Run]) -> tuple[Run, ...]:
        """Give those runs that belong to it, in their order."""
        return tuple(run for run in runs if self.has(run))
