"""The probability that the variation beats the baseline."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ceteris.statistics.distributions import normal_quantile
from ceteris.statistics.interval import Estimate, Interval, PointEstimate
from ceteris.statistics.paired import differences


def probability_to_beat(
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

    Raises:
        StatisticsError: If the two shapes differ, if there are no scores, or if one is not finite.

    Example:
        >>> wins = probability_to_beat([0.90, 0.91, 0.92, 0.90], [0.92, 0.92, 0.95, 0.89])
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
