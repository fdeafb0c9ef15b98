"""A study that adds seeds where the verdict is open: what each look at its results decides, and who gets more seeds."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ceteris.statistics.contrast import USUAL, Criteria
from ceteris.statistics.distributions import student_above
from ceteris.statistics.equivalence import holm
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, Sample, describe, student_interval
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.sequential import (
    FEWEST_SEEDS,
    LookPlan,
    anytime_quantile,
    e_value,
    family_levels,
    group_sequential_holm,
    one_sided_levels,
    paired_rates_e_value,
)
from ceteris.statistics.verdict import Decision, Verdict, judge


@dataclass(frozen=True, kw_only=True)
class LookResult:
    """What one look says of one variation.

    Attributes:
        variation: Its name.
        seeds: Runs that learned in both arms, by their common seeds.
        difference: In test accuracy, variation minus baseline, with the repeated interval, which holds over all looks
            and variations together. None without such runs.
        p_value: Of no difference in accuracy: at this look, or with e-values over the looks so far. None where fewer
            than 6 runs of an arm learned.
        p_equivalent: Of a difference outside the margin, likewise.
        p_collapse: Of equal rates of collapse, likewise.
        verdict: What is decided with this look.
        is_collapse_found: Whether the rates of collapse are found to differ, at this look or before.
    """

    variation: str
    seeds: tuple[int, ...]
    difference: Estimate | None
    p_value: float | None
    p_equivalent: float | None
    p_collapse: float | None
    verdict: Verdict
    is_collapse_found: bool

    @property
    def is_open(self) -> bool:
        """Whether more seeds may decide something."""
        if self.verdict.decision is Decision.NOT_COMPARED:
            return not self.is_collapse_found
        return self.verdict.decision is Decision.UNDECIDED


@dataclass(frozen=True, kw_only=True)
class StudyLook:
    """One look at the results.

    Attributes:
        seeds: Of the baseline and of every variation that is looked at.
        level: That the smallest p-value of a difference, in accuracy or in the rate of collapse, has to meet.
        equivalence_level: That the smallest p-value of an equivalence has to meet.
        rejected: Differences that were found at looks before: each raises the level for the others.
        results: Of the variations that are looked at, in the order of the study.
    """

    seeds: int
    level: float
    equivalence_level: float
    rejected: int
    results: tuple[LookResult, ...]


@dataclass(frozen=True, kw_only=True)
class StudyLooks:
    """All looks that the results allow.

    Attributes:
        done: The looks, in order.
        asked: How many seeds each arm needs for the next look; of those that need no more, how many they had.
        is_over: Whether there is no next look: everything is decided, or the last one was taken.
    """

    done: tuple[StudyLook, ...]
    asked: Mapping[str, int]
    is_over: bool

    @property
    def last(self) -> Mapping[str, LookResult]:
        """What was said last of each variation that was looked at: what was decided, or the state of an open one."""
        return {one.variation: one for look in self.done for one in look.results}


def take_looks(
    scores: Scores, plan: LookPlan, criteria: Criteria = USUAL, *, absent: Collection[str] = ()
) -> StudyLooks:
    """Take all looks that a study has the runs for, from the first on; the same runs give the same decisions.

    At each look, the baseline and the variations that are still open are compared by their first seeds, as many as the
    look has. A family holds two tests for each variation of the study: of the accuracies of runs that learned, and of
    the rates of collapse. It is judged by `group_sequential_holm`, or without a last look by Holm's method over
    anytime-valid p-values; equivalence is a family of its own. A variation is decided when it is better, worse or
    equivalent, or when it cannot be compared because its runs collapse more often; it gets no more seeds then.

    Args:
        scores: What each run scored, with seeds from 0.
        plan: When to look.
        criteria: For the margin and the error rate.
        absent: Variations that are not trained now: they have no p-value, and count in the family.

    Returns:
        The looks for which every run of the baseline and of the open variations has come to its end.
    """
    state = _State(scores=scores, plan=plan, criteria=criteria)
    arms = {arm.name: arm for arm in scores.variations if arm.name not in absent}
    asked = dict.fromkeys((scores.baseline.name, *(arm.name for arm in scores.variations)), plan.first)
    looks: list[StudyLook] = []
    while arms and (not looks or looks[-1].seeds != plan.most):
        size = plan.size(len(looks))
        asked |= dict.fromkeys((scores.baseline.name, *arms), size)
        if not all(_has_ended(arm, range(size)) for arm in (scores.baseline, *arms.values())):
            return StudyLooks(done=tuple(looks), asked=asked, is_over=False)
        looks.append(state.look(arms, len(looks)))
        still = {one.variation for one in looks[-1].results if one.is_open}
        arms = {name: arm for name, arm in arms.items() if name in still}
    return StudyLooks(done=tuple(looks), asked=asked, is_over=True)


def _has_ended(arm: ArmScores, seeds: Iterable[int]) -> bool:
    ended = {*arm.seeds(Ending.FINISHED), *arm.seeds(Ending.DIVERGED)}
    return ended.issuperset(seeds)


class _State:
    """What the looks have found so far; the tests of accuracy come first in the family, then those of collapse."""

    def __init__(self, *, scores: Scores, plan: LookPlan, criteria: Criteria) -> None:
        self.scores, self.plan, self.criteria = scores, plan, criteria
        self.names = [arm.name for arm in scores.variations]
        tests, sizes = len(self.names), plan.sizes
        self.rejected, self.equal = np.zeros(2 * tests, np.bool_), np.zeros(tests, np.bool_)
        # Without a last look: the smallest p-values so far.
        self.smallest, self.smallest_equal = np.full(2 * tests, np.nan), np.full(tests, np.nan)
        self.levels = None if sizes is None else family_levels(sizes, criteria.significance, 2 * tests)
        self.one_sided = None if sizes is None else one_sided_levels(sizes, criteria.significance, tests)
        self.intervals = None if sizes is None else family_levels(sizes, criteria.significance, tests)[:, 0]

    def look(self, arms: Mapping[str, ArmScores], number: int) -> StudyLook:
        """Take the next look, at the arms that are open."""
        size, tests = self.plan.size(number), len(self.names)
        before = _first(self.scores.baseline, size)
        found = {
            name: _evidence(before, _first(arm, size), self.scores.chance, self.criteria.margin)
            for name, arm in arms.items()
        }
        is_anytime = self.levels is None
        p_values, p_equal = np.full(2 * tests, np.nan), np.full(tests, np.nan)
        for name, one in found.items():
            place = self.names.index(name)
            p_values[place], p_equal[place], p_values[tests + place] = one.anytime if is_anytime else one.fixed
        earlier = int(self.rejected.sum())
        level, equivalence_level = self._judge(p_values, p_equal, number)
        results = []
        for name, one in found.items():
            place = self.names.index(name)
            values = (p_values[place], p_equal[place], p_values[tests + place])
            p_value, p_equivalent, p_collapse = (None if math.isnan(value) else float(value) for value in values)
            results.append(
                LookResult(
                    variation=name,
                    seeds=one.seeds,
                    difference=self._interval(one.sample, number),
                    p_value=p_value,
                    p_equivalent=p_equivalent,
                    p_collapse=p_collapse,
                    verdict=self._verdict(one.sample, place),
                    is_collapse_found=bool(self.rejected[tests + place]),
                )
            )
        return StudyLook(
            seeds=size,
            level=level,
            equivalence_level=equivalence_level,
            rejected=earlier,
            results=tuple(results),
        )

    def _judge(self, p_values: Floats, p_equal: Floats, number: int) -> tuple[float, float]:
        """Add to what is rejected, and give the levels of the first rejection; p-values become those so far."""
        count, count_equal = int(self.rejected.sum()), int(self.equal.sum())
        if self.levels is not None and self.one_sided is not None:
            levels, one_sided = self.levels[number], self.one_sided[number]
            self.rejected = group_sequential_holm(p_values, self.rejected, levels)
            self.equal = group_sequential_holm(p_equal, self.equal, one_sided)
            last = len(self.names) - 1
            return float(levels[min(count, 2 * last + 1)]), float(one_sided[min(count_equal, last)])
        significance = self.criteria.significance
        self.smallest, self.smallest_equal = np.fmin(self.smallest, p_values), np.fmin(self.smallest_equal, p_equal)
        p_values[:], p_equal[:] = self.smallest, self.smallest_equal
        self.rejected = self.rejected | (holm(self.smallest) <= significance)
        self.equal = self.equal | (holm(self.smallest_equal) <= significance)
        return significance / max(1, self.rejected.size - count), significance / max(1, self.equal.size - count_equal)

    def _interval(self, sample: Sample | None, number: int) -> Estimate | None:
        if sample is None:
            return None
        if self.intervals is not None:
            return student_interval(sample, level=1 - float(self.intervals[number]))
        if not sample.deviation:
            return PointEstimate(estimate=sample.mean)
        level = 1 - self.criteria.significance / len(self.names)
        half = anytime_quantile(sample.size, level) * sample.deviation / math.sqrt(sample.size)
        return Interval(estimate=sample.mean, low=sample.mean - half, high=sample.mean + half, level=level)

    def _verdict(self, sample: Sample | None, place: int) -> Verdict:
        if sample is None:
            return Verdict(decision=Decision.NOT_COMPARED)
        p_value, p_equal = 1.0 - self.rejected[place], 1.0 - self.equal[place]
        return judge(sample.mean, p_value, p_equal, criteria=self.criteria)


@dataclass(frozen=True, kw_only=True)
class _Evidence:
    """The p-values of a look for accuracy, equivalence and collapse, for planned looks and for any time."""

    seeds: tuple[int, ...]
    sample: Sample | None
    fixed: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    anytime: tuple[float, float, float] = (math.nan, math.nan, math.nan)


def _first(arm: ArmScores, seeds: int) -> ArmScores:
    """Give an arm with its first seeds alone."""
    return replace(arm, runs=tuple(run for run in arm.runs if run.seed < seeds))


def _evidence(baseline: ArmScores, arm: ArmScores, chance: float, margin: float) -> _Evidence:
    before, after = baseline.learned(chance), arm.learned(chance)
    seeds = tuple(sorted(before.keys() & after.keys()))
    ended = _ended(baseline.runs) & _ended(arm.runs)
    rates = (sum(seed in after for seed in ended - before.keys()), sum(seed in before for seed in ended - after.keys()))
    collapse = min(1.0, 1 / paired_rates_e_value(*rates))
    if not seeds:
        return _Evidence(seeds=(), sample=None, anytime=(math.nan, math.nan, collapse))
    sample = describe(np.array([after[seed] - before[seed] for seed in seeds]))
    if sample.deviation is None or sample.size < FEWEST_SEEDS:
        return _Evidence(seeds=seeds, sample=sample, anytime=(math.nan, math.nan, collapse))
    inside = margin - abs(sample.mean)
    if not sample.deviation:
        # All pairs differ alike: of 2 ** pairs patterns of signs two are as extreme, and one for either side.
        few = 2.0 ** (1 - sample.size)
        certain = 1 / paired_rates_e_value(0, sample.size)
        return _Evidence(
            seeds=seeds,
            sample=sample,
            fixed=(few if sample.mean else 1.0, few / 2 if inside > 0 else 1.0, math.nan),
            anytime=(certain if sample.mean else 1.0, certain if inside > 0 else 1.0, collapse),
        )
    error, degrees = sample.deviation / math.sqrt(sample.size), sample.size - 1
    ends = [(sample.mean + side * margin) / error for side in (-1, 1)]
    strength = float(e_value(ends, sample.size).min()) if inside > 0 else 0.0
    return _Evidence(
        seeds=seeds,
        sample=sample,
        fixed=(
            2 * student_above(abs(sample.mean) / error, degrees),
            student_above(inside / error, degrees),
            math.nan,
        ),
        anytime=(
            min(1.0, 1 / float(e_value(sample.mean / error, sample.size))),
            min(1.0, 1 / strength) if strength else 1.0,
            collapse,
        ),
    )


def _ended(runs: Iterable[RunScore]) -> set[int]:
    return {run.seed for run in runs if run.status in (Ending.FINISHED, Ending.DIVERGED)}
