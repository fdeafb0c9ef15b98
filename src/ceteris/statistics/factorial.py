"""Main effects and two-factor interactions of crossed factors, with unequal spreads, shared seeds and missing runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations, product

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import student_above, student_quantile
from ceteris.statistics.equivalence import holm
from ceteris.statistics.images import Correct, with_images
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked_level

_ROUNDING = 1e-13
"""A standard error below this share of the scores is a rounding error: sums that are equal for all seeds."""


@dataclass(frozen=True, kw_only=True)
class Combination:
    """A weighted sum of the means of some arms, and how surely these runs tell it.

    Attributes:
        estimate: The sum.
        error: Its standard error; None where an arm in it has one run, or where no run differs from its arm's mean.
        freedom: Degrees of freedom of the standard error; None where there is none.
    """

    estimate: float
    error: float | None = None
    freedom: float | None = None

    @property
    def p_value(self) -> float | None:
        """Of the t test that the sum is 0, two-sided."""
        if self.error is None or self.freedom is None:
            return None
        return 2 * student_above(abs(self.estimate) / self.error, self.freedom)

    def interval(self, level: float) -> Estimate:
        """Give Student's interval, of a coverage in (0, 1)."""
        checked_level(level)
        if self.error is None or self.freedom is None:
            return PointEstimate(estimate=self.estimate)
        half = student_quantile((1 + level) / 2, self.freedom) * self.error
        return Interval(estimate=self.estimate, low=self.estimate - half, high=self.estimate + half, level=level)


