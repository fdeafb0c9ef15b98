"""Two arms whose runs are not paired: the difference of their means, each with its own spread."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from ceteris.statistics.distributions import student_above, student_quantile
from ceteris.statistics.equivalence import Equivalence, checked_margin
from ceteris.statistics.interval import Estimate, Interval, PointEstimate, checked, checked_level, describe


def welch_difference(baseline: ArrayLike, variation: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Estimate the difference of two means where a shared seed fixes nothing in both, or seeds are not shared.

    Student's t quantile with Welch and Satterthwaite's degrees of freedom times the standard error of the difference.
    Where runs are paired, use `ceteris.statistics.paired.paired_difference`: what the pairs share would count as noise.
    Method: Welch 1947, doi:10.1093/biomet/34.1-2.28.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: Need not have the same seeds. Shape (other seeds,).
        level: Coverage of the interval, in (0, 1).

    Returns:
        Variation minus baseline. A point estimate where an arm has one seed, or where neither arm has any spread.

    Example:
        >>> gain = welch_difference([0.90, 0.91, 0.92], [0.92, 0.92, 0.95])
        >>> f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        '+0.020 [-0.015, +0.055]'
    """
    checked_level(level)
    found = _welch(baseline, variation)
    if not found.error:
        return PointEstimate(estimate=found.difference)
    half = student_quantile((1 + level) / 2, found.freedom) * found.error
    return Interval(estimate=found.difference, low=found.difference - half, high=found.difference + half, level=level)


def welch_test(baseline: ArrayLike, variation: ArrayLike) -> float | None:
    """Test the difference of two means as if the seeds were not shared, each arm with its own spread.

    It is shown beside the paired test because a shared seed may mean little: one flipped bit at the start can undo it
    (Summers and Dinneen 2021, arXiv:2103.04514).
    Method: Welch 1947, doi:10.1093/biomet/34.1-2.28.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: Need not have the same seeds. Shape (other seeds,).

    Returns:
        The two-sided p-value, or None where an arm has one seed or where neither arm has any spread.

    Example:
        >>> round(welch_test([0.90, 0.91, 0.92], [0.92, 0.92, 0.95]), 4)
        0.1759
    """
    found = _welch(baseline, variation)
    return 2 * student_above(abs(found.difference) / found.error, found.freedom) if found.error else None


def welch_equivalence_test(
    baseline: ArrayLike, variation: ArrayLike, *, margin: float, significance: float = 0.05
) -> Equivalence | None:
    """Test whether the difference of two means is smaller than what matters, without pairs.

    Two one-sided tests with Welch's standard error and degrees of freedom; the larger of their p-values counts.
    Method: Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: Need not have the same seeds. Shape (other seeds,).
        margin: The smallest difference that matters, above 0; chosen before the results are seen.
        significance: Of each one-sided test, in (0, 0.5).

    Returns:
        None where an arm has one seed or where neither arm has any spread.

    Raises:
        StatisticsError: If an arm is empty, if a number is not finite, or if `margin` is not above 0.

    Example:
        >>> equal = welch_equivalence_test([0.601, 0.602, 0.600], [0.601, 0.603, 0.602], margin=0.005)
        >>> round(equal.p_value, 4)
        0.004
    """
    checked_margin(margin)
    found = _welch(baseline, variation)
    interval = welch_difference(baseline, variation, level=1 - 2 * significance)
    if not found.error or not isinstance(interval, Interval):
        return None
    p_value = student_above((margin - abs(found.difference)) / found.error, found.freedom)
    return Equivalence(margin=margin, p_value=p_value, interval=interval)


@dataclass(frozen=True, kw_only=True)
class _Welch:
    """A difference of means, its standard error (None where an arm has one seed), and its degrees of freedom."""

    difference: float
    error: float | None
    freedom: float


def _welch(baseline: ArrayLike, variation: ArrayLike) -> _Welch:
    before = describe(checked(baseline, "baseline scores"))
    after = describe(checked(variation, "scores of the variation"))
    difference = after.mean - before.mean
    if before.deviation is None or after.deviation is None:
        return _Welch(difference=difference, error=None, freedom=math.nan)
    if not before.deviation and not after.deviation:
        return _Welch(difference=difference, error=0.0, freedom=math.nan)
    before_error, after_error = before.deviation**2 / before.size, after.deviation**2 / after.size
    error = before_error + after_error
    freedom = error**2 / (before_error**2 / (before.size - 1) + after_error**2 / (after.size - 1))
    return _Welch(difference=difference, error=math.sqrt(error), freedom=freedom)
