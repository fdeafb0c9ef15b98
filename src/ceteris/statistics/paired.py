"""Differences by seed: t test, exact sign-flip test, correlation over seeds, probability of superiority."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import normal_quantile, student_above
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked, describe, student_interval

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
        In [-1, 1], or None for fewer than three pairs (two always give -1 or 1) or where an arm has no spread.

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


def probability_of_superiority(
    baseline: ArrayLike, variation: ArrayLike, *, higher_is_better: bool = True, level: float = 0.95
) -> Estimate:
    """Estimate how often a run of the variation beats the run of the baseline that has the same seed.

    The share of pairs that the variation wins, ties counted half, with Wilson's interval for a proportion (Wilson 1927,
    doi:10.1080/01621459.1927.10502953; recommended for few observations by Brown, Cai and DasGupta 2001,
    doi:10.1214/ss/1009213286). Why to look at it: a difference can be certain and yet rarely matter in a single run;
    Bouthillier et al. 2021, arXiv:2103.03098, ask for 0.75 before they call an algorithm better.

    Args:
        baseline: One number per seed. Shape (seeds,).
        variation: The same seeds, in the same order. Shape (seeds,).
        higher_is_better: Whether the larger number wins, as with accuracy, or the smaller, as with time.
        level: Coverage, in (0, 1).

    Returns:
        In [0, 1]; for one pair, or where all pairs are tied, a point estimate.

    Example:
        >>> wins = probability_of_superiority([0.90, 0.91, 0.92, 0.90], [0.92, 0.92, 0.95, 0.89])
        >>> f"{wins.estimate:.2f} [{wins.low:.2f}, {wins.high:.2f}]"
        '0.75 [0.30, 0.95]'
    """
    gains = differences(baseline, variation) * (1 if higher_is_better else -1)
    pairs = len(gains)
    wins = float(np.count_nonzero(gains > 0) + np.count_nonzero(gains == 0) / 2)
    if pairs == 1 or not gains.any():
        return PointEstimate(estimate=wins / pairs)
    z = normal_quantile((1 + level) / 2)
    centre = (wins + z**2 / 2) / (pairs + z**2)
    half = z / (pairs + z**2) * math.sqrt(wins * (pairs - wins) / pairs + z**2 / 4)
    # At 0 and at `pairs` wins an end of the interval is the estimate, but for rounding.
    low = 0.0 if wins == 0 else centre - half
    high = 1.0 if wins == pairs else centre + half
    return Interval(estimate=wins / pairs, low=low, high=high, level=level)


EXACT_PAIRS = 32
"""Up to so many pairs all sign patterns are gone through: 4 billion in 5 ms, as the sums of two half patterns."""

RANDOM_PATTERNS = 99_999
"""Sign patterns drawn for more pairs: a p-value of 0.05 is then known to within 0.0014 (95 %)."""

_SUM_ROUNDING = 1e-10  # relative to the sum of all differences; sums this close are equal but for rounding


def sign_flip_test(changes: ArrayLike, *, generator: np.random.Generator | None = None) -> float:
    """Test a paired difference without assuming that it is normally distributed.

    If the variation changed nothing, swapping it with the baseline in any one pair would be as likely, so every pattern
    of signs would be. The p-value is the share of the 2 ** pairs patterns whose mean is at least as far from 0 as the
    one that was seen. No assumption but that one is made, and one diverged run cannot spoil it; but it cannot go below
    2 / 2 ** pairs, which is 0.06 for 5 pairs and 0.008 for 8.
    Method: Fisher 1935, The Design of Experiments, chapter 3. The patterns are counted as sums of two half patterns
    (Horowitz and Sahni 1974, doi:10.1145/321812.321823), which takes the root of the time.

    Args:
        changes: Variation minus baseline. Shape (pairs,).
        generator: Draws sign patterns where there are more than `EXACT_PAIRS` pairs; the p-value is then
            (1 + patterns as extreme) / (1 + patterns drawn) (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).

    Returns:
        The two-sided p-value.

    Raises:
        StatisticsError: If there are more than `EXACT_PAIRS` and no generator.

    Example:
        >>> sign_flip_test([0.02, 0.01, 0.03, 0.01, 0.02, 0.01])
        0.03125
    """
    values = checked(changes, "differences")
    pairs = len(values)
    threshold = abs(values.sum()) - _SUM_ROUNDING * np.abs(values).sum()
    if pairs <= EXACT_PAIRS:
        # Every pattern has a mirror image, so as many sums lie below -threshold as above it.
        return 1.0 if threshold <= 0 else 2 * _sums_from(values, threshold) / 2**pairs
    if generator is None:
        raise StatisticsError(
            f"the sign-flip test of {pairs} pairs has 2 ** {pairs} sign patterns, expected at most {EXACT_PAIRS} pairs "
            f"to go through them all. Give a generator to draw {RANDOM_PATTERNS:,} of them, for example "
            "generator=np.random.default_rng(0)."
        )
    signs = 2.0 * generator.integers(0, 2, (RANDOM_PATTERNS, pairs), dtype=np.int8) - 1.0
    extreme = int(np.count_nonzero(np.abs(signs @ values) >= threshold))
    return (1 + extreme) / (1 + RANDOM_PATTERNS)


def _sums_from(values: Floats, threshold: float) -> int:
    """Count the sign patterns whose sum is at least the threshold."""
    half = len(values) // 2
    first, second = np.sort(_signed_sums(values[:half])), np.sort(_signed_sums(values[half:]))
    return int((len(second) - np.searchsorted(second, threshold - first)).sum())


def _signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