def combination(scores: Floats, weights: Floats) -> Combination | None:
    """Estimate a weighted sum of the means of arms whose runs may share seeds.

    Runs of one seed may depend on each other in any way, runs of different seeds do not, and arms may differ in spread:
    the standard error is cluster-robust with seeds as clusters (CR2, Bell and McCaffrey 2002; Pustejovsky and Tipton
    2018, doi:10.1080/07350015.2016.1247004), its degrees of freedom are Satterthwaite's (1946, doi:10.2307/3002019),
    with the spread that each arm shows. Where all arms have the same seeds this is the t test over one sum per seed;
    where no seed is shared it is Welch's.

    Args:
        scores: Not-a-number where there is no run. Shape (seeds, arms).
        weights: Shape (arms,).

    Returns:
        None where an arm of which the weight is not 0 has no run.

    Example:
        >>> scores = np.array([[0.50, 0.55], [0.52, 0.56], [0.51, 0.57]])
        >>> gain = combination(scores, np.array([-1.0, 1.0]))
        >>> round(gain.estimate, 3), round(gain.freedom, 6), round(gain.p_value, 4)
        (0.05, 2.0, 0.0131)
    """
    scores, weights = scores[:, weights != 0], weights[weights != 0]
    known = ~np.isnan(scores)
    runs = known.sum(axis=0)
    if not runs.all():
        return None
    means = np.nansum(scores, axis=0) / runs
    estimate = float(means @ weights)
    residuals = np.where(known, scores - means, 0.0)
    if runs.min() < 2:
        return Combination(estimate=estimate)
    shares = known * weights / np.sqrt(runs * (runs - 1))
    variance = float(((shares * residuals).sum(axis=1) ** 2).sum())
    # What the sums of each two seeds have in common if all runs are independent, with the variance of each arm.
    spread = (residuals**2).sum(axis=0) / (runs - 1)
    shared = np.diag(shares**2 @ spread) - (shares * spread / runs) @ shares.T
    if math.sqrt(variance) <= _ROUNDING * np.abs(means).max():
        return Combination(estimate=estimate)
    freedom = float(np.trace(shared) ** 2 / (shared**2).sum())
    return Combination(estimate=estimate, error=math.sqrt(variance), freedom=freedom)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one level does, compared with the baseline's, or what two levels do together that neither does alone.

    Attributes:
        factors: One factor of a main effect, two of an interaction; from 0.
        levels: The level of each, from 1: each is compared with level 0, that of the baseline.
        found: The estimate; None where an arm that it rests on has no run. A main effect is the difference between the
            level and the baseline's, averaged over all combinations of the other factors, each counted alike. An
            interaction is by how much the effect of the second level is larger with the first level than without it,
            averaged likewise: a difference of differences.
        interval: Simultaneous: all intervals of the family cover the truth with the stated probability.
        p_value_adjusted: After Holm's adjustment over the family.
    """

    factors: tuple[int, ...]
    levels: tuple[int, ...]
    found: Combination | None
    interval: Estimate | None
    p_value_adjusted: float | None

    @property
    def is_interaction(self) -> bool:
        """Whether it is of two factors."""
        return len(self.factors) == 2


def factorial_effects(
    scores: Floats, *, level: float = 0.95, correct: Sequence[Correct] | None = None
) -> tuple[Effect, ...]:
    """Estimate and test all main effects and two-factor interactions of crossed factors.

    They are one family: p-values are adjusted by Holm's method, and for m effects, those that cannot be estimated among
    them, intervals are of level 1 - (1 - level) / m each (Dunn 1961, doi:10.1080/01621459.1961.10482090). Effects are
    contrasts of the means of cells, each cell counted alike however many runs it has; their standard errors are said at
    `combination`. Interactions of three factors and more are averaged over.

    Args:
        scores: Not-a-number where there is no run. Shape (seeds, levels of the first factor, of the second, ...); level
            0 is the baseline's.
        level: Coverage of all intervals together, in (0, 1).
        correct: Which test images the runs of each cell classified correctly, in the order of `scores`: errors then
            allow for the images too, see `over_images`; where that is not known, there are none.

    Returns:
        Main effects in the order of factors and levels, then interactions.

    Raises:
        StatisticsError: If there are fewer than two factors, if one has a single level, or if a score is infinite.

    Example:
        >>> cells = np.array([[0.50, 0.52], [0.53, 0.61]])
        >>> scores = cells + np.array([0.01, -0.01, 0.0])[:, None, None]
        >>> scores[0] += np.array([[0.01, 0.0], [0.0, 0.02]])
        >>> [(one.factors, round(one.found.estimate, 3)) for one in factorial_effects(scores)]
        [((0,), 0.062), ((1,), 0.052), ((0, 1), 0.07)]
    """
    checked_level(level)
    shape = scores.shape[1:]
    if len(shape) < 2 or min(shape) < 2 or np.isinf(scores).any():
        raise StatisticsError(
            f"scores have shape {scores.shape}, expected (seeds, levels, levels, ...) with at least two factors of "
            "at least two levels, and finite scores. Give not-a-number where there is no run."
        )
    table = scores.reshape(len(scores), -1)
    family = effects(shape)
    weights = [contrast(shape, factors, levels) for factors, levels in family]
    found = [combination(table, one) for one in weights]
    if correct is not None:
        found = [one and _over_images(one, each, correct) for one, each in zip(found, weights, strict=True)]
    p_values = [None if one is None else one.p_value for one in found]
    adjusted = holm([math.nan if p is None else p for p in p_values])
    return tuple(
        Effect(
            factors=factors,
            levels=levels,
            found=one,
            interval=None if one is None else one.interval(1 - (1 - level) / len(family)),
            p_value_adjusted=None if p is None else float(holms),
        )
        for (factors, levels), one, p, holms in zip(family, found, p_values, adjusted, strict=True)
    )


def _over_images(one: Combination, weights: Floats, correct: Sequence[Correct]) -> Combination:
    arms = [(float(weight), runs) for weight, runs in zip(weights, correct, strict=True) if weight]
    wider = None if one.freedom is None else with_images((one.error, one.freedom), arms)
    return replace(one, error=None, freedom=None) if wider is None else replace(one, error=wider[0], freedom=wider[1])


def effects(shape: Sequence[int]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """List the main effects, then the two-factor interactions: factors from 0, and the level of each from 1.

    Args:
        shape: How many levels each factor has.

    Example:
        >>> effects((2, 3))
        (((0,), (1,)), ((1,), (1,)), ((1,), (2,)), ((0, 1), (1, 1)), ((0, 1), (1, 2)))
    """
    return tuple(
        (factors, levels)
        for order in (1, 2)
        for factors in combinations(range(len(shape)), order)
        for levels in product(*(range(1, shape[factor]) for factor in factors))
    )


def contrast(shape: Sequence[int], factors: Sequence[int], levels: Sequence[int]) -> Floats:
    """Give the weight of each cell in an effect.

    Args:
        shape: How many levels each factor has.
        factors: One or two of them.
        levels: The level of each, from 1.

    Example:
        >>> contrast((2, 2), (1,), (1,)), contrast((2, 2), (0, 1), (1, 1))
        (array([-0.5,  0.5, -0.5,  0.5]), array([ 1., -1., -1.,  1.]))
    """
    chosen = dict(zip(factors, levels, strict=True))
    parts = []
    for factor, count in enumerate(shape):
        part = np.full(count, 1 / count)
        if factor in chosen:
            part = np.zeros(count)
            part[[0, chosen[factor]]] = -1.0, 1.0
        parts.append(part)
    return np.asarray(reduce(np.multiply.outer, parts)).ravel()


def marginal(shape: Sequence[int], factors: Sequence[int], levels: Sequence[int]) -> Floats:
    """Give the weight of each cell in the mean at some levels, all combinations of the other factors counted alike.

    Example:
        >>> marginal((2, 2), (1,), (0,))
        array([0.5, 0. , 0.5, 0. ])
    """
    chosen = dict(zip(factors, levels, strict=True))
    parts = [np.eye(count)[chosen[i]] if i in chosen else np.full(count, 1 / count) for i, count in enumerate(shape)]
    return np.asarray(reduce(np.multiply.outer, parts)).ravel()
