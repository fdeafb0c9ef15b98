"""Main effects and interactions against least squares computed by hand, against SciPy, and in simulated studies."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from bench.simulations.factorial import Case, errors
from ceteris.errors import StatisticsError
from ceteris.statistics.factorial import combination, contrast, factorial_effects, marginal
from ceteris.statistics.interval import Interval, PointEstimate

SHAPE = (2, 2, 2)


def scores(seed, *, seeds=6, missing=0.0, shape=SHAPE):
    """Draw runs of crossed factors: cells differ in spread, seeds are shared, some runs are missing."""
    generator = np.random.default_rng(seed)
    drawn = generator.normal(size=(seeds, *shape)) * generator.uniform(0.2, 3, shape) + generator.normal(
        size=(seeds,) + (1,) * len(shape)
    )
    return np.where(generator.random(drawn.shape) < missing, np.nan, drawn)


def least_squares(table):
    """Regress the runs of two-level factors on factors coded as -1/2 and 1/2, with all their interactions.

    Gives for each coefficient but the intercept, by the factors in it: estimate, standard error and degrees of freedom
    of the cluster-robust covariance (CR2), all from matrices of runs.
    """
    factors = table.ndim - 1
    cases = [(seed, cell) for seed, *cell in np.argwhere(~np.isnan(table))]
    y = np.array([table[(seed, *cell)] for seed, cell in cases])
    terms = list(product((0, 1), repeat=factors))
    coded = np.array([[np.prod([0.5 if c else -0.5 for c, used in zip(cell, t, strict=True) if used])
                       for t in terms] for _, cell in cases])  # fmt: skip
    beta = np.linalg.lstsq(coded, y, rcond=None)[0]
    bread = np.linalg.inv(coded.T @ coded)
    hat = coded @ bread @ coded.T
    residuals = y - coded @ beta
    cells = np.array([hash(tuple(cell)) for _, cell in cases])
    spread = {cell: y[cells == cell].var(ddof=1) for cell in set(cells)}
    phi = np.diag([spread[cell] for cell in cells])
    found = {}
    for index, term in enumerate(terms):
        rows, pieces = [], []
        for seed in sorted({seed for seed, _ in cases}):
            own = np.array([one == seed for one, _ in cases])
            values, vectors = np.linalg.eigh(np.eye(own.sum()) - hat[np.ix_(own, own)])
            adjust = vectors @ np.diag(values**-0.5) @ vectors.T
            piece = bread[index] @ coded[own].T @ adjust
            pieces.append(piece @ residuals[own])
            rows.append((np.eye(len(y)) - hat)[own].T @ piece)
        omega = np.array(rows) @ phi @ np.array(rows).T
        error = math.sqrt(np.sum(np.square(pieces)))
        found[tuple(np.flatnonzero(term))] = beta[index], error, np.trace(omega) ** 2 / np.sum(omega**2)
    return found


@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_effects_are_those_of_least_squares(missing):
    """Estimates, standard errors and degrees of freedom agree to 1e-10, with all runs and with some missing."""
    table = scores(3, seeds=9, missing=missing)
    expected = least_squares(table)

    for effect in factorial_effects(table):
        found = effect.found
        np.testing.assert_allclose((found.estimate, found.error, found.freedom), expected[effect.factors], rtol=1e-10)


def test_with_the_same_seeds_it_is_a_t_test_of_one_number_per_seed():
    """SciPy's t test of the contrast of each seed gives the same p-value and, at the level of the family, interval."""
    table = scores(4)
    effects = factorial_effects(table)
    interaction = next(one for one in effects if one.factors == (0, 2))
    per_seed = table.reshape(6, -1) @ contrast(SHAPE, (0, 2), (1, 1))
    expected = stats.ttest_1samp(per_seed, 0)
    low, high = expected.confidence_interval(1 - 0.05 / len(effects))

    assert interaction.found.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert (interaction.interval.low, interaction.interval.high) == pytest.approx((low, high), rel=1e-9)


def test_with_seeds_of_their_own_it_is_welch():
    """Two arms without a seed in common: SciPy's t test for unequal variances."""
    first, second = np.random.default_rng(5).normal(size=7), 3 * np.random.default_rng(6).normal(size=4)
    table = np.full((11, 2), np.nan)
    table[:7, 0], table[7:, 1] = first, second
    found = combination(table, np.array([-1.0, 1.0]))
    expected = stats.ttest_ind(second, first, equal_var=False)

    assert (found.p_value, found.freedom) == pytest.approx((expected.pvalue, expected.df), rel=1e-10)


