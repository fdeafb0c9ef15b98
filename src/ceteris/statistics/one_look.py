"""Verdicts on results that were looked at on the way: at the levels of the look that is taken now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import USUAL, Criteria, with_adjusted
from ceteris.statistics.difference import difference_interval
from ceteris.statistics.interval import Floats, Interval
from ceteris.statistics.looks import held_to_decisions, step_down
from ceteris.statistics.sequential import (
    FEWEST_SEEDS,
    error_rates,
    family_levels,
    group_sequential_holm,
    one_sided_levels,
)
from ceteris.statistics.verdict import Decision, Reason, Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Look:
    """Which look at growing results this is.

    Attributes:
        number: From 1.
        planned: How many looks there will be at most, decided before the first; they are as many runs apart.

    Raises:
        StatisticsError: If there cannot be such a look.
    """

    number: int
    planned: int

    def __post_init__(self) -> None:
        """Refuse looks beyond the last."""
        if not 1 <= self.number <= self.planned <= _MOST:
            raise StatisticsError(
                f"look {self.number} of {self.planned} is not possible, expected a look from 1 to the last one planned,"
                f" of at most {_MOST}. Say how many looks at growing results there were, this one included."
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Runs at each look; levels depend on their proportions alone."""
        return tuple(FEWEST_SEEDS * number for number in range(1, self.planned + 1))


_MOST = 100


def judged_at_look(comparisons: Sequence[Comparison], look: Look, criteria: Criteria = USUAL) -> tuple[Comparison, ...]:
    """Judge comparisons again, with the levels that allow for looks before this one and after it.

    Every look spends a part of the error rate (Kim and DeMets 1987, see `nominal_levels`), so that all looks together
    err at the rate of a single one. A comparison whose smaller arm has fewer than six runs has no p-value here: the
    levels come from a normal process. What was decided at earlier looks is not known, and nothing rests on it.

    Args:
        comparisons: From `compare`, with the same criteria.
        look: Which look this is.
        criteria: For the error rate, the margin, and the size of the family.
    """
    count = len(comparisons)
    family, number = criteria.comparisons(count), look.number - 1
    tests = 2 * family
    p_values, p_equal = np.full(tests, np.nan), np.full(family, np.nan)
    for place, one in enumerate(comparisons):
        if one.accuracy is not None and one.accuracy.p_value is not None and _has_enough(one):
            p_values[place] = one.accuracy.p_value
            p_equal[place] = math.nan if one.equivalence is None else one.equivalence.p_value
        if one.collapse is not None:
            p_values[family + place] = one.collapse.p_value
    none = np.zeros(tests, np.bool_), np.zeros(family, np.bool_)
    levels = family_levels(look.sizes, criteria.significance, tests)[number]
    levels_equal = one_sided_levels(look.sizes, criteria.significance, family)[number]
    rejected = group_sequential_holm(p_values, none[0], levels)
    equal = group_sequential_holm(p_equal, none[1], levels_equal)
    rates = step_down(error_rates(p_values, look.sizes, number), tests)
    rates_equal = step_down(error_rates(2 * p_equal, look.sizes, number) / 2, family)
    adjusted = held_to_decisions(rates, rejected, criteria.significance)
    adjusted_equal = held_to_decisions(rates_equal, equal, criteria.significance)
    at_look = family_levels(look.sizes, criteria.significance, family)[number]
    return tuple(
        _judged(one, adjusted[place], adjusted[family + place], adjusted_equal[place], at_look, criteria)
        for place, one in enumerate(comparisons)
    )


def _has_enough(one: Comparison) -> bool:
    return one.accuracy is not None and min(one.accuracy.runs) >= FEWEST_SEEDS


def _judged(
    one: Comparison, p_value: float, p_rate: float, p_equal: float, levels: Floats, criteria: Criteria
) -> Comparison:
    collapse = one.collapse and one.collapse.judged(p_rate, significance=criteria.significance)
    if one.accuracy is None:
        return replace(one, collapse=collapse, with_failed=None)
    if not _has_enough(one):
        few = Verdict(decision=Decision.UNDECIDED, reason=Reason.FEW_FOR_LOOKS)
        verdict = few if one.accuracy.p_value is not None else one.verdict
        accuracy = with_adjusted(one.accuracy, math.nan, math.nan)
        return replace(one, accuracy=accuracy, collapse=collapse, verdict=verdict, equivalence=None, with_failed=None)
    accuracy = with_adjusted(one.accuracy, p_value, math.nan)
    estimate = difference_interval(accuracy.found, level=1 - float(levels[0]))
    if isinstance(estimate, Interval) and isinstance(accuracy.simultaneous, Interval):
        accuracy = replace(accuracy, simultaneous=replace(accuracy.simultaneous, low=estimate.low, high=estimate.high))
    equivalence = one.equivalence and replace(one.equivalence, p_value_adjusted=p_equal)
    return replace(
        one,
        accuracy=accuracy,
        equivalence=equivalence,
        collapse=collapse,
        verdict=decide(accuracy, equivalence, criteria=criteria),
        with_failed=None,
    )
