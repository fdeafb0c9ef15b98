import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ceteris.errors import StatisticsError
from ceteris.statistics.holm import holm

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
