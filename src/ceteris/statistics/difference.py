"""The difference of two arms' means, whatever seeds they have in common: the partially overlapping t."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import normal_quantile, student_above, student_quantile
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked, checked_level, describe
from ceteris.statistics.paired import differences


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference of two means, and what a t test of it needs.

    Attributes:
        estimate: Variation minus baseline.
        runs: Of the baseline and of the variation.
        common: Seeds that both have.
        standard_error: Of the estimate; exactly 0 where no run differs from another of its arm, or all pairs differ
            alike, and None where an arm is too small for its spread to be known.
        degrees_of_freedom: Of Student's t; not-a-number without a standard error above 0.
        standard_deviations: Over the seeds of the baseline and of the variation; None for one run.
        correlation: Of the two arms over the common seeds, in [-1, 1]; None for fewer than two, or without spread.
    """

    estimate: float
    runs: tuple[int, int]
    common: int
    standard_error: float | None
    degrees_of_freedom: float
    standard_deviations: tuple[float | None, float | None]
    correlation: float | None

    @property
    def smallest_p(self) -> float:
        """The two-sided p-value of a certain difference without any spread: how few patterns of chance give it.

        Of pairs that all differ alike, two of 2 ** pairs patterns of signs; of arms without common seeds, two of all
        ways to deal the runs into two arms.
        """
        if self.runs == (self.common, self.common):
            return 2.0 ** (1 - self.common)
        return min(1.0, 2 / math.comb(sum(self.runs), self.runs[0]))

    def error_with(self, baseline: int, variation: int) -> float:
        """Give the standard error with other numbers of runs, as many common seeds as can be, and the same spread."""
        first, second = (deviation or 0.0 for deviation in self.standard_deviations)
        shared = 2 * (self.correlation or 0.0) * first * second * min(baseline, variation) / (baseline * variation)
        return math.sqrt(max(0.0, first**2 / baseline + second**2 / variation - (shared if self.common else 0.0)))


def mean_difference(baseline: Mapping[int, float], variation: Mapping[int, float]) -> Difference:
    """Compare the means of two arms that share some of their seeds, all, or none.

    The partially overlapping t: the difference of the means of all runs, over its standard error
    sqrt(s1^2 / n1 + s0^2 / n0 - 2 r s1 s0 nc / (n1 n0)), where nc seeds are common and r is the correlation of the arms
    over these; its degrees of freedom lie between those of the paired test and Welch's. With all seeds in common it is
    the paired t test, with none Welch's.
    Method: Derrick, Toher and White 2017, Journal of Modern Applied Statistical Methods 16,
    doi:10.22237/jmasm/1493597280.

    Args:
        baseline: One number per seed.
        variation: Likewise; a seed that both have is the same chance for both.

    Raises:
        StatisticsError: If an arm is empty, or if a number is not finite.

    Example:
        >>> found = mean_difference({0: 0.50, 1: 0.52, 2: 0.51, 3: 0.50}, {0: 0.53, 1: 0.56, 2: 0.54})
        >>> f"{found.estimate:.4f} {found.standard_error:.4f} {found.degrees_of_freedom:.2f}"
        '0.0358 0.0054 2.17'
    """
    common = sorted(baseline.keys() & variation.keys())
    before = checked(list(baseline.values()), "baseline scores")
    after = checked(list(variation.values()), "scores of the variation")
    if len(common) == len(before) == len(after):
        return _paired(np.array([baseline[seed] for seed in common]), np.array([variation[seed] for seed in common]))
    first, second = describe(before), describe(after)
    shared = [(baseline[seed], variation[seed]) for seed in common]
    return _overlapping(
        (first.mean, second.mean),
        (first.size, second.size),
        (first.deviation, second.deviation),
        np.array(shared).reshape(-1, 2),
    )


def _paired(before: Floats, after: Floats) -> Difference:
    sample = describe(differences(before, after))
    error = None if sample.deviation is None else sample.deviation / math.sqrt(sample.size)
    return Difference(
        estimate=sample.mean,
        runs=(sample.size, sample.size),
        common=sample.size,
        standard_error=error,
        degrees_of_freedom=float(sample.size - 1) if error else math.nan,
        standard_deviations=(describe(before).deviation, describe(after).deviation),
        correlation=_correlation(before, after),
    )


