"""One outcome as two studies measured it: run against run where a seed means the same in both, else by means."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeVar

import numpy as np

from ceteris.statistics.collapse import Collapse, holm_with_collapse
from ceteris.statistics.contrast import USUAL, Criteria
from ceteris.statistics.difference import Difference, difference_interval, difference_test, mean_difference
from ceteris.statistics.equivalence import Equivalence, adjusted_equivalence, equivalence_test
from ceteris.statistics.factorial import combination
from ceteris.statistics.images import Correct, over_images, with_images
from ceteris.statistics.interval import Estimate, mean_interval
from ceteris.statistics.verdict import Decision, Verdict, judge


class Design(Enum):
    """How the runs of two studies are set against each other."""

    PAIRED = auto()
    UNPAIRED = auto()


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """One outcome in a second study against a first; what so few runs cannot say is None.

    Attributes:
        design: Run against run by seed, or mean against mean.
        pairs: Seeds whose runs are set against each other; empty where means are.
        left_out: Seeds that only one study has, and that are therefore not in the difference; empty where means are
            compared.
        runs: How many runs of the first and of the second study are in the difference.
        means: Of the first and of the second study, over the runs that are in the difference.
        difference: Second minus first, with the interval that holds for all that is compared together.
        p_value: That there is no difference: of the paired t test, or of Welch's.
        equivalence: Whether the difference stays within the margin.
        p_value_adjusted: The p-value after Holm's adjustment over all arms that are compared, once these are known.
        verdict: Whether the second is better, worse, equivalent, or whether that is undecided.
    """

    design: Design
    pairs: tuple[int, ...]
    left_out: tuple[int, ...]
    runs: tuple[int, int]
    means: tuple[Estimate, Estimate]
    difference: Estimate
    p_value: float | None = None
    equivalence: Equivalence | None = None
    p_value_adjusted: float | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict(decision=Decision.UNDECIDED))


def side_by_side(
    first: Mapping[int, float],
    second: Mapping[int, float],
    *,
    seeds_mean_the_same: bool,
    criteria: Criteria = USUAL,
    comparisons: int = 1,
    images: tuple[Correct, Correct] | None = None,
) -> SideBySide | None:
    """Set one outcome of two studies side by side.

    Runs are paired by seed where a seed fixes something in both runs, and where that keeps at least half of the runs of
    the study that has fewer. The paired interval holds whatever the seeds share; where they share nothing it would only
    waste runs, so that means are compared, each with its own spread.

    Args:
        first: One number per seed of the first study.
        second: One number per seed of the second study.
        seeds_mean_the_same: Whether a seed gives both runs something in common, as initial weights.
        criteria: Coverage of the interval, and the margin.
        comparisons: Outcomes that are compared: what simultaneous intervals allow for.
        images: Which test images the runs of both classified correctly: error, test and interval then allow for the
            images too, see `over_images`; where that is not known, there are none.

    Returns:
        None where a study has no run of it. The verdict waits for `judged_together`.

    Raises:
        StatisticsError: If a number is not finite.

    Example:
        >>> found = side_by_side({0: 0.50, 1: 0.52, 2: 0.51}, {0: 0.51, 1: 0.54, 2: 0.52}, seeds_mean_the_same=True)
        >>> found.design.name, found.pairs, f"{found.difference.estimate:.4f}"
        ('PAIRED', (0, 1, 2), '0.0133')
    """
    if not first or not second:
        return None
    common = tuple(sorted(first.keys() & second.keys()))
    before: Mapping[int, float] = first
    after: Mapping[int, float] = _apart(second)
    correct = None if images is None else (images[0], _apart(images[1]))
    design: _Design = (Design.UNPAIRED, (), ())
    if seeds_mean_the_same and common and 2 * len(common) >= min(len(first), len(second)):
        before, after = (_of(common, numbers) for numbers in (first, second))
        correct = None if images is None else (_of(common, images[0]), _of(common, images[1]))
        design = (Design.PAIRED, common, tuple(sorted(first.keys() ^ second.keys())))
    found = mean_difference(before, after)
    if correct:
        found = over_images(found, *correct) or replace(found, standard_error=None)
    means = tuple(mean_interval(list(arm.values()), level=criteria.level) for arm in (before, after))
    return _tested(design, found, (means[0], means[1]), criteria, comparisons)


def effects_side_by_side(
    first: tuple[Mapping[int, float], Mapping[int, float]],
    second: tuple[Mapping[int, float], Mapping[int, float]],
    *,
    seeds_mean_the_same: bool,
    criteria: Criteria = USUAL,
    comparisons: int = 1,
    images: tuple[Correct, Correct, Correct, Correct] | None = None,
) -> SideBySide | None:
    """Set what a variation does to the baseline in two studies side by side: a difference of two differences of means.

    Each study's own difference is that of its report, of all runs of both arms. The error is that of `combination`,
    which allows for seeds that any of the four arms share.

    Args:
        first: Numbers of the baseline and of the variation, by seed, in the first study.
        second: The same in the second study.
        seeds_mean_the_same: Whether a seed gives runs of both studies something in common.
        criteria: As for `side_by_side`.
        comparisons: Likewise.
        images: Which test images the runs of the four arms classified correctly, in this order.

    Returns:
        None where an arm has no run.

    Example:
        >>> before = {0: 0.50, 1: 0.52, 2: 0.51}, {0: 0.53, 1: 0.57}
        >>> after = {0: 0.50, 1: 0.53, 2: 0.50}, {0: 0.58, 1: 0.60}
        >>> found = effects_side_by_side(before, after, seeds_mean_the_same=True)
        >>> [f"{one.estimate:.3f}" for one in (*found.means, found.difference)]
        ['0.040', '0.080', '0.040']
    """
    if not all((*first, *second)):
        return None
    if not seeds_mean_the_same:
        second = _apart(second[0]), _apart(second[1])
        images = images and (images[0], images[1], _apart(images[2]), _apart(images[3]))
    arms, weights = (*first, *second), (1.0, -1.0, -1.0, 1.0)
    seeds = sorted(set().union(*arms))
    one = combination(np.array([[arm.get(seed, np.nan) for arm in arms] for seed in seeds]), np.array(weights))
    assert one is not None  # every arm has a run
    error, degrees = (math.nan if value is None else value for value in (one.error, one.freedom))
    known: tuple[float | None, float] = (0.0 if math.isnan(error) else error, degrees)
    if min(map(len, arms)) < 2:
        known = (None, math.nan)
    elif images:
        known = with_images(known, tuple(zip(weights, images, strict=True))) or (None, math.nan)
    own = [mean_difference(*study) for study in (first, second)]
    common = set.intersection(*(set(arm) for arm in arms))
    found = Difference(
        estimate=one.estimate,
        runs=(min(own[0].runs), min(own[1].runs)),
        common=len(common),
        standard_error=known[0],
        degrees_of_freedom=known[1],
        standard_deviations=(None, None),
        correlation=None,
    )
    means = tuple(difference_interval(one, level=criteria.level) for one in own)
    design = (Design.PAIRED if seeds_mean_the_same else Design.UNPAIRED, tuple(sorted(common)), ())
    return _tested(design, found, (means[0], means[1]), criteria, comparisons)


_Value = TypeVar("_Value")
_Design = tuple[Design, tuple[int, ...], tuple[int, ...]]
"""With the seeds that are paired, and those that only one study has."""


def _of(seeds: tuple[int, ...], numbers: Mapping[int, _Value]) -> dict[int, _Value]:
    return {seed: numbers[seed] for seed in seeds if seed in numbers}


def _apart(numbers: Mapping[int, _Value]) -> dict[int, _Value]:
    """Rename seeds, so that none of one study is a seed of the other."""
    return {-1 - seed: number for seed, number in numbers.items()}


def judged_together(
    family: Sequence[SideBySide | None], criteria: Criteria = USUAL, collapses: Sequence[Collapse | None] = ()
) -> tuple[tuple[SideBySide | None, ...], tuple[Collapse | None, ...]]:
    """Fill in Holm's adjustment over all that is compared, and what follows; what cannot be compared yet counts too.

    At most 5 % of such comparisons hold a false `better`, `worse` or claim about a rate of collapse, and at most 5 % a
    false `equivalent`, however many arms they have.

    Args:
        family: From `side_by_side`.
        criteria: What counts as a finding.
        collapses: How often runs of the same arms do not learn; they are in the same family.

    Returns:
        Both, in the order given.
    """
    known = [math.nan if one is None or one.p_value is None else one.p_value for one in family]
    p_values, rates = holm_with_collapse(known, collapses, significance=criteria.significance)
    equal = adjusted_equivalence([None if one is None else one.equivalence for one in family])
    judged = (
        one if one is None or one.p_value is None else _judged(one, p_value, equivalence, criteria)
        for one, p_value, equivalence in zip(family, p_values, equal, strict=True)
    )
    return tuple(judged), tuple(rates)


def _judged(one: SideBySide, p_value: float, equivalence: Equivalence | None, criteria: Criteria) -> SideBySide:
    p_equal = 1.0 if equivalence is None or equivalence.p_value_adjusted is None else equivalence.p_value_adjusted
    verdict = judge(one.difference.estimate, p_value, p_equal, criteria=criteria)
    return replace(one, p_value_adjusted=p_value, equivalence=equivalence, verdict=verdict)


def _tested(
    design: _Design,
    found: Difference,
    means: tuple[Estimate, Estimate],
    criteria: Criteria,
    comparisons: int,
) -> SideBySide:
    is_known = found.standard_error is not None
    return SideBySide(
        design=design[0],
        pairs=design[1],
        left_out=design[2],
        runs=found.runs,
        means=means,
        difference=difference_interval(found, level=1 - criteria.significance / comparisons),
        p_value=difference_test(found) if is_known else None,
        equivalence=equivalence_test(found, margin=criteria.margin, significance=criteria.significance)
        if is_known
        else None,
    )
