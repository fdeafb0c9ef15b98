"""A study that adds seeds where the verdict is open: what each look at its results decides, and who gets more seeds."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ceteris.statistics.collapse import Collapse, Stability
from ceteris.statistics.comparison import Judgement, compare_pairs
from ceteris.statistics.contrast import USUAL, Contrast, Criteria, with_adjusted
from ceteris.statistics.difference import difference_interval
from ceteris.statistics.equivalence import Equivalence, holm
from ceteris.statistics.interval import Estimate, Floats, Interval
from ceteris.statistics.scores import ArmScores, Ending, Scores, evidence
from ceteris.statistics.sequential import (
    FEWEST_SEEDS,
    LookPlan,
    anytime_quantile,
    e_value,
    error_rates,
    family_levels,
    group_sequential_holm,
    one_sided_levels,
    paired_rates_e_value,
)
from ceteris.statistics.verdict import Decision, decide


@dataclass(frozen=True, kw_only=True)
class LookResult:
    """What one look says of one variation.

    Attributes:
        variation: Its name.
        seeds: Of the runs that learned in both arms.
        judgement: Its tests. Their adjusted p-values are the error rate of the study at which this look would just
            decide; the simultaneous interval holds over all looks and variations together. Without a last look,
            p-values hold at any time, and adjusted ones are those of the smallest so far.
    """

    variation: str
    seeds: tuple[int, ...]
    judgement: Judgement

    @property
    def is_open(self) -> bool:
        """Whether more seeds may decide something."""
        if self.judgement.verdict.decision is Decision.NOT_COMPARED:
            return self.judgement.collapse is None or self.judgement.collapse.stability is Stability.OPEN
        return self.judgement.verdict.decision is Decision.UNDECIDED


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
        tests = len(self.names)
        self.rejected, self.equal = np.zeros(2 * tests, np.bool_), np.zeros(tests, np.bool_)
        # Without a last look: the smallest p-values so far.
        self.smallest, self.smallest_equal = np.full(2 * tests, np.nan), np.full(tests, np.nan)
        self.collapses: dict[str, Collapse] = {}

    def look(self, arms: Mapping[str, ArmScores], number: int) -> StudyLook:
        """Take the next look, at the arms that are open."""
        size, tests, chance = self.plan.size(number), len(self.names), self.scores.chance
        before = first_seeds(self.scores.baseline, size)
        pairs = [(before, first_seeds(arm, size)) for arm in arms.values()]
        if self.plan.sizes is None:
            found = tuple(_at_any_time(first, second, chance, self.criteria) for first, second in pairs)
        else:
            found = compare_pairs(pairs, chance=chance, criteria=self.criteria)
        p_values, p_equal = np.full(2 * tests, np.nan), np.full(tests, np.nan)
        for place, one in zip(map(self.names.index, arms), found, strict=True):
            if one.accuracy is not None and min(one.accuracy.found.runs) >= FEWEST_SEEDS:
                p_values[place] = _p_value(one.accuracy)
                p_equal[place] = _p_value(one.equivalence)
            p_values[tests + place] = math.nan if self.rejected[tests + place] else _p_value(one.collapse)
        earlier = int(self.rejected.sum())
        level, equivalence_level, adjusted, adjusted_equal = self._judge(p_values, p_equal, number)
        results = []
        for name, (first, second), one in zip(arms, pairs, found, strict=True):
            place = self.names.index(name)
            accuracy, equal = one.accuracy, one.equivalence
            if accuracy is not None:
                accuracy = with_adjusted(accuracy, adjusted[place], math.nan)
                accuracy = replace(accuracy, simultaneous=self._interval(accuracy, number))
            if equal is not None:
                equal = replace(equal, p_value_adjusted=adjusted_equal[place])
            if one.collapse is not None and not math.isnan(p_values[tests + place]):
                judged = one.collapse.judged(adjusted[tests + place], significance=self.criteria.significance)
                self.collapses[name] = judged
            known = evidence((first, chance), (second, chance))
            judgement = Judgement(
                accuracy=accuracy,
                equivalence=equal,
                collapse=self.collapses.get(name),
                verdict=decide(accuracy, equal, criteria=self.criteria, evidence=known),
            )
            learned = first.learned(chance)
            seeds = tuple(seed for seed in second.learned(chance) if seed in learned)
            results.append(LookResult(variation=name, seeds=seeds, judgement=judgement))
        return StudyLook(
            seeds=size,
            level=level,
            equivalence_level=equivalence_level,
            rejected=earlier,
            results=tuple(results),
        )

    def _judge(self, p_values: Floats, p_equal: Floats, number: int) -> tuple[float, float, list[float], list[float]]:
        """Add to what is rejected; give the levels of the first rejection, and adjusted p-values."""
        count, count_equal = int(self.rejected.sum()), int(self.equal.sum())
        sizes, significance = self.plan.sizes, self.criteria.significance
        if sizes is None:
            self.smallest, self.smallest_equal = np.fmin(self.smallest, p_values), np.fmin(self.smallest_equal, p_equal)
            adjusted, adjusted_equal = holm(self.smallest), holm(self.smallest_equal)
            self.rejected = self.rejected | (adjusted <= significance)
            self.equal = self.equal | (adjusted_equal <= significance)
            level = significance / max(1, self.rejected.size - count)
            one_sided = significance / max(1, self.equal.size - count_equal)
        else:
            levels = family_levels(sizes, significance, self.rejected.size)[number]
            levels_equal = one_sided_levels(sizes, significance, self.equal.size)[number]
            self.rejected = group_sequential_holm(p_values, self.rejected, levels)
            self.equal = group_sequential_holm(p_equal, self.equal, levels_equal)
            level, one_sided = (
                float(levels[min(count, levels.size - 1)]),
                float(levels_equal[min(count_equal, levels_equal.size - 1)]),
            )
            adjusted = step_down(error_rates(p_values, sizes, number), self.rejected.size - count)
            adjusted_equal = step_down(error_rates(2 * p_equal, sizes, number) / 2, self.equal.size - count_equal)
        return (
            level,
            one_sided,
            held_to_decisions(adjusted, self.rejected, significance),
            held_to_decisions(adjusted_equal, self.equal, significance),
        )

    def _interval(self, one: Contrast, number: int) -> Estimate:
        """Give the repeated interval; the level of one look is smaller, what is meant is that of all together."""
        level, sizes = 1 - self.criteria.significance / len(self.names), self.plan.sizes
        if sizes is not None:
            at_look = family_levels(sizes, self.criteria.significance, len(self.names))[number, 0]
            estimate = difference_interval(one.found, level=1 - float(at_look))
            if isinstance(estimate, Interval) and isinstance(one.simultaneous, Interval):
                return replace(one.simultaneous, low=estimate.low, high=estimate.high, level=level)
            return estimate
        estimate = difference_interval(one.found, level=level)
        if not isinstance(estimate, Interval) or one.found.standard_error is None:
            return estimate
        half = anytime_quantile(one.found.common, level) * one.found.standard_error
        return replace(estimate, low=estimate.estimate - half, high=estimate.estimate + half)


def first_seeds(arm: ArmScores, seeds: int) -> ArmScores:
    """Give an arm with its first seeds alone."""
    return replace(arm, runs=tuple(run for run in arm.runs if run.seed < seeds))


def _p_value(one: Contrast | Equivalence | Collapse | None) -> float:
    return math.nan if one is None or one.p_value is None else one.p_value


def step_down(rates: Floats, left: int) -> Floats:
    """Adjust the p-values of a look as Holm's method does, for the tests that are left."""
    order = np.argsort(rates, kind="stable")  # not-a-number comes last
    adjusted = np.empty_like(rates)
    adjusted[order] = np.fmax.accumulate(rates[order] * np.maximum(left - np.arange(rates.size), 1))
    return np.where(np.isnan(rates), np.nan, np.minimum(adjusted, 1.0))