def _overlapping(
    means: tuple[float, float],
    runs: tuple[int, int],
    deviations: tuple[float | None, float | None],
    shared: Floats,
) -> Difference:
    (n0, n1), (s0, s1), common = runs, deviations, len(shared)
    correlation = _correlation(shared[:, 0], shared[:, 1])
    error, degrees = None, math.nan
    if s0 is not None and s1 is not None:
        v0, v1 = s0**2 / n0, s1**2 / n1
        error = math.sqrt(max(0.0, v0 + v1 - 2 * (correlation or 0.0) * s0 * s1 * common / (n0 * n1)))
        if error:
            welch = (v0 + v1) ** 2 / (v0**2 / (n0 - 1) + v1**2 / (n1 - 1))
            alone = n0 + n1 - 2 * common
            # With no common seed the formula of the overlap gives Welch's degrees of freedom.
            degrees = (common - 1) + (welch - common + 1) * alone / (alone + 2 * common)
    return Difference(
        estimate=means[1] - means[0],
        runs=runs,
        common=common,
        standard_error=error,
        degrees_of_freedom=degrees,
        standard_deviations=deviations,
        correlation=correlation,
    )


def _correlation(before: Floats, after: Floats) -> float | None:
    if len(before) < 2 or before.min() == before.max() or after.min() == after.max():
        return None
    before, after = before - before.mean(), after - after.mean()
    return float(np.clip((before @ after) / math.sqrt((before @ before) * (after @ after)), -1, 1))


def difference_interval(found: Difference, *, level: float) -> Estimate:
    """Put Student's error bars around a difference, if it has a spread.

    Example:
        >>> found = mean_difference({0: 0.90, 1: 0.91, 2: 0.92}, {0: 0.92, 1: 0.92, 2: 0.95})
        >>> gain = difference_interval(found, level=0.95)
        >>> f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        '+0.020 [-0.005, +0.045]'
    """
    checked_level(level)
    if not found.standard_error:
        return PointEstimate(estimate=found.estimate)
    half = student_quantile((1 + level) / 2, found.degrees_of_freedom) * found.standard_error
    return Interval(estimate=found.estimate, low=found.estimate - half, high=found.estimate + half, level=level)


def difference_test(found: Difference) -> float:
    """Give the two-sided p-value of a difference; where there is no spread, that of the patterns of chance.

    Raises:
        StatisticsError: If an arm has too few runs for a spread.

    Example:
        >>> round(difference_test(mean_difference({0: 0.90, 1: 0.91, 2: 0.92}, {7: 0.92, 8: 0.92, 9: 0.95})), 4)
        0.1759
    """
    error = _known_error(found)
    if error == 0:
        return found.smallest_p if found.estimate else 1.0
    return 2 * student_above(abs(found.estimate) / error, found.degrees_of_freedom)


def inside_margin_test(found: Difference, margin: float) -> float:
    """Give the larger p-value of the two one-sided tests that a difference lies inside a margin, either way.

    Raises:
        StatisticsError: If an arm has too few runs for a spread.
    """
    error, inside = _known_error(found), margin - abs(found.estimate)
    if error == 0:
        return found.smallest_p / 2 if inside > 0 else 1.0
    return student_above(inside / error, found.degrees_of_freedom)


def _known_error(found: Difference) -> float:
    if found.standard_error is None:
        raise StatisticsError(
            f"{found.runs[0]} and {found.runs[1]} runs show no spread to test a difference against, expected at least "
            "2 of each arm. Run more seeds."
        )
    return found.standard_error


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """How much a shared seed makes the runs of two arms alike.

    Attributes:
        estimate: Pearson's correlation over the common seeds, in [-1, 1].
        interval: Fisher's interval; None for fewer than four seeds, which say nothing about it.
        share: What pairing takes off the variance of a difference, 2 r s1 s0 / (s1^2 + s0^2): below 0 where it adds.
    """

    estimate: float
    interval: Interval | None
    share: float


def seed_correlation(found: Difference, *, level: float = 0.95) -> Correlation | None:
    """Say what sharing seeds gained; None for fewer than three common seeds, or where an arm has no spread.

    Method of the interval: Fisher 1921, On the probable error of a coefficient of correlation, Metron 1.

    Example:
        >>> shared = mean_difference({0: 0.1, 1: 0.2, 2: 0.3, 3: 0.5}, {0: 0.2, 1: 0.2, 2: 0.4, 3: 0.5})
        >>> gained = seed_correlation(shared)
        >>> f"{gained.estimate:.2f} [{gained.interval.low:.2f}, {gained.interval.high:.2f}] {gained.share:.2f}"
        '0.94 [-0.19, 1.00] 0.94'
    """
    first, second = found.standard_deviations
    r = found.correlation
    if r is None or found.common < 3 or not first or not second:
        return None
    interval = None
    if found.common >= 4 and abs(r) < 1:
        half = normal_quantile((1 + level) / 2) / math.sqrt(found.common - 3)
        low, high = (math.tanh(math.atanh(r) + side * half) for side in (-1, 1))
        interval = Interval(estimate=r, low=low, high=high, level=level)
    return Correlation(estimate=r, interval=interval, share=2 * r * first * second / (first**2 + second**2))
