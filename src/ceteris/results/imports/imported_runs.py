"""What is known of somebody else's runs: one value for each, which arm it is of, and how that was read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ceteris.statistics.scores import Ending

Curve = tuple[tuple[float, float], ...]
"""Step and value, by rising step."""


@dataclass(frozen=True, kw_only=True)
class ImportedRun:
    """The final value of one run.

    Attributes:
        variation: Name of its arm, which may be the baseline.
        seed: What tells it from the other runs of its arm, as written; "1", "2", ... in the order of the source where
            that has nothing of the kind.
        value: In the metric's unit as written, but fractions where `ImportedRuns.percent`. Not a number, or an
            infinity, where a diverged run has no other value; not a number where it failed.
        status: `FINISHED`, `DIVERGED`, or `FAILED`, which also stands for a run that has no value yet.
        pair: What it shares with runs of other arms, where the user named a column for that.
        curve: The metric on the way, where the source has steps.
        settings: What else the source says of the run, as text, by column; a run without one lacks the key.
        place: Where it stands in the source, for messages: `line 7`, `run 3f2a`.
    """

    variation: str
    seed: str
    value: float
    status: Ending = Ending.FINISHED
    pair: str | None = None
    curve: Curve = ()
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    place: str = ""

    def __post_init__(self) -> None:
        """Hold that a finished run has a finite value."""
        assert math.isfinite(self.value) or self.status is not Ending.FINISHED, self.place


@dataclass(frozen=True, kw_only=True)
class ImportedRuns:
    """All runs of a source.

    Attributes:
        source: What was read, for people: `runs.csv`, `standard input`.
        metric: What the values are of, as the source names it; `value` where it does not.
        outcomes: In the order of the source; of one arm no two have the same seed.
        taken: What was taken for what, a sentence each.
        notes: What a reader must know before believing a number, a sentence or two each.
        percent: Whether the source has values in per cent, which are fractions here; a user's margin is then in
            percentage points.
        test_images: How many images each value is computed on; None if the source does not state it.
    """

    source: str
    metric: str
    outcomes: tuple[ImportedRun, ...]
    taken: tuple[str, ...]
    notes: tuple[str, ...] = ()
    percent: bool = False
    test_images: int | None = None

    @property
    def variations(self) -> tuple[str, ...]:
        """The names of all arms, in the order of the source."""
        return tuple(dict.fromkeys(outcome.variation for outcome in self.outcomes))


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns the user named, by option; None for those that are to be recognised.

    Attributes:
        variation: `--variation`: the arm of a run.
        seed: `--seed`: what tells runs of an arm apart.
        metric: `--metric`: the values; in a table with one column for each variation or seed, what to call them.
        pair: `--pair`: what runs of different arms share. Nothing is paired without it.
        step: `--step`: the epoch or step of a row, where a run has several; the last one has its value.
    """

    variation: str | None = None
    seed: str | None = None
    metric: str | None = None
    pair: str | None = None
    step: str | None = None
