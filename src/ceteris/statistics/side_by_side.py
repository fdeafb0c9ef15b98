"""One outcome as two studies measured it: run against run where a seed means the same in both, else by means."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from ceteris.statistics.collapse import Collapse, holm_with_collapse
from ceteris.statistics.contrast import USUAL, Criteria
from ceteris.statistics.difference import Difference, difference_interval, difference_test, mean_difference
from ceteris.statistics.equivalence import Equivalence, adjusted_equivalence, equivalence_test
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
        difference: Second minus first, with the interval of the design.
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
    first: Mapping[int, float], second: Mapping[int, float], *, seeds_mean_the_same: bool, criteria: Criteria = USUAL
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
    if seeds_mean_the_same and common and 2 * len(common) >= min(len(first), len(second)):
        return _paired(first, second, common, criteria)
    return _unpaired(first, second, criteria)


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


def _paired(
    first: Mapping[int, float], second: Mapping[int, float], common: tuple[int, ...], criteria: Criteria
) -> SideBySide:
    before, after = ({seed: numbers[seed] for seed in common} for numbers in (first, second))
    left_out = tuple(sorted(first.keys() ^ second.keys()))
    return _tested(Design.PAIRED, mean_difference(before, after), common, left_out, (before, after), criteria)


def _unpaired(first: Mapping[int, float], second: Mapping[int, float], criteria: Criteria) -> SideBySide:
    apart = {-1 - seed: number for seed, number in second.items()}  # no seed of one is a seed of the other
    return _tested(Design.UNPAIRED, mean_difference(first, apart), (), (), (first, second), criteria)


def _tested(
    design: Design,
    found: Difference,
    pairs: tuple[int, ...],
    left_out: tuple[int, ...],
    arms: tuple[Mapping[int, float], Mapping[int, float]],
    criteria: Criteria,
) -> SideBySide:
    before, after = (mean_interval(list(arm.values()), level=criteria.level) for arm in arms)
    is_known = found.standard_error is not None
    return SideBySide(
        design=design,
        pairs=pairs,
        left_out=left_out,
        runs=found.runs,
        means=(before, after),
        difference=difference_interval(found, level=criteria.level),
        p_value=difference_test(found) if is_known else None,
        equivalence=equivalence_test(found, margin=criteria.margin, significance=criteria.significance)
        if is_known
        else None,
    )
