"""Many comparisons, one error rate; and equivalence: the finding that a difference stays within a margin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import Difference, difference_interval, inside_margin_test
from ceteris.statistics.interval import Estimate, Floats


def holm(p_values: ArrayLike) -> Floats:
    """Adjust the p-values of a family, so that the chance of even one false finding stays below the level.

    Sorted from the smallest, the first of m p-values is multiplied by m, the second by m - 1, and so on; none may be
    smaller than the one before it, and none is above 1. Whatever depends on whatever, the family holds a false finding
    in at most 5 % of studies if adjusted values up to 0.05 are findings.
    Method: Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.

    Args:
        p_values: One per comparison that the study planned, in [0, 1]; not-a-number where there is none yet. Shape
            (comparisons,).

    Returns:
        In the order given. A comparison without a p-value counts in the family, so that the others do not look better
        for its absence, and stays not-a-number. Shape (comparisons,).

    Raises:
        StatisticsError: If a p-value is outside [0, 1].

    Example:
        >>> [round(float(p), 3) for p in holm([0.01, 0.04, 0.03, float("nan")])]
        [0.04, 0.09, 0.09, nan]
    """
    values = np.asarray(p_values, np.float64)
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise StatisticsError(
            f"p-value {index} of {len(values)} (from 0) is {values[index]}, expected a probability in [0, 1]. "
            "Give p-values, not test statistics."
        )
    order = np.argsort(values, kind="stable")  # not-a-number comes last
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.fmax.accumulate(values[order] * factors), 1.0)
    adjusted[np.isnan(values)] = np.nan
    return adjusted


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """What two one-sided tests say.

    Attributes:
        margin: Differences smaller than this, either way, are practically none.
        p_value: Probability of differences at least this well inside the margin if the true one were just outside it.
        interval: Of level 1 - 2 * significance, 90 % for the usual 5 %: it lies inside the margin exactly where the
            p-value is at most the significance. A point estimate where all differences are equal.
        p_value_adjusted: The same with Holm's adjustment over the study's variations, once these are known.
    """

    margin: float
    p_value: float
    interval: Estimate
    p_value_adjusted: float | None = None


def equivalence_test(found: Difference, *, margin: float, significance: float = 0.05) -> Equivalence:
    """Test whether a difference is smaller than what matters.

    Two one-sided t tests ask whether the difference is above -margin and whether it is below +margin; the larger of
    their p-values counts. Where there is no spread, it is that of the patterns of chance.
    Method: Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177.

    Args:
        found: From `mean_difference`, with a standard error.
        margin: The smallest difference that matters, above 0; chosen before the results are seen.
        significance: Of each one-sided test, in (0, 0.5).

    Raises:
        StatisticsError: If an arm has one run, or if `margin` is not above 0.

    Example:
        >>> from ceteris.statistics.difference import mean_difference
        >>> found = mean_difference({0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5}, {0: 0.501, 1: 0.498, 2: 0.502, 3: 0.500})
        >>> result = equivalence_test(found, margin=0.005)
        >>> f"p = {result.p_value:.4f} [{result.interval.low:+.4f}, {result.interval.high:+.4f}]"
        'p = 0.0057 [-0.0018, +0.0023]'
    """
    if not margin > 0:
        raise StatisticsError(
            f"margin is {margin}, expected a difference above 0. Declare the smallest difference that matters, for "
            "example 0.005 for half a percentage point."
        )
    return Equivalence(
        margin=margin,
        p_value=inside_margin_test(found, margin),
        interval=difference_interval(found, level=1 - 2 * significance),
    )


def adjusted_equivalence(family: Sequence[Equivalence | None]) -> tuple[Equivalence | None, ...]:
    """Fill in Holm's adjustment over all variations of a study; one with too few pairs, None, counts all the same."""
    p_values = holm([math.nan if entry is None else entry.p_value for entry in family])
    return tuple(
        None if entry is None else replace(entry, p_value_adjusted=float(p_value))
        for entry, p_value in zip(family, p_values, strict=True)
    )