def test_each_cell_counts_alike_however_many_runs_it_has():
    """An effect is the mean of differences between cells, and an interaction a difference of differences."""
    means = np.array([[0.5, 0.6], [0.4, 0.8]])
    table = means + np.array([0.01, -0.01, 0.02, -0.02])[:, None, None]
    table[2:, 1, 1] = np.nan
    first, second, both = (one.found.estimate for one in factorial_effects(table))

    assert (first, second, both) == pytest.approx((0.05, 0.25, 0.3))


def test_more_levels_are_each_compared_with_the_first():
    """Three levels by two: three main effects and two interactions; a level without runs takes away only its own."""
    table = scores(7, shape=(3, 2))
    table[:, 2, 1] = np.nan
    effects = factorial_effects(table)

    assert [(one.factors, one.levels, one.found is not None) for one in effects] == [
        ((0,), (1,), True),
        ((0,), (2,), False),
        ((1,), (1,), False),
        ((0, 1), (1, 1), True),
        ((0, 1), (2, 1), False),
    ]


def test_what_cannot_be_estimated_counts_in_the_family():
    """Of five tests planned, two have no runs: the smallest p-value is still multiplied by five."""
    table = scores(8, shape=(3, 2))
    table[:, 1] += 5
    table[:, 2, :] = np.nan
    known = [one.found.p_value for one in factorial_effects(table) if one.found]
    adjusted = [one.p_value_adjusted for one in factorial_effects(table) if one.found]

    assert min(adjusted) == pytest.approx(5 * min(known))


def test_one_run_of_a_cell_has_no_spread():
    """The estimate stands without interval and test; so does one of sums that are equal for all seeds."""
    single = scores(9)
    single[1:, 0, 0, 0] = np.nan
    equal = np.array([[0.1, 0.3], [0.2, 0.7]]) + np.array([0.1, 0.2, 0.4])[:, None, None]

    for effect in (*factorial_effects(single), *factorial_effects(equal)):
        assert isinstance(effect.interval, PointEstimate)
        assert effect.p_value_adjusted is None


def test_the_mean_at_a_level_is_over_all_others_alike():
    """With Student's interval for the seeds of all its cells."""
    table = scores(10)
    found = combination(table.reshape(6, -1), marginal(SHAPE, (0, 1), (1, 0))).interval(0.95)
    low, high = stats.ttest_1samp(table[:, 1, 0].mean(axis=1), 0).confidence_interval(0.95)

    assert isinstance(found, Interval)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_crossing_makes_the_most_of_80_runs():
    """An effect of one of four factors: variance 0.125 with one changed at a time, 0.05 crossed, all sd 1."""
    weights = contrast((2, 2, 2, 2), (3,), (1,))

    assert 1 / 16 + 1 / 16 == 0.125
    assert np.sum(weights**2) / 5 == pytest.approx(0.05)


def test_a_single_factor_is_refused():
    """Nothing is crossed."""
    with pytest.raises(StatisticsError) as error:
        factorial_effects(np.zeros((4, 2)))

    assert str(error.value) == (
        "scores have shape (4, 2), expected (seeds, levels, levels, ...) with at least two factors of at least two "
        "levels, and finite scores. Give not-a-number where there is no run."
    )


@pytest.mark.parametrize(
    "case", [Case(seeds=8, shared=0.3, ratio=4.0, missing=0.1), Case(seeds=5, shared=0.5)], ids=str
)
def test_the_family_keeps_its_promises(case):
    """At most 5 % of studies have a false effect, in 95 % all intervals cover, within three standard errors."""
    false, covered = errors(case, studies=1_000, seed=20)

    assert false <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1_000)
    assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 1_000)


def test_without_holm_the_family_would_not():
    """What the test above looks for is there to be found."""
    assert errors(Case(seeds=8), studies=300, seed=20, with_holm=False)[0] > 0.2


def test_errors_over_images_are_those_of_a_two_way_table():
    """With every seed in every cell: the variance components of one contrast for each seed and image."""
    random = np.random.default_rng(3)
    hard = random.normal(size=200) + random.normal(scale=0.7, size=(4, 1, 200))
    correct = hard + random.normal(size=(4, 6, 1)) / 4 + random.normal(size=(4, 6, 200)) > 0
    scores = correct.mean(axis=2).T.reshape(6, 2, 2)
    cells = [dict(enumerate(cell)) for cell in correct]
    found = factorial_effects(scores, correct=cells)

    for effect, weights in zip(found, ([-0.5, -0.5, 0.5, 0.5], [-0.5, 0.5, -0.5, 0.5], [1, -1, -1, 1]), strict=True):
        table = np.tensordot(weights, correct, 1)
        seeds, images = table.mean(axis=1), table.mean(axis=0)
        rest = table - seeds[:, None] - images + table.mean()
        between = (images.var(ddof=1) - (rest**2).sum() / (5 * 199) / 6) / 200
        assert effect.found.error**2 == pytest.approx(seeds.var(ddof=1) / 6 + max(between, 0))
