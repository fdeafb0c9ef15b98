import numpy as np
import pytest
import scipy.stats

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import USUAL, Criteria, contrast, with_adjusted
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.paired import sign_flip_test


def by_seed(values, first=0):
    """Give values the seeds from a first one on."""
    return {first + place: float(value) for place, value in enumerate(values)}


def test_usual_criteria():
    """Half a percentage point, 90 % of the baseline, 5 %, 80 %, and so intervals of 95 %."""
    assert Criteria(margin=0.005, target_share=0.9, significance=0.05, power=0.8) == USUAL
    assert USUAL.level == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"margin": -1}, "margin is -1, expected a difference of at least 0. Write 0.005 for half a percentage point."),
        ({"target_share": 90}, "target_share is 90, expected a share in (0, 1]. Write 0.9 for 90 %."),
        ({"significance": 0.95}, "significance is 0.95, expected a probability in (0, 0.5). Write 0.05 for 5 %."),
        ({"power": 1}, "power is 1, expected a probability in (0, 1). Write 0.8 for 80 %."),
    ],
)
def test_criteria_outside_their_range_are_refused(criteria, message):
    """Each number is named, with how to write it."""
    with pytest.raises(StatisticsError) as error:
        Criteria(**criteria)
    assert str(error.value) == message


def test_a_contrast_holds_what_scipy_says():
    """Every number of a contrast is recomputed with another library."""
    before, after = np.random.default_rng(7).normal(0.6, 0.01, (2, 8))
    criteria = Criteria(significance=0.1)
    found = contrast(
        by_seed(before), by_seed(after), generator=np.random.default_rng(0), comparisons=3, criteria=criteria
    )
    expected = scipy.stats.ttest_rel(after, before)
    assert (found.pairs, found.runs) == (8, (8, 8))
    assert (found.difference.low, found.difference.high) == pytest.approx(expected.confidence_interval(0.9), rel=1e-10)
    ends = expected.confidence_interval(1 - 0.1 / 3)
    assert (found.simultaneous.low, found.simultaneous.high) == pytest.approx(ends, rel=1e-10)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert found.correlation.estimate == pytest.approx(scipy.stats.pearsonr(before, after).statistic, rel=1e-10)
    assert found.superiority.estimate == np.mean(after > before)
    assert found.superiority.level == pytest.approx(0.9)
    assert found.sign_flip == sign_flip_test(after - before)


def test_arms_without_common_seeds_have_no_pairs():
    """Then nothing is said of pairs, and the test is Welch's."""
    before, after = np.random.default_rng(7).normal(0.6, 0.01, (2, 8))
    found = contrast(by_seed(before), by_seed(after, 20), generator=np.random.default_rng(0))
    assert (found.pairs, found.sign_flip, found.superiority, found.correlation) == (0, None, None, None)
    assert found.p_value == pytest.approx(scipy.stats.ttest_ind(after, before, equal_var=False).pvalue, rel=1e-10)


def test_one_run_of_each_says_only_what_it_can():
    """It has point estimates and nothing else."""
    found = contrast({0: 0.5}, {0: 0.6}, generator=np.random.default_rng(0))
    assert isinstance(found.difference, PointEstimate)
    assert isinstance(found.simultaneous, PointEstimate)
    assert found.superiority == PointEstimate(estimate=1.0)
    assert (found.p_value, found.sign_flip, found.correlation, found.has_spread) == (None, None, None, False)


def test_adjusted_p_values_are_filled_in_where_they_are_numbers():
    """Not-a-number, as of a test that could not be made, stays None."""
    full = contrast(by_seed([0.5] * 4), by_seed([0.6, 0.7, 0.65, 0.62]), generator=np.random.default_rng(0))
    found = with_adjusted(full, 0.04, float("nan"))
    assert (found.p_value_adjusted, found.sign_flip_adjusted) == (0.04, None)


def test_many_pairs_draw_from_the_generator():
    """Beyond the exact limit the sign-flip test is random."""
    before, after = map(by_seed, np.random.default_rng(8).normal(0.6, 0.01, (2, 40)))
    first, again, other = (contrast(before, after, generator=np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.sign_flip == again.sign_flip != other.sign_flip
