"""Crossed factors as they came out: the cells of each cross, its main effects and its interactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.statistics.factorial import Effect, combination, factorial_effects, marginal
from ceteris.statistics.interval import Estimate, Floats
from ceteris.statistics.scores import ArmScores, Ending
from ceteris.study.cross import Cross, Levels, cells
from ceteris.study.run import Arm


@dataclass(frozen=True, kw_only=True)
class FactorialCell:
    """One combination of levels.

    Attributes:
        arm: The arm that has it: the baseline, a variation, or an arm of the cross alone.
        runs: How many runs came to their end.
        planned: How many there were to be.
        learned: How many of those at their end did better than chance; they are what effects rest on.
        accuracy: Mean test accuracy of the runs that learned, with its own interval; None where there is none.
    """

    arm: str
    runs: int
    planned: int
    learned: int
    accuracy: Estimate | None

    @property
    def collapsed(self) -> int:
        """How many diverged, or ended no better than chance."""
        return self.runs - self.learned


@dataclass(frozen=True, kw_only=True, eq=False)
class Factorial:
    """A cross with its results.

    Attributes:
        cross: As it was declared.
        cells: By the level of each factor, 0 for the baseline's.
        scores: Test accuracy of the runs that learned, not-a-number elsewhere. Shape (seeds, levels, levels, ...).
        effects: Main effects and two-factor interactions, one family of tests.
        level: With which all intervals of the effects cover the truth, and each interval of a mean does.
    """

    cross: Cross
    cells: Mapping[Levels, FactorialCell]
    scores: Floats
    effects: tuple[Effect, ...]
    level: float

    @property
    def shape(self) -> tuple[int, ...]:
        """How many levels each factor has."""
        return self.scores.shape[1:]

    def names(self, factor: int) -> tuple[str, ...]:
        """Name the levels of a factor, the baseline's first."""
        one = self.cross.factors[factor]
        return (one.baseline, *(level.name for level in one.levels))

    def mean(self, factors: Sequence[int], levels: Sequence[int]) -> Estimate | None:
        """Give the mean accuracy at some levels, over all combinations of the others alike; None if a cell is empty."""
        table = self.scores.reshape(len(self.scores), -1)
        found = combination(table, marginal(self.shape, factors, levels))
        return None if found is None else found.interval(self.level)


def factorials(
    crosses: Sequence[Cross], arms: Sequence[Arm], scores: Mapping[str, ArmScores], *, chance: float, level: float
) -> tuple[Factorial, ...]:
    """Estimate the effects of all crosses of a study, each a family of its own.

    Args:
        crosses: Of the study.
        arms: All of it, the baseline first.
        scores: What the runs of each arm scored, by its name.
        chance: The chance level; a run that did no better is no part of an effect.
        level: Coverage of the intervals, in (0, 1).
    """
    return tuple(_factorial(cross, cells(cross, arms), scores, chance, level) for cross in crosses)


def _factorial(
    cross: Cross, found: Mapping[Levels, Arm], scores: Mapping[str, ArmScores], chance: float, level: float
) -> Factorial:
    learned = {arm.name: scores[arm.name].learned(chance) for arm in found.values()}
    seeds = sorted({seed for runs in learned.values() for seed in runs})
    table = np.full((len(seeds), *(len(factor.levels) + 1 for factor in cross.factors)), np.nan)
    for levels, arm in found.items():
        for seed, accuracy in learned[arm.name].items():
            table[(seeds.index(seed), *levels)] = accuracy
    return Factorial(
        cross=cross,
        cells={levels: _cell(scores[arm.name], learned[arm.name], level) for levels, arm in found.items()},
        scores=table,
        effects=factorial_effects(table, level=level),
        level=level,
    )


def _cell(arm: ArmScores, learned: Mapping[int, float], level: float) -> FactorialCell:
    mean = combination(np.reshape(list(learned.values()), (-1, 1)), np.ones(1))
    return FactorialCell(
        arm=arm.name,
        runs=len(arm.seeds(Ending.FINISHED)) + len(arm.seeds(Ending.DIVERGED)),
        planned=len(arm.runs),
        learned=len(learned),
        accuracy=None if mean is None else mean.interval(level),
    )
