import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind, ttost_paired

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import (
    difference_interval,
    difference_test,
    inside_margin_test,
    mean_difference,
    seed_correlation,
)
from ceteris.statistics.interval import Interval, PointEstimate

accuracy = st.integers(0, 10_000).map(lambda count: count / 10_000)
pairs = st.lists(st.tuples(accuracy, accuracy), min_size=2, max_size=20)


def by_seed(values, first=0):
    """Give values the seeds from a first one on."""
    return {first + place: float(value) for place, value in enumerate(values)}


@pytest.fixture
def arms():
    """Two arms of nine seeds whose scores are correlated."""
    generator = np.random.default_rng(2)
    shared = generator.normal(0, 0.01, 9)
    return 0.60 + shared + generator.normal(0, 0.01, 9), 0.604 + shared + generator.normal(0, 0.02, 9)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_all_seeds_in_common_is_the_paired_t_test(arms, level):
    """Interval and p-value are those of scipy's paired test to 1e-10."""
    found = mean_difference(*map(by_seed, arms))
    expected = scipy.stats.ttest_rel(arms[1], arms[0])
    interval = difference_interval(found, level=level)
    assert (interval.low, interval.high) == pytest.approx(expected.confidence_interval(level), rel=1e-10)
    assert difference_test(found) == pytest.approx(expected.pvalue, rel=1e-10)
    assert found.degrees_of_freedom == 8


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_no_seed_in_common_is_welchs_test(arms, level):
    """Interval and p-value of arms of different sizes are those of scipy and statsmodels to 1e-10."""
    before, after = arms[0], arms[1][:6]
    found = mean_difference(by_seed(before), by_seed(after, 100))
    expected = scipy.stats.ttest_ind(after, before, equal_var=False)
    means = CompareMeans(DescrStatsW(after), DescrStatsW(before))
    interval = difference_interval(found, level=level)
    assert (interval.low, interval.high) == pytest.approx(tuple(expected.confidence_interval(level)), rel=1e-10)
    assert (interval.low, interval.high) == pytest.approx(
        means.tconfint_diff(alpha=1 - level, usevar="unequal"), rel=1e-10
    )
    assert difference_test(found) == pytest.approx(expected.pvalue, rel=1e-10)


def test_some_seeds_in_common_is_the_partially_overlapping_t(arms):
    """Seeds 0 to 8 and 3 to 8 with three more: standard error and degrees of freedom written out, to 1e-10."""
    before, after = by_seed(arms[0]), by_seed(np.append(arms[1][3:], [0.58, 0.61, 0.63]), 3)
    found = mean_difference(before, after)
    n0, n1, nc = 9, 9, 6
    s0, s1 = np.std(list(before.values()), ddof=1), np.std(list(after.values()), ddof=1)
    r = scipy.stats.pearsonr(arms[0][3:], arms[1][3:]).statistic
    error = math.sqrt(s1**2 / n1 + s0**2 / n0 - 2 * r * s1 * s0 * nc / (n1 * n0))
    gamma = (s1**2 / n1 + s0**2 / n0) ** 2 / ((s1**2 / n1) ** 2 / (n1 - 1) + (s0**2 / n0) ** 2 / (n0 - 1))
    na, nb = n1 - nc, n0 - nc
    degrees = (nc - 1) + (gamma - nc + 1) * (na + nb) / (na + nb + 2 * nc)
    t = (np.mean(list(after.values())) - np.mean(list(before.values()))) / error
    assert found.standard_error == pytest.approx(error, rel=1e-10)
    assert found.degrees_of_freedom == pytest.approx(degrees, rel=1e-10)
    assert difference_test(found) == pytest.approx(2 * scipy.stats.t.sf(abs(t), degrees), rel=1e-10)


def test_the_margin_test_is_that_of_statsmodels(arms):
    """Two one-sided tests, paired and not, are statsmodels' to 1e-10, whichever way they point."""
    before, after = arms
    paired = mean_difference(by_seed(before), by_seed(after))
    assert inside_margin_test(paired, 0.02) == pytest.approx(ttost_paired(after, before, -0.02, 0.02)[0], rel=1e-10)
    apart = mean_difference(by_seed(after[:6], 100), by_seed(before))
    expected = ttost_ind(before, after[:6], -0.02, 0.02, usevar="unequal")[0]
    assert inside_margin_test(apart, 0.02) == pytest.approx(expected, rel=1e-10)


def test_one_arm_without_spread_leaves_a_test_of_the_other():
    """As scipy's one-sample test does."""
    before = [0.5, 0.6, 0.55]
    found = mean_difference(by_seed(before), by_seed([0.1, 0.1, 0.1], 10))
    assert difference_test(found) == pytest.approx(scipy.stats.ttest_1samp(before, 0.1).pvalue, rel=1e-10)


