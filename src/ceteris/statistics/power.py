"""What so many seeds can show, and how many more it would take."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import deviation_below, student_quantile
from ceteris.statistics.interval import Floats

MOST_SEEDS = 1_000
"""Where more seeds than this would be needed, no number is given: no study would run them."""


def paired_power(effect: float, pairs: int, *, level: float = 0.05) -> float:
    """Give the probability that the two-sided paired t test finds a difference that is there.

    The test finds it where the mean difference is further from 0 than the critical value times its standard error.
    Given the mean, which is normal, that is a question about the sample's deviation, which is independent and chi
    distributed; the answer is averaged over the mean. It equals the mass of the noncentral t distribution beyond the
    critical values, for few pairs and strict levels too, where scipy's function for it gives not-a-number.
    Method: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2.

    Args:
        effect: The true difference in standard deviations of the paired difference.
        pairs: Seeds that both arms have, at least 2.
        level: Significance level of the test, in (0, 1).

    Example:
        >>> round(paired_power(0.5, 34), 3)
        0.808
    """
    critical = student_quantile(1 - level / 2, pairs - 1)
    return _mean_over_normal(
        lambda means: deviation_below(np.abs(means) / critical, pairs - 1),
        centre=abs(effect) * math.sqrt(pairs),
        steps=(-critical, critical),
        width=critical / math.sqrt(2 * (pairs - 1)),
    )


def equivalence_power(effect: float, margin: float, pairs: int, *, level: float = 0.05) -> float:
    """Give the probability that two one-sided tests find a difference within a margin that is.

    They find it where the mean difference is inside the margin by more than the critical value times its standard
    error.
    Method: Phillips 1990, doi:10.1007/BF01063556, in the form of Shieh 2016, doi:10.1371/journal.pone.0162093.

    Args:
        effect: The true difference in standard deviations of the paired difference.
        margin: The margin, in the same unit.
        pairs: Seeds that both arms have, at least 2.
        level: Significance level of each one-sided test, in (0, 0.5).

    Example:
        >>> round(equivalence_power(0, 1, 12), 3)
        0.889
    """
    critical = student_quantile(1 - level, pairs - 1)
    bound = margin * math.sqrt(pairs)
    return _mean_over_normal(
        lambda means: deviation_below((bound - np.abs(means)) / critical, pairs - 1),
        centre=abs(effect) * math.sqrt(pairs),
        steps=(-bound, critical - bound, bound - critical, bound),
        width=critical / math.sqrt(2 * (pairs - 1)),
    )


def detectable_difference(pairs: int, *, comparisons: int = 1, power: float = 0.8, level: float = 0.05) -> float:
    """Say how large a difference must be for so many seeds to show it.

    To be shown beside every "undecided": a smaller difference may well be there. With several comparisons the level is
    divided by their number, as in Holm's first step, which is what the strictest of them has to pass.

    Args:
        pairs: Seeds that both arms have, at least 1.
        comparisons: Variations that the study compares with its baseline.
        power: Probability of showing it, in (0, 1).
        level: Significance level over all comparisons, in (0, 1).

    Returns:
        In standard deviations of the paired difference, which is about 1.4 times the deviation over seeds where a
        shared seed does not make runs alike. Infinite for one pair, which cannot show anything.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> round(detectable_difference(16), 2), round(detectable_difference(16, comparisons=14), 2)
        (0.75, 1.1)
    """
    level = _shared_level(pairs, comparisons, power, level)
    return math.inf if pairs == 1 else _detectable(pairs, power, level)


@cache  # all variations of a study ask the same
def _detectable(pairs: int, power: float, level: float) -> float:
    high = 1.0
    while paired_power(high, pairs, level=level) < power:
        high *= 2
    low = 0.0
    for _ in range(40):  # halvings, to within 1e-12
        middle = (low + high) / 2
        low, high = (middle, high) if paired_power(middle, pairs, level=level) < power else (low, middle)
    return high


def seeds_needed(
    difference: float, deviation: float, *, comparisons: int = 1, power: float = 0.8, level: float = 0.05
) -> int | None:
    """Say how many seeds would show a difference.

    Args:
        difference: The difference to be shown, for example the one measured so far.
        deviation: Standard deviation of the paired difference, in the same unit; where it is 0, the sign-flip test has
            to pass instead of the t test.
        comparisons: Variations that the study compares with its baseline.
        power: Probability of showing it, in (0, 1).
        level: Significance level over all comparisons, in (0, 1).

    Returns:
        Seeds per arm, at least 2; None where it would take more than `MOST_SEEDS`.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> seeds_needed(0.01, 0.02)
        34
    """
    level = _shared_level(1, comparisons, power, level)
    if difference == 0:
        return None
    if deviation == 0:
        return math.ceil(math.log2(2 / level))
    return _first(lambda pairs: paired_power(difference / deviation, pairs, level=level) >= power)


def seeds_needed_for_equivalence(
    difference: float,
    deviation: float,
    margin: float,
    *,
    comparisons: int = 1,
    power: float = 0.8,
    level: float = 0.05,
) -> int | None:
    """Say how many seeds would show that a difference stays within a margin.

    Args:
        difference: The true difference to plan with, for example the one measured so far.
        deviation: Standard deviation of the paired difference, in the same unit; where it is 0, the sign-flip test has
            to pass instead of the t test.
        margin: The margin, in the same unit.
        comparisons: Variations that the study compares with its baseline.
        power: Probability of showing it, in (0, 1).
        level: Significance level over all comparisons, in (0, 0.5).

    Returns:
        Seeds per arm, at least 2; None where the difference is outside the margin, or where it would take more than
        `MOST_SEEDS`.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> seeds_needed_for_equivalence(0, 0.02, 0.01)
        36
    """
    level = _shared_level(1, comparisons, power, level)
    if abs(difference) >= margin:
        return None
    if deviation == 0:
        return max(2, math.ceil(math.log2(1 / level)))
    effect, bound = difference / deviation, margin / deviation
    return _first(lambda pairs: equivalence_power(effect, bound, pairs, level=level) >= power)


def _mean_over_normal(
    probability: Callable[[Floats], Floats], *, centre: float, steps: tuple[float, ...], width: float
) -> float:
    """Average a probability over normal means of deviation 1, with more points where it rises in a step of a width."""
    fine = [step + width * turn for step in steps for turn in range(-8, 9)]
    coarse = [centre + offset for offset in range(-9, 10)]  # beyond 9 deviations lies 1e-19 of the mass
    edges = np.unique(np.clip([0.0, *fine, *coarse], centre - 9, centre + 9))
    nodes, weights = _gauss_legendre()
    halves = np.diff(edges)[:, None] / 2
    means = edges[:-1, None] + halves * (1 + nodes)
    density = np.exp(-((means - centre) ** 2) / 2) / math.sqrt(2 * math.pi)
    return float((probability(means) * density * halves * weights).sum())


@cache
def _gauss_legendre() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    return nodes, weights


def _first(enough: Callable[[int], bool]) -> int | None:
    """Find the smallest number of pairs that is enough, knowing that more are never less."""
    low, high = 1, 2
    while not enough(high):
        if high >= MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _shared_level(pairs: int, comparisons: int, power: float, level: float) -> float:
    if pairs < 1:
        raise StatisticsError(f"pairs is {pairs}, expected at least 1. Run at least one seed of each arm.")
    if comparisons < 1:
        raise StatisticsError(f"comparisons is {comparisons}, expected at least 1. Give the number of variations.")
    for name, value in (("power", power), ("level", level)):
        if not 0 < value < 1:
            raise StatisticsError(f"{name} is {value}, expected a probability between 0 and 1. Write 0.8 for 80 %.")
    return level / comparisons
