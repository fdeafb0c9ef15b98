import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from ceteris.errors import StatisticsError
from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.paired import differences, paired_difference, paired_t_test, seed_correlation

accuracy = st.integers(0, 10_000).map(lambda count: count / 10_000)
pairs = st.lists(st.tuples(accuracy, accuracy), min_size=2, max_size=20)


@pytest.fixture
def arms():
    """Two arms of nine seeds whose scores are correlated."""
    generator = np.random.default_rng(2)
    shared = generator.normal(0, 0.01, 9)
    return 0.60 + shared + generator.normal(0, 0.01, 9), 0.62 + shared + generator.normal(0, 0.02, 9)


def test_paired_difference_and_test_agree_with_scipy(arms):
    """Interval and p-value are those of scipy's paired t test to 1e-10."""
    expected = scipy.stats.ttest_rel(arms[1], arms[0])
    interval = paired_difference(*arms)
    assert (interval.low, interval.high) == pytest.approx(expected.confidence_interval(0.95), rel=1e-10)
    assert interval.estimate == pytest.approx(arms[1].mean() - arms[0].mean(), rel=1e-10)
    assert paired_t_test(differences(*arms)) == pytest.approx(expected.pvalue, rel=1e-10)


def test_paired_test_agrees_with_statsmodels(arms):
    """The p-value is that of statsmodels' one-sample t test of the differences to 1e-10."""
    assert paired_t_test(differences(*arms)) == pytest.approx(DescrStatsW(arms[1] - arms[0]).ttest_mean()[1], rel=1e-10)


def test_correlation_agrees_with_scipy(arms):
    """The correlation over seeds is scipy's Pearson to 1e-10."""
    assert seed_correlation(*arms) == pytest.approx(scipy.stats.pearsonr(*arms).statistic, rel=1e-10)


@pytest.mark.parametrize(("before", "after"), [([0.1, 0.2], [0.3, 0.5]), ([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])])
def test_correlation_is_undefined_for_two_pairs_and_for_a_constant_arm(before, after):
    """Two pairs always lie on a line, and a constant does not vary with anything: nothing rather than a number."""
    assert seed_correlation(before, after) is None


def test_one_pair_has_a_difference_without_interval():
    """One pair gives a point estimate."""
    estimate = paired_difference([0.5], [0.75])
    assert estimate == PointEstimate(estimate=0.25)


def test_equal_arms_differ_by_nothing():
    """Equal arms have the difference 0 without interval, and nothing is significant about it."""
    assert paired_difference([0.4, 0.5], [0.4, 0.5]) == PointEstimate(estimate=0.0)
    assert paired_t_test([0.0, 0.0, 0.0]) == 1.0


def test_differences_that_should_be_equal_are():
    """0.4 - 0.2 and 0.3 - 0.1 differ in the last bit; as accuracies they are the same gain."""
    changes = differences([0.1, 0.2, 0.7], [0.3, 0.4, 0.9])
    assert len({0.3 - 0.1, 0.4 - 0.2, 0.9 - 0.7}) > 1
    assert len(set(changes)) == 1


def test_a_difference_of_rounding_is_none():
    """Accuracies that agree but for rounding are ties, so that neither arm wins them."""
    assert list(differences([0.3, 0.5], [0.1 + 0.2, 0.6])) == [0.0, pytest.approx(0.1)]


@pytest.mark.parametrize("size", [2, 5, 16])
def test_equal_gains_are_no_certainty(size):
    """Where all differences are equal, t is infinite; the p-value is the sign-flip test's, not 0."""
    assert paired_t_test([0.01] * size) == 2 / 2**size


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_swapping_the_arms_turns_the_difference_round(values):
    """The difference is antisymmetric, exactly, and its p-value does not care."""
    before, after = np.array(values).T
    gain, loss = paired_difference(before, after), paired_difference(after, before)
    assume(isinstance(gain, Interval))
    assert (gain.low, gain.estimate, gain.high) == (-loss.high, -loss.estimate, -loss.low)
    assert paired_t_test(differences(before, after)) == paired_t_test(differences(after, before))


@settings(deadline=None, max_examples=60)
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_seeds_does_not_matter(values, random):
    """Shuffled pairs give the same interval and p-value."""
    first, second = np.array(values), np.array(random.sample(values, len(values)))
    one, other = paired_difference(*first.T), paired_difference(*second.T)
    assume(isinstance(one, Interval))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert paired_t_test(differences(*first.T)) == pytest.approx(paired_t_test(differences(*second.T)), rel=1e-6)


def test_arms_of_different_length_cannot_be_paired():
    """Five scores cannot be paired with three."""
    with pytest.raises(StatisticsError) as error:
        paired_difference([0.1] * 5, [0.2] * 3)
    assert str(error.value) == (
        "cannot pair 5 baseline scores with 3 of the variation, expected one of each per seed. Leave out the seeds "
        "that only one of them has."
    )


def test_one_difference_cannot_be_tested():
    """A test of one difference is refused."""
    with pytest.raises(StatisticsError) as error:
        paired_t_test([0.01])
    assert str(error.value) == ("1 difference shows no spread to test it against, expected at least 2. Run more seeds.")


def test_the_message_says_which_arm_is_at_fault():
    """A score that is not a number is named with its arm."""
    with pytest.raises(StatisticsError) as error:
        paired_difference([0.1, 0.2], [0.1, float("nan")])
    assert str(error.value) == (
        "scores of the variation: number 1 of 2 (from 0) is nan, expected finite numbers. Leave failed runs out, and "
        "count diverged ones with chance accuracy."
    )