@pytest.mark.parametrize("size", [2, 5, 16])
def test_equal_gains_are_no_certainty(size):
    """Where all pairs differ alike there is no error: the p-value is that of the patterns of signs, not 0."""
    found = mean_difference(by_seed([0.5] * size), by_seed([0.51] * size))
    assert difference_test(found) == 2 / 2**size
    assert inside_margin_test(found, 0.02) == 1 / 2**size
    assert inside_margin_test(found, 0.005) == 1.0
    assert difference_interval(found, level=0.95) == PointEstimate(estimate=pytest.approx(0.01))


def test_two_arms_without_spread_and_without_common_seeds():
    """Of the ways to deal five runs into two and three, one of ten parts them so; a test with both sides counts two."""
    found = mean_difference(by_seed([0.5, 0.5]), by_seed([0.6, 0.6, 0.6], 10))
    assert difference_test(found) == pytest.approx(2 / 10)


def test_equal_arms_do_not_differ():
    """Equal arms have the difference 0 without interval, and nothing is significant about it."""
    found = mean_difference(by_seed([0.4, 0.5]), by_seed([0.4, 0.5]))
    assert (found.estimate, found.standard_error, difference_test(found)) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("before", "after"), [([0.5], [0.75]), ([0.5], [0.75, 0.8, 0.7]), ([0.5, 0.6], [0.8])])
def test_an_arm_of_one_run_has_no_spread(before, after):
    """It gives a point estimate, and a test is refused with what to do."""
    found = mean_difference(by_seed(before), by_seed(after))
    assert isinstance(difference_interval(found, level=0.95), PointEstimate)
    with pytest.raises(StatisticsError) as error:
        difference_test(found)
    assert str(error.value) == (
        f"{len(before)} and {len(after)} runs show no spread to test a difference against, expected at least 2 of each "
        "arm. Run more seeds."
    )


@settings(deadline=None, max_examples=60)
@given(pairs, st.integers(0, 3))
def test_swapping_the_arms_turns_the_difference_round(values, apart):
    """The difference is antisymmetric and its p-value does not care, with all seeds in common or some."""
    before, after = by_seed([one for one, _ in values]), by_seed([other for _, other in values], apart)
    gain, loss = mean_difference(before, after), mean_difference(after, before)
    assume(gain.standard_error)
    assert gain.estimate == pytest.approx(-loss.estimate, abs=1e-15)
    assert difference_test(gain) == pytest.approx(difference_test(loss), rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_runs_does_not_matter(values, random):
    """Runs in another order give the same interval, if each keeps its seed."""
    order = random.sample(range(len(values)), len(values))
    arms = [by_seed([pair[side] for pair in values]) for side in (0, 1)]
    one, other = (
        difference_interval(mean_difference(*chosen), level=0.95)
        for chosen in (arms, [{seed: arm[seed] for seed in order} for arm in arms])
    )
    assume(isinstance(one, Interval))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_an_arm_without_runs_is_refused():
    """The message names the arm."""
    with pytest.raises(StatisticsError) as error:
        mean_difference({0: 0.5}, {})
    assert str(error.value) == ("scores of the variation: there are none, expected one per seed. Give at least one.")


def test_correlation_and_its_interval_agree_with_scipy(arms):
    """Pearson's correlation over common seeds with Fisher's interval, to 1e-10."""
    found = seed_correlation(mean_difference(*map(by_seed, arms)))
    expected = scipy.stats.pearsonr(*arms)
    assert found.estimate == pytest.approx(expected.statistic, rel=1e-10)
    ends = expected.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((ends.low, ends.high), rel=1e-10)


def test_what_pairing_gains_is_what_it_takes_off_the_variance(arms):
    """The share is 1 less the variance of the differences over that of unpaired arms, to 1e-10."""
    found = seed_correlation(mean_difference(*map(by_seed, arms)))
    before, after = arms
    variance = np.var(after - before, ddof=1) / (np.var(before, ddof=1) + np.var(after, ddof=1))
    assert found.share == pytest.approx(1 - variance, rel=1e-10)


@pytest.mark.parametrize(("before", "after"), [([0.1, 0.2], [0.3, 0.5]), ([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])])
def test_correlation_is_undefined_for_two_pairs_and_for_a_constant_arm(before, after):
    """Two pairs always lie on a line, and a constant does not vary with anything."""
    assert seed_correlation(mean_difference(by_seed(before), by_seed(after))) is None


def test_more_runs_shrink_the_error_as_the_formula_says(arms):
    """With its own numbers of runs it is the standard error again; the baseline's share falls with its runs alone."""
    found = mean_difference(by_seed(arms[0]), by_seed(arms[1], 100))
    assert found.error_with(9, 9) == pytest.approx(found.standard_error, rel=1e-12)
    s0, s1 = np.std(arms[0], ddof=1), np.std(arms[1], ddof=1)
    assert found.error_with(36, 9) == pytest.approx(math.sqrt(s0**2 / 36 + s1**2 / 9), rel=1e-12)
