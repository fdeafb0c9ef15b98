import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import mean_difference
from ceteris.statistics.equivalence import adjusted_equivalence, equivalence_test, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize("size", [1, 2, 5, 14, 50])
def test_holm_agrees_with_statsmodels(size):
    """Adjusted values are statsmodels' to 1e-10, ties and values of 0 and 1 included."""
    values = np.random.default_rng(size).uniform(0, 0.1, size)
    values[size // 2 :: 3] = values[0]
    values[1:3] = (0.0, 1.0)[: len(values[1:3])]
    np.testing.assert_allclose(holm(values), multipletests(values, method="holm")[1], rtol=1e-10)


@settings(deadline=None, max_examples=100)
@given(p_values)
def test_adjusting_keeps_the_order_and_never_lowers(values):
    """A smaller p-value never gets the larger adjusted one, none gets smaller, and none exceeds 1."""
    adjusted = holm(values)
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    assert (adjusted >= values).all()
    assert (adjusted <= 1).all()


@settings(deadline=None, max_examples=60)
@given(p_values, st.randoms(use_true_random=False))
def test_the_order_of_variations_does_not_matter(values, random):
    """Adjusting shuffled p-values shuffles the adjusted ones."""
    places = random.sample(range(len(values)), len(values))
    np.testing.assert_array_equal(holm([values[place] for place in places]), holm(values)[places])


def test_comparisons_to_come_count_in_the_family():
    """A missing p-value stays missing and makes the others as large as if it were 1."""
    nan = float("nan")
    np.testing.assert_array_equal(holm([0.01, nan, 0.02, nan]), [0.04, nan, 0.06, nan])
    np.testing.assert_array_equal(holm([nan, nan]), [nan, nan])


def test_one_comparison_is_left_as_it_is():
    """A family of one needs no adjustment, and a family of none has none."""
    assert holm([0.03]).tolist() == [0.03]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("wrong", [-0.1, 2.5])
def test_what_is_no_probability_is_refused(wrong):
    """A test statistic in place of a p-value is named."""
    with pytest.raises(StatisticsError) as error:
        holm([0.5, wrong])
    assert str(error.value) == (
        f"p-value 1 of 2 (from 0) is {wrong}, expected a probability in [0, 1]. Give p-values, not test statistics."
    )


def gained(values):
    """Give paired runs whose differences are these."""
    return mean_difference(dict.fromkeys(range(len(values)), 0.0), dict(enumerate(map(float, values))))


changes = st.lists(st.integers(-100, 100).map(lambda count: count / 10_000), min_size=2, max_size=20)


def test_equivalence_agrees_with_statsmodels():
    """The p-value is statsmodels' two one-sided paired t tests to 1e-10."""
    before, after = np.random.default_rng(6).normal(0.6, 0.004, (2, 12))
    expected = ttost_paired(after, before, -0.005, 0.005)[0]
    assert equivalence_test(gained(after - before), margin=0.005).p_value == pytest.approx(expected, rel=1e-10)


@settings(deadline=None, max_examples=80)
@given(changes)
def test_passing_means_that_the_interval_lies_inside(values):
    """The tests pass at 5 % exactly where the 90 % interval lies inside the margin."""
    assume(min(values) < max(values))
    result = equivalence_test(gained(values), margin=0.005)
    inside = max(-result.interval.low, result.interval.high)
    assume(abs(inside - 0.005) > 1e-12)
    assert (result.p_value <= 0.05) == (inside < 0.005)
    assert result.interval.level == pytest.approx(0.9)


@settings(deadline=None, max_examples=60)
@given(changes)
def test_direction_does_not_matter(values):
    """Swapping the arms leaves the p-value as it was."""
    assert (
        equivalence_test(gained(values), margin=0.005).p_value
        == equivalence_test(gained(-np.array(values)), margin=0.005).p_value
    )


@pytest.mark.parametrize(("difference", "p_value"), [(0.0, 2**-5), (0.004, 2**-5), (0.005, 1.0), (-0.02, 1.0)])
def test_equal_differences_are_no_certainty(difference, p_value):
    """Without spread the sign-flip test stands in: five equal differences inside the margin have p = 1 / 32."""
    assert equivalence_test(gained([difference] * 5), margin=0.005).p_value == p_value


def test_adjustment_counts_what_is_to_come():
    """Holm's adjustment over the variations counts one that has no pairs yet."""
    result = equivalence_test(gained([0.001, -0.002, 0.002, 0.000]), margin=0.005)
    first, second = adjusted_equivalence([result, None])
    assert first.p_value_adjusted == 2 * result.p_value
    assert second is None


@pytest.mark.parametrize("margin", [0, -0.005, float("nan")])
def test_a_margin_must_be_above_nothing(margin):
    """A margin of 0 is refused: nothing could ever be shown equal."""
    with pytest.raises(StatisticsError) as error:
        equivalence_test(gained([0.1, 0.2]), margin=margin)
    assert str(error.value) == (
        f"margin is {margin}, expected a difference above 0. Declare the smallest difference that matters, for example "
        "0.005 for half a percentage point."
    )


def test_one_difference_cannot_be_tested():
    """A test of one difference is refused."""
    with pytest.raises(StatisticsError) as error:
        equivalence_test(gained([0.001]), margin=0.005)
    assert str(error.value) == (
        "1 and 1 runs show no spread to test a difference against, expected at least 2 of each arm. Run more seeds."
    )
