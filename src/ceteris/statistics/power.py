"""What a design can show before it is run, and how probable it is that more runs of it show what these did not."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import Difference
from ceteris.statistics.distributions import deviation_below, normal_below, normal_quantile, student_quantile
from ceteris.statistics.interval import Floats


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """How probable it is that more runs show a difference that these runs leave undecided.

    Attributes:
        baseline: Runs to add to the baseline.
        variation: Runs to add to the variation; 0 where the baseline has too few for its part in every comparison.
        probability: That the test then finds the difference, given these runs and the same spread.
        most: What no number of runs takes the probability above.
    """

    baseline: int
    variation: int
    probability: float
    most: float


_WORTHWHILE = 1.2
"""Baseline runs are proposed by themselves where they take at least a sixth off the variance of the difference."""


def forecast(found: Difference, p_value: float, *, comparisons: int, tests: int, level: float = 0.05) -> Forecast:
    """Say what more runs may show, from runs that left it undecided.

    The predictive probability Phi[(z sqrt(R) - c) / sqrt(R - 1)]: z is the normal deviate of the p-value, c the
    critical one of Holm's first step, and R by how much the squared standard error falls. It averages over what the
    true difference may be, and is no power at the estimate, which would promise too much. As R grows it tends to
    Phi(z). The baseline enters every comparison, so that its runs come first: it deserves the root of the number of
    variations times the runs of each. Where it has these, or they would gain little, both arms are doubled.
    Method: Spiegelhalter, Freedman and Blackburn 1986, doi:10.1016/0197-2456(86)90003-6.

    Args:
        found: The difference, with a standard error above 0.
        p_value: Of its test, two-sided, not adjusted.
        comparisons: Variations that the study compares with its baseline.
        tests: Of the family that is adjusted together.
        level: Significance level of the family, in (0, 1).

    Example:
        >>> from ceteris.statistics.difference import mean_difference
        >>> found = mean_difference({0: 0.5, 1: 0.52, 2: 0.51, 3: 0.5}, {0: 0.51, 1: 0.53, 2: 0.54, 3: 0.5})
        >>> chance = forecast(found, 0.1, comparisons=1, tests=2)
        >>> chance.baseline, chance.variation, round(chance.probability, 2), round(chance.most, 2)
        (4, 4, 0.53, 0.95)
    """
    baseline, variation = found.runs
    wanted = round(math.sqrt(comparisons) * variation)
    now = found.error_with(baseline, variation)

    def ratio(more: tuple[int, int]) -> float:
        return (now / found.error_with(baseline + more[0], variation + more[1])) ** 2

    add = (max(0, wanted - baseline), 0)
    if wanted < 1.5 * baseline or ratio(add) < _WORTHWHILE:
        add = (baseline, variation)
    z, critical = normal_quantile(1 - p_value / 2), normal_quantile(1 - level / (2 * tests))
    most = normal_below(z)
    probability = normal_below((z * math.sqrt(ratio(add)) - critical) / math.sqrt(ratio(add) - 1))
    return Forecast(baseline=add[0], variation=add[1], probability=min(probability, most), most=most)


def t_power(shift: float, degrees_of_freedom: float, *, level: float = 0.05) -> float:
    """Give the probability that a two-sided t test finds a difference that is there.

    The test finds it where the estimate is further from 0 than the critical value times its standard error. Given the
    estimate, which is normal, that is a question about the standard error, which is independent and chi distributed;
    the answer is averaged over the estimate. It equals the mass of the noncentral t distribution beyond the critical
    values, for few runs and strict levels too, where scipy's function for it gives not-a-number.
    Method: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2.

    Args:
        shift: The true difference in standard errors of its estimate: of paired differences with standard deviation s,
            the difference over s, times the root of the number of pairs.
        degrees_of_freedom: Of the test, at least 1.
        level: Significance level of the test, in (0, 1).

    Example:
        >>> round(t_power(0.5 * 34**0.5, 33), 3)
        0.808
    """
    critical = student_quantile(1 - level / 2, degrees_of_freedom)
    return _mean_over_normal(
        lambda means: deviation_below(np.abs(means) / critical, degrees_of_freedom),
        centre=abs(shift),
        steps=(-critical, critical),
        width=critical / math.sqrt(2 * degrees_of_freedom),
    )


def detectable_difference(
    baseline: int, variation: int, *, comparisons: int = 1, power: float = 0.8, level: float = 0.05
) -> float:
    """Say how large a difference must be for a design to show it, before it is run.

    With several comparisons the level is divided by the number of tests, an accuracy and a rate of collapse for each,
    as in Holm's first step, which is what the strictest of them has to pass. Seeds are taken to give two arms nothing
    in common, as was found: where they do, less can be shown.

    Args:
        baseline: Runs of the baseline, at least 1.
        variation: Runs of each variation, at least 1.
        comparisons: Variations that the study compares with its baseline.
        power: Probability of showing it, in (0, 1).
        level: Significance level over all tests, in (0, 1).

    Returns:
        In standard deviations over seeds, the same for both arms. Infinite where an arm has one run.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> (
        ...     round(detectable_difference(16, 16, comparisons=15), 2),
        ...     round(detectable_difference(48, 16, comparisons=15), 2),
        ... )
        (1.54, 1.27)
    """
    for name, count, advice in (
        ("baseline", baseline, "Run at least one seed of each arm."),
        ("variation", variation, "Run at least one seed of each arm."),
        ("comparisons", comparisons, "Give the number of variations."),
    ):
        if count < 1:
            raise StatisticsError(f"{name} is {count}, expected at least 1. {advice}")
    for name, value in (("power", power), ("level", level)):
        if not 0 < value < 1:
            raise StatisticsError(f"{name} is {value}, expected a probability between 0 and 1. Write 0.8 for 80 %.")
    if min(baseline, variation) == 1:
        return math.inf
    error = math.sqrt(1 / baseline + 1 / variation)
    degrees = error**4 / (1 / (baseline**2 * (baseline - 1)) + 1 / (variation**2 * (variation - 1)))
    return error * detectable_shift(degrees, power=power, level=level / (2 * comparisons))


@cache  # all variations of a study ask the same
def detectable_shift(degrees: float, *, power: float = 0.8, level: float = 0.05) -> float:
    """Give the difference, in its standard errors, that a t test finds with a power.

    Example:
        >>> round(detectable_shift(33), 2)
        2.89
    """
    high = 1.0
    while t_power(high, degrees, level=level) < power:
        high *= 2
    low = 0.0
    for _ in range(40):  # halvings, to within 1e-12
        middle = (low + high) / 2
        low, high = (middle, high) if t_power(middle, degrees, level=level) < power else (low, middle)
    return high


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
