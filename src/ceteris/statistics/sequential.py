"""Testing again as seeds are added, with the error rate of a single look: group-sequential levels, and e-values."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import normal_above, normal_quantile
from ceteris.statistics.interval import Floats

FEWEST_SEEDS = 6
"""At a first look with fewer seeds, Student's t is too far from the normal process that the levels come from."""


@dataclass(frozen=True, kw_only=True)
class LookPlan:
    """When the results of a study are looked at, declared beforehand.

    Attributes:
        first: Seeds of each arm at the first look.
        step: Seeds that are added before each other look.
        most: Seeds at the last look; None where there may always be another.
    """

    first: int
    step: int
    most: int | None = None

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """Seeds at each look; None where there may always be another."""
        return None if self.most is None else (*range(self.first, self.most, self.step), self.most)

    def size(self, look: int) -> int:
        """Give the seeds at a look, counted from 0."""
        seeds = self.first + self.step * look
        return seeds if self.most is None else min(seeds, self.most)


_NODES_PER_STEP = 4
"""Nodes of the quadrature per standard deviation of one step of the process: the levels are exact to 1e-12."""
_HALVINGS = 60


@cache
def nominal_levels(sizes: tuple[int, ...], level: float) -> tuple[float, ...]:
    """Give the level of a two-sided test at each look, so that all looks together err at a level.

    By look k, the part level * (n_k / n_K) ** 2 of the level is spent. The test statistic of n_k seeds is taken for a
    Brownian motion at n_k, whose chance to leave the boundaries for the first time at a look is found by recursive
    numerical integration.
    Methods: Kim and DeMets 1987, doi:10.1093/biomet/74.1.149 (spending, with the power 2); Armitage, McPherson and Rowe
    1969, doi:10.2307/2343787 (recursion).

    Args:
        sizes: Seeds at each look, rising; all that are planned, not only those that were done.
        level: In (0, 1).

    Raises:
        StatisticsError: If the sizes do not rise, or the first has fewer than 6 seeds.

    Example:
        >>> [round(level, 6) for level in nominal_levels((8, 16, 24, 32), 0.05)]
        [0.003125, 0.010487, 0.0214, 0.036442]
    """
    checked_looks(sizes)
    if not 0 < level < 1:
        raise StatisticsError(f"level is {level}, expected a probability between 0 and 1. Write 0.05 for 5 %.")
    levels: list[float] = []
    nodes, masses = np.zeros(1), np.ones(1)  # of the motion before the first look: at 0
    for before, size in pairwise((0, *sizes)):
        spent = level * (size**2 - before**2) / sizes[-1] ** 2
        step = math.sqrt(size - before)
        boundary = _boundary(nodes, masses, step, spent)
        levels.append(2 * float(normal_above(np.array(boundary / math.sqrt(size)))))
        # Gauss and Legendre's nodes between the boundaries, with the probability density of being there, still inside.
        points, weights = np.polynomial.legendre.leggauss(max(64, math.ceil(_NODES_PER_STEP * boundary / step)))
        ahead = boundary * points
        moves = (ahead[:, None] - nodes) / step
        density = np.exp(-0.5 * moves**2) @ masses / (step * math.sqrt(2 * math.pi))
        nodes, masses = ahead, boundary * weights * density
    return tuple(levels)


def checked_looks(sizes: tuple[int, ...]) -> None:
    """Make sure that looks can be planned so.

    Raises:
        StatisticsError: If there are none, if they do not rise, or if the first has fewer than 6 seeds.
    """
    if not sizes or any(after <= before for before, after in pairwise(sizes)):
        raise StatisticsError(f"looks have {sizes} seeds, expected rising numbers. Give for example (8, 16, 24, 32).")
    if sizes[0] < FEWEST_SEEDS:
        raise StatisticsError(
            f"the first look has {sizes[0]} seeds, expected at least {FEWEST_SEEDS}: the levels do not hold for fewer. "
            "Declare for example first = 8."
        )


def _boundary(nodes: Floats, masses: Floats, step: float, spent: float) -> float:
    """Find where the motion, after one more step, lies outside with a given probability."""
    low, high = 0.0, float(np.abs(nodes).max()) - step * normal_quantile(spent / 4) + step
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        outside = masses @ (normal_above((middle - nodes) / step) + normal_above((middle + nodes) / step))
        low, high = (middle, high) if outside > spent else (low, middle)
    return (low + high) / 2


@cache
def _family_levels(sizes: tuple[int, ...], significance: float, tests: int) -> Floats:
    table = np.array([nominal_levels(sizes, significance / (tests - rejected)) for rejected in range(tests)]).T
    table.flags.writeable = False
    return table


def family_levels(sizes: tuple[int, ...], significance: float, tests: int) -> Floats:
    """Give the levels of a family of two-sided tests: at each look, by how many tests have been rejected already.

    Args:
        sizes: Seeds at each look, as for `nominal_levels`.
        significance: The family-wise error rate, in (0, 1).
        tests: In the family, at least 1.

    Returns:
        Shape (looks, tests); a row rises, since what a rejected test no longer needs goes to the others.

    Example:
        >>> levels = family_levels((8, 16, 24, 32), 0.05, 15)
        >>> f"{levels[0, 0]:.6f} {levels[3, 0]:.6f} {levels[0, 14]:.6f}"
        '0.000208 0.002083 0.003125'
    """
    return _family_levels(sizes, significance, tests)


def one_sided_levels(sizes: tuple[int, ...], significance: float, tests: int) -> Floats:
    """Give the levels of a family of one-sided tests, as `family_levels` does; equivalence is shown by such tests."""
    return _family_levels(sizes, 2 * significance, tests) / 2