def held_to_decisions(adjusted: Floats, rejected: NDArray[np.bool_], significance: float) -> list[float]:
    """Hold adjusted p-values to the decisions, which are exact: not done is not rejected."""
    above = np.maximum(np.where(np.isnan(adjusted), 1.0, adjusted), np.nextafter(significance, 1))
    values: list[float] = np.where(rejected, np.fmin(adjusted, significance), above).tolist()
    return values


def _at_any_time(baseline: ArmScores, arm: ArmScores, chance: float, criteria: Criteria) -> Judgement:
    """Compare two arms by pairs, with p-values that hold whenever one stops."""
    learned = baseline.learned(chance).keys() & arm.learned(chance).keys()
    both = [replace(one, runs=tuple(run for run in one.runs if run.seed in learned)) for one in (baseline, arm)]
    (one,) = compare_pairs([(both[0], both[1])], chance=chance, criteria=criteria)
    ended = baseline.counted(chance).keys() & arm.counted(chance).keys()
    lost = [ended & {*each.collapsed(chance)} for each in (baseline, arm)]
    (counts,) = compare_pairs([(baseline, arm)], chance=chance, criteria=criteria)
    collapse = counts.collapse and replace(
        counts.collapse, p_value=min(1.0, 1 / paired_rates_e_value(len(lost[0] - lost[1]), len(lost[1] - lost[0])))
    )
    accuracy, equal = one.accuracy, one.equivalence
    if accuracy is None or accuracy.p_value is None or equal is None or accuracy.found.standard_error is None:
        return replace(one, collapse=collapse)
    estimate, error, pairs = accuracy.found.estimate, accuracy.found.standard_error, accuracy.found.common
    is_inside = abs(estimate) < criteria.margin
    if error:
        p_value = 1 / float(e_value(estimate / error, pairs))
        p_equal = 1 / float(e_value([(estimate + side * criteria.margin) / error for side in (-1, 1)], pairs).min())
    else:  # All pairs differ alike: each to one side of 0, or of the ends of the margin.
        p_equal = 1 / paired_rates_e_value(0, pairs)
        p_value = p_equal if estimate else 1.0
    return replace(
        one,
        accuracy=replace(accuracy, p_value=min(1.0, p_value)),
        equivalence=replace(equal, p_value=min(1.0, p_equal) if is_inside else 1.0),
        collapse=collapse,
    )
