"""Differences by seed, and the t tests of them."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import student_above
from ceteris.statistics.interval import Estimate, student_interval
from ceteris.statistics.sample import Floats, checked, describe

_ROUNDING = 8 * np.finfo(np.float64).eps  # relative to the largest score; smaller differences are none


def paired_difference(baseline: ArrayLike, variation: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Estimate how much a variation changes the baseline's score, pairing runs by seed.

    What a shared seed fixes in both runs cancels in the difference; the interval is Student's t over the pairs, which
    suits the 5 to 30 seeds that a study can afford.
    Method: Student 1908, doi:10.2307/2331554. Why seeds vary at all: Bouthillier et al. 2021, arXiv:2103.03098.

    Args:
        baseline: Test accuracy per seed, a fraction in [0, 1]. Shape (seeds,).
        variation: The same seeds, in the same order. Shape (seeds,).
        level: Coverage of the interval, in (0, 1).

    Returns:
        Variation minus baseline, as a fraction: 0.01 is one percentage point. For one pair, or equal differences, a
        point estimate.

    Raises:
        StatisticsError: If the two shapes differ, if there are no scores, or if one is not finite.

    Example:
        >>> gain = paired_difference([0.90, 0.91, 0.92], [0.92, 0.92, 0.95])
        >>> f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        '+0.020 [-0.005, +0.045]'
    """
    return student_interval(describe(differences(baseline, variation)), level=level)


def differences(baseline: ArrayLike, variation: ArrayLike) -> Floats:
    """Subtract scores pair by pair, and see through rounding: differences that should be equal, or 0, are.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: The same seeds, in the same order. Shape (seeds,).

    Returns:
        Variation minus baseline. Shape (seeds,).

    Raises:
        StatisticsError: If the two shapes differ, if there are no scores, or if one is not finite.

    Example:
        >>> float(differences([0.1, 0.2], [0.3, 0.4]).std())
        0.0
    """
    before, after = checked(baseline, "baseline scores"), checked(variation, "scores of the variation")
    if len(before) != len(after):
        raise StatisticsError(
            f"cannot pair {len(before)} baseline scores with {len(after)} of the variation, expected one of each per "
            "seed. Leave out the seeds that only one of them has."
        )
    changes = after - before
    noise = _ROUNDING * max(np.abs(before).max(), np.abs(after).max())
    changes[np.abs(changes) <= noise] = 0.0
    if np.ptp(changes) <= noise:
        changes[:] = (changes.min() + changes.max()) / 2
    return changes


def paired_t_test(changes: ArrayLike) -> float:
    """Test whether paired differences average to 0, assuming that they are about normally distributed.

    t is the mean difference over its standard error, with pairs - 1 degrees of freedom. Where all differences are equal
    there is no standard error, and two equal differences would pass for certainty; the p-value is then the sign-flip
    test's, 2 / 2 ** pairs.
    Method: Student 1908, doi:10.2307/2331554.

    Args:
        changes: Variation minus baseline, from `differences`. Shape (pairs,), at least 2.

    Returns:
        The two-sided p-value.

    Raises:
        StatisticsError: If there are fewer than two differences, or if one is not finite.

    Example:
        >>> round(paired_t_test([0.02, 0.01, 0.03]), 4)
        0.0742
    """
    sample = describe(checked(changes, "differences"))
    if sample.deviation is None:
        raise StatisticsError("1 difference shows no spread to test it against, expected at least 2. Run more seeds.")
    if sample.deviation == 0:
        return 1.0 if sample.mean == 0 else 2.0 ** (1 - sample.size)
    t = sample.mean / (sample.deviation / math.sqrt(sample.size))
    return 2 * student_above(abs(t), sample.size - 1)


def seed_correlation(baseline: ArrayLike, variation: ArrayLike) -> float | None:
    """Measure how much a shared seed makes two runs alike: Pearson's correlation of their scores.

    Pairing removes this share of the variance of a difference, and gains nothing where it is 0, which is common.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: The same seeds, in the same order. Shape (seeds,).

    Returns:
        In [-1, 1], or nothing for fewer than three pairs (two always give -1 or 1) or where an arm has no spread.

    Raises:
        StatisticsError: If the two shapes differ, if there are no scores, or if one is not finite.

    Example:
        >>> round(seed_correlation([0.90, 0.91, 0.92], [0.92, 0.92, 0.95]), 3)
        0.866
    """
    differences(baseline, variation)  # for its checks
    before, after = np.asarray(baseline, np.float64), np.asarray(variation, np.float64)
    if len(before) < 3 or before.min() == before.max() or after.min() == after.max():
        return None
    before, after = before - before.mean(), after - after.mean()
    return float(np.clip((before @ after) / math.sqrt((before @ before) * (after @ after)), -1, 1))