@cache
def _rates(sizes: tuple[int, ...]) -> tuple[Floats, Floats]:
    rates = np.logspace(-15, math.log10(0.99), 80)
    return np.log(rates), np.log([nominal_levels(sizes, float(rate)) for rate in rates])


def error_rates(p_values: ArrayLike, sizes: tuple[int, ...], look: int) -> Floats:
    """Give the error rate over all looks at which a p-value would just be small enough at one of them.

    Args:
        p_values: Two-sided; not-a-number stays so. Any shape.
        sizes: Seeds at each look, as for `nominal_levels`.
        look: Which one, from 0.

    Returns:
        In the shape of `p_values`, to a thousandth of themselves, at least 1e-15 and at most 1.

    Example:
        >>> [round(float(rate), 4) for rate in error_rates([0.003125, 0.010487], (8, 16, 24, 32), 1)]
        [0.0153, 0.05]
    """
    rates, levels = _rates(sizes)
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.asarray(p_values, np.float64))
    return np.asarray(
        np.where(logarithms > levels[-1, look], 1.0, np.exp(np.interp(logarithms, levels[:, look], rates)))
    )


def group_sequential_holm(p_values: ArrayLike, rejected: ArrayLike, levels: ArrayLike) -> NDArray[np.bool_]:
    """Do one look at a family: reject what Holm's method rejects at the levels of this look.

    With r tests rejected so far, a test is rejected if its p-value is at most the level of this look for r; this is
    repeated until nothing changes. Legitimate because the spending is in proportion to the level.
    Methods: Maurer and Bretz 2013, doi:10.1080/19466315.2013.807748; Holm 1979.

    Args:
        p_values: At this look; not-a-number for a test that is not done, because it was decided before or has no runs.
            Shape (..., tests); several studies may be judged at once.
        rejected: What was rejected at looks before, in the shape of `p_values`.
        levels: One row of `family_levels`. Shape (tests,).

    Returns:
        What is rejected now, with what was before. In the shape of `p_values`.

    Example:
        >>> levels = family_levels((8, 16), 0.05, 2)
        >>> before = [False, False]
        >>> [bool(one) for one in group_sequential_holm([0.004, 0.011], before, levels[0])]
        [True, True]
        >>> [bool(one) for one in group_sequential_holm([0.04, 0.011], before, levels[0])]
        [False, False]
    """
    p_values, levels = np.asarray(p_values, np.float64), np.asarray(levels, np.float64)
    now = np.array(rejected, np.bool_)
    while True:
        count = now.sum(axis=-1, keepdims=True)
        # With everything rejected no level is left to ask for.
        found = now | (p_values <= levels[np.minimum(count, levels.size - 1)])
        if (found == now).all():
            return now
        now = found


def e_value(t: ArrayLike, seeds: int) -> Floats:
    """Give the evidence of a paired t test against no difference, as it stands after any number of seeds.

    A Bayes factor whose effect size has a standard normal prior, free of the unknown standard deviation. Under no
    difference, the chance that it is ever above 1 / a, at any number of seeds, is at most a: one may stop whenever one
    likes. It costs power: 30 points at a difference of 0.75 standard deviations, beside four planned looks.
    Method: Gönen et al. 2005, doi:10.1198/000313005X55233; Ville's inequality for it: Robbins 1970.

    Args:
        t: Of the paired test of so many seeds. Any shape.
        seeds: At least 2.

    Returns:
        Above 0, in the shape of `t`; 1 says nothing, 20 is as rare as p = 0.05.

    Example:
        >>> round(float(e_value(3.0, 10)), 2), round(float(e_value(0.0, 10)), 2)
        (6.24, 0.3)
    """
    share = np.asarray(t, np.float64) ** 2 / (seeds - 1)
    logarithm = seeds / 2 * (np.log1p(share) - np.log1p(share / (1 + seeds))) - math.log1p(seeds) / 2
    return np.asarray(np.exp(logarithm))


def anytime_quantile(seeds: int, level: float) -> float:
    """Give how many standard errors an interval extends that may be looked at after any number of seeds.

    All differences whose test has an e-value below 1 / (1 - level): over all looks together, the truth is inside with
    the probability `level`.

    Args:
        seeds: At least 2.
        level: Coverage, in (0, 1).

    Returns:
        Infinite where so few seeds exclude nothing.

    Example:
        >>> round(anytime_quantile(10, 0.95), 2), anytime_quantile(2, 0.95)
        (3.87, inf)
    """
    ratio = (math.sqrt(1 + seeds) / (1 - level)) ** (2 / seeds)
    return math.sqrt((seeds - 1) * (ratio - 1) / (1 - ratio / (1 + seeds))) if ratio < 1 + seeds else math.inf


def paired_rates_e_value(only_first: int, only_second: int) -> float:
    """Give the evidence that one of two paired rates is higher, as it stands after any number of seeds.

    Pairs that agree say nothing; of the others, under equal rates, each falls to either side with probability 1/2. The
    e-value is their likelihood ratio with a uniform prior.

    Args:
        only_first: Pairs in which only the first arm has the event.
        only_second: Likewise.

    Example:
        >>> round(paired_rates_e_value(0, 8), 1), round(paired_rates_e_value(4, 4), 2)
        (28.4, 0.41)
    """
    pairs = only_first + only_second
    return 2.0**pairs / ((pairs + 1) * math.comb(pairs, only_first))


def anytime_p(e_values: ArrayLike) -> Floats:
    """Turn e-values at all looks so far into p-values that hold whenever one stops: 1 over the largest, at most 1.

    Args:
        e_values: Shape (looks, ...).

    Returns:
        Shape (...).
    """
    return np.asarray(np.minimum(1.0, 1.0 / np.max(np.asarray(e_values, np.float64), axis=0)))
