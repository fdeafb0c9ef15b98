"""Differences by seed, without assuming their distribution: exact sign-flip test, probability of superiority."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import normal_quantile
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked

_ROUNDING = 8 * np.finfo(np.float64).eps  # relative to the largest score; smaller differences are none


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


SUBSET_PAIRS = 20
"""Up to so many pairs the interval of the sign-flip test goes through the means of all subsets, a million."""


def sign_flip_interval(
    changes: ArrayLike, *, significance: float, generator: np.random.Generator | None = None
) -> tuple[Estimate, float]:
    """Bound a paired difference by the sign-flip test: by all shifts that the test does not reject.

    Interval and p-value are of one test: the interval leaves out 0 where the p-value is at most the significance, and
    nowhere else. A shift is rejected by how many subsets of the pairs have a mean difference beyond it, so that the
    ends are means of subsets ("typical values"; Hartigan 1969, JASA 64, 1303). The interval
    assumes that differences are symmetric about one shift; the p-value only that both arms are alike if there is none.

    Args:
        changes: Variation minus baseline. Shape (pairs,).
        significance: The interval covers 1 - significance.
        generator: Draws subsets where there are more than `SUBSET_PAIRS` pairs.

    Returns:
        The mean difference with its interval, and the two-sided p-value. A point estimate where all differences are
        equal, or where so few pairs reject no shift: 5 at the level of 5 %.

    Raises:
        StatisticsError: If there are more than `SUBSET_PAIRS` and no generator.

    Example:
        >>> gain, p_value = sign_flip_interval([-3, -2, -4, -1, -2, -1], significance=0.05)
        >>> f"{gain.estimate:.2f} [{gain.low:.0f}, {gain.high:.0f}] {p_value}"
        '-2.17 [-4, -1] 0.03125'
    """
    values = checked(changes, "differences")
    estimate = float(values.mean())
    means = _subset_means(values, generator)
    patterns = len(means) + 1  # the empty subset too: the pattern that was seen
    beyond = 1 + min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    p_value = min(1.0, 2 * float(beyond) / patterns)
    rank = math.floor(significance * patterns / 2)  # so many of the most extreme means are rejected shifts
    if rank == 0 or values.min() == values.max():
        return PointEstimate(estimate=estimate), p_value
    ordered = np.partition(means, (rank - 1, len(means) - rank))
    low, high = float(ordered[rank - 1]), float(ordered[-rank])
    return Interval(estimate=estimate, low=low, high=high, level=1 - significance), p_value


def _subset_means(values: Floats, generator: np.random.Generator | None) -> Floats:
    """Give the mean of every subset of some numbers but the empty one, or of subsets drawn at random."""
    if len(values) <= SUBSET_PAIRS:
        sums = sizes = np.zeros(1)
        for value in values:
            sums, sizes = np.concatenate([sums, sums + value]), np.concatenate([sizes, sizes + 1])
        return sums[1:] / sizes[1:]
    if generator is None:
        raise StatisticsError(
            f"{len(values)} pairs have 2 ** {len(values)} subsets, expected at most {SUBSET_PAIRS} pairs to go through "
            f"them all. Give a generator to draw {RANDOM_PATTERNS:,} of them, for example "
            "generator=np.random.default_rng(0)."
        )
    drawn = generator.integers(0, 2, (RANDOM_PATTERNS, len(values)), dtype=np.int8)
    sizes = drawn.sum(axis=1)
    means: Floats = (drawn @ values)[sizes > 0] / sizes[sizes > 0]
    return means
