"""Numbers measured once per seed, and an estimate with its confidence interval, or without one."""

import math
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import student_quantile

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What Student's methods need to know about a sample.

    Attributes:
        size: How many numbers.
        mean: Their mean.
        deviation: Their standard deviation, with size - 1 in the denominator: exactly 0 where all are equal, and
            None where one number has no spread to speak of.
    """

    size: int
    mean: float
    deviation: float | None


def checked(values: ArrayLike, name: str) -> Floats:
    """Make sure that values are one finite number per seed.

    Args:
        values: Shape (seeds,).
        name: What they are called in a message, in the plural.

    Raises:
        StatisticsError: If there are none, if they have another shape, or if one is not finite.

    Example:
        >>> checked([1, 0.5], "scores")
        array([1. , 0.5])
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise StatisticsError(f"{name} have shape {array.shape}, expected (seeds,). Give one number per seed.")
    if not len(array):
        raise StatisticsError(f"{name}: there are none, expected one per seed. Give at least one.")
    finite = np.isfinite(array)
    if not finite.all():
        index = int(np.argmin(finite))
        raise StatisticsError(
            f"{name}: number {index} of {len(array)} (from 0) is {array[index]}, expected finite numbers. "
            "Leave failed runs out, and count diverged ones with chance accuracy."
        )
    return array


def describe(values: Floats) -> Sample:
    """Reduce checked numbers to what Student's methods need."""
    size = len(values)
    if size == 1:
        return Sample(size=1, mean=float(values[0]), deviation=None)
    if values.min() == values.max():
        # numpy's mean of equal numbers may be off by a rounding error, which would give them a spread of 1e-17.
        return Sample(size=size, mean=float(values[0]), deviation=0.0)
    return Sample(size=size, mean=float(values.mean()), deviation=float(values.std(ddof=1)))


class Scope(Enum):
    """What an interval speaks about: what would vary if the study were done again."""

    SEEDS = auto()
    SEEDS_AND_IMAGES = auto()


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate and the range that covers the truth in a stated share of studies.

    Attributes:
        estimate: The best single value.
        low: Lower end.
        high: Upper end.
        level: Coverage, in (0, 1).
        scope: What would vary if the study were done again.
    """

    estimate: float
    low: float
    high: float
    level: float
    scope: Scope = Scope.SEEDS


@dataclass(frozen=True, kw_only=True)
class PointEstimate:
    """An estimate without error bars: all that one seed can give, or seeds whose numbers are all equal.

    It is a type of its own, without `low` and `high`, so that no table can show an interval that they cannot have.

    Attributes:
        estimate: The value.
    """

    estimate: float


Estimate = Interval | PointEstimate


def mean_interval(scores: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Say how good a network is on average over seeds, and how surely these seeds tell.

    The mean, plus and minus Student's t quantile (seeds - 1 degrees of freedom) times the standard deviation over the
    root of the number of seeds. In small samples its coverage is closer to what it says than a bootstrap's (Hesterberg
    2015, arXiv:1411.5279). Where all scores are equal there is no interval: these seeds show no spread, which is not to
    say that there is none.

    Args:
        scores: One number per seed, for example test accuracy. Shape (seeds,).
        level: Coverage, in (0, 1).

    Returns:
        An interval; for one seed, or equal scores, a point estimate, since they show no spread.

    Example:
        >>> mean = mean_interval([0.90, 0.91, 0.92])
        >>> f"{mean.estimate:.3f} [{mean.low:.3f}, {mean.high:.3f}]"
        '0.910 [0.885, 0.935]'
        >>> mean_interval([0.9])
        PointEstimate(estimate=0.9)
    """
    return student_interval(describe(checked(scores, "scores")), level=level)


def student_interval(sample: Sample, *, level: float) -> Estimate:
    """Put Student's error bars around the mean of a sample, if it has a spread."""
    checked_level(level)
    if not sample.deviation:
        return PointEstimate(estimate=sample.mean)
    half = student_quantile((1 + level) / 2, sample.size - 1) * sample.deviation / math.sqrt(sample.size)
    return Interval(estimate=sample.mean, low=sample.mean - half, high=sample.mean + half, level=level)


def checked_level(level: float) -> None:
    """Make sure that a coverage is one.

    Raises:
        StatisticsError: If it is not in (0, 1).
    """
    if not 0 < level < 1:
        raise StatisticsError(f"level is {level}, expected a coverage between 0 and 1. Write 0.95 for 95 %.")
