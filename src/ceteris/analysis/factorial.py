"""Crossed factors as they came out: the cells of each cross, its main effects and its interactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.statistics.contrast import Criteria
from ceteris.statistics.factorial import Effect, combination, factorial_effects, marginal
from ceteris.statistics.interval import Estimate, Floats, Scope
from ceteris.statistics.metric import Metric
from ceteris.statistics.scores import ArmScores
from ceteris.statistics.summary import ArmSummary
from ceteris.study.cross import Cross, Levels, cells
from ceteris.study.run import Arm


@dataclass(frozen=True, kw_only=True, eq=False)
class Factorial:
    """A cross with its results.

    Attributes:
        cross: As it was declared.
        cells: The arm of each combination of levels, 0 for the baseline's, by itself.
        scores: Test accuracy, or score, of the runs that learned, not-a-number elsewhere. Shape (seeds, levels, ...).
        metric: What is scored; where less of it is better, scores have their sign turned.
        scope: Whether effects speak of these test images, or allow for the images too.
        effects: Main effects and two-factor interactions, one family of tests.
        level: With which all intervals of the effects cover the truth, and each interval of a mean does.
    """

    cross: Cross
    cells: Mapping[Levels, ArmSummary]
    scores: Floats
    metric: Metric
    scope: Scope
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
    crosses: Sequence[Cross],
    arms: Sequence[Arm],
    scores: Mapping[str, ArmScores],
    summaries: Sequence[ArmSummary],
    *,
    chance: float,
    metric: Metric,
    criteria: Criteria,
) -> tuple[Factorial, ...]:
    """Estimate the effects of all crosses of a study, each a family of its own.

    Args:
        crosses: Of the study.
        arms: All of it, the baseline first.
        scores: What the runs of each arm scored, by its name.
        summaries: Each arm by itself.
        chance: The chance level; a run that did no better is no part of an effect.
        metric: What they scored.
        criteria: For the coverage of intervals and the scope.
    """
    named = {arm.name: arm for arm in summaries}
    found = []
    for cross in crosses:
        names = {levels: arm.name for levels, arm in cells(cross, arms).items()}
        table = _table(cross, {levels: scores[name].learned(chance) for levels, name in names.items()})
        correct = None
        if criteria.scope is Scope.SEEDS_AND_IMAGES:
            correct = [scores[names[levels]].predictions(chance) for levels in np.ndindex(table.shape[1:])]
        found.append(
            Factorial(
                cross=cross,
                cells={levels: named[name] for levels, name in names.items()},
                scores=table,
                metric=metric,
                scope=criteria.scope,
                effects=factorial_effects(table, level=criteria.level, correct=correct),
                level=criteria.level,
            )
        )
    return tuple(found)


def _table(cross: Cross, learned: Mapping[Levels, Mapping[int, float]]) -> Floats:
    seeds = sorted({seed for runs in learned.values() for seed in runs})
    table = np.full((len(seeds), *(len(factor.levels) + 1 for factor in cross.factors)), np.nan)
    for levels, runs in learned.items():
        for seed, accuracy in runs.items():
            table[(seeds.index(seed), *levels)] = accuracy
    return table
