import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

from ceteris.errors import StatisticsError
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.unpaired import welch_difference, welch_equivalence_test, welch_test


@pytest.fixture
def arms():
    """Two arms of nine seeds with different spreads."""
    generator = np.random.default_rng(2)
    return generator.normal(0.60, 0.01, 9), generator.normal(0.604, 0.02, 9)


def test_welch_agrees_with_scipy_and_statsmodels(arms):
    """Welch's p-value, for arms of different sizes too, is scipy's and statsmodels' to 1e-10."""
    before, after = arms[0], arms[1][:6]
    means = CompareMeans(DescrStatsW(after), DescrStatsW(before))
    assert welch_test(before, after) == pytest.approx(
        scipy.stats.ttest_ind(after, before, equal_var=False).pvalue, rel=1e-10
    )
    assert welch_test(before, after) == pytest.approx(means.ttest_ind(usevar="unequal")[1], rel=1e-10)


def test_welch_agrees_with_scipy_where_one_arm_has_no_spread():
    """One arm without spread, as when all its runs diverged, leaves a test of the other."""
    before, after = [0.5, 0.6, 0.55], [0.1, 0.1, 0.1]
    assert welch_test(before, after) == pytest.approx(scipy.stats.ttest_1samp(before, 0.1).pvalue, rel=1e-10)


@pytest.mark.parametrize(("before", "after"), [([0.5], [0.1, 0.2]), ([0.5, 0.5], [0.1, 0.1]), ([0.5], [0.1])])
def test_welch_says_nothing_without_a_spread(before, after):
    """One seed, or two arms without spread, allow no test."""
    assert welch_test(before, after) is None


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_agrees_with_scipy_and_statsmodels(arms, level):
    """The ends, for arms of different sizes, are scipy's and statsmodels' to 1e-10."""
    before, after = arms[0], arms[1][:6]
    found = welch_difference(before, after, level=level)
    expected = scipy.stats.ttest_ind(after, before, equal_var=False).confidence_interval(level)
    means = CompareMeans(DescrStatsW(after), DescrStatsW(before)).tconfint_diff(alpha=1 - level, usevar="unequal")
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-10)
    assert (found.low, found.high) == pytest.approx(means, rel=1e-10)
    assert (found.estimate, found.level) == (pytest.approx(after.mean() - before.mean(), rel=1e-10), level)


def test_equivalence_agrees_with_statsmodels(arms):
    """The p-value is statsmodels' two one-sided tests with unequal variances to 1e-10, whichever way they point."""
    before, after = arms[0], arms[1][:6]
    expected = ttost_ind(after, before, -0.02, 0.02, usevar="unequal")[0]
    assert welch_equivalence_test(before, after, margin=0.02).p_value == pytest.approx(expected, rel=1e-10)
    assert welch_equivalence_test(after, before, margin=0.02).p_value == pytest.approx(expected, rel=1e-10)


def test_equivalence_passes_where_the_interval_lies_inside(arms):
    """At 5 % it passes exactly for margins wider than the far end of the 90 % interval."""
    interval = welch_equivalence_test(*arms, margin=0.02).interval
    far = max(-interval.low, interval.high)
    assert welch_equivalence_test(*arms, margin=far + 1e-9).p_value < 0.05
    assert welch_equivalence_test(*arms, margin=far - 1e-9).p_value > 0.05


@pytest.mark.parametrize(("before", "after"), [([0.5], [0.1, 0.2]), ([0.1, 0.2], [0.5]), ([0.5], [0.1])])
def test_one_seed_has_no_interval(before, after):
    """The spread of an arm cannot be seen from one seed: a point estimate, and no test of equality."""
    assert welch_difference(before, after) == PointEstimate(estimate=pytest.approx(np.mean(after) - np.mean(before)))
    assert welch_equivalence_test(before, after, margin=0.01) is None


def test_arms_without_spread_have_no_interval():
    """As paired differences that are all equal have none."""
    assert welch_difference([0.5, 0.5], [0.25] * 3) == PointEstimate(estimate=-0.25)
    assert welch_equivalence_test([0.5, 0.5], [0.5] * 3, margin=0.01) is None


def test_a_level_and_a_margin_are_checked(arms):
    """Both are refused in the words of the paired methods."""
    with pytest.raises(StatisticsError) as error:
        welch_difference(*arms, level=95)
    assert str(error.value) == "level is 95, expected a coverage between 0 and 1. Write 0.95 for 95 %."
    with pytest.raises(StatisticsError) as error:
        welch_equivalence_test(*arms, margin=0)
    assert str(error.value) == (
        "margin is 0, expected a difference above 0. Declare the smallest difference that matters, for example 0.005 "
        "for half a percentage point."
    )
