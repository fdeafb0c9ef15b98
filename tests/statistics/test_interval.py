import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from ceteris.errors import StatisticsError
from ceteris.statistics.interval import Interval, PointEstimate, Scope, checked, describe, mean_interval


def test_describe_gives_size_mean_and_deviation():
    """The deviation has size - 1 in its denominator."""
    sample = describe(checked([1, 2, 6], "scores"))
    assert (sample.size, sample.mean) == (3, 3.0)
    assert sample.deviation == pytest.approx(np.sqrt(7), rel=1e-12)


def test_one_number_has_no_deviation():
    """One number has a mean, and no spread rather than a spread of 0."""
    sample = describe(checked([0.4], "scores"))
    assert (sample.size, sample.mean, sample.deviation) == (1, 0.4, None)


def test_equal_numbers_have_no_spread_from_rounding():
    """Three times 0.1 has mean 0.1 and deviation 0, exactly, which numpy's own mean does not give."""
    sample = describe(checked([0.1, 0.1, 0.1], "scores"))
    assert (sample.mean, sample.deviation) == (0.1, 0.0)
    assert np.std([0.1, 0.1, 0.1]) > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "scores: there are none, expected one per seed. Give at least one."),
        ([[0.1, 0.2]], "scores have shape (1, 2), expected (seeds,). Give one number per seed."),
        (
            [0.1, float("nan"), float("inf")],
            (
                "scores: number 1 of 3 (from 0) is nan, expected finite numbers. Leave failed runs out, and count "
                "diverged ones with chance accuracy."
            ),
        ),
        (
            [float("nan")] * 2,
            (
                "scores: number 0 of 2 (from 0) is nan, expected finite numbers. Leave failed runs out, and count "
                "diverged ones with chance accuracy."
            ),
        ),
    ],
)
def test_what_is_not_a_sample_is_refused(values, message):
    """Nothing, a table, and numbers that are not finite are each refused with a sentence that says what to do."""
    with pytest.raises(StatisticsError) as error:
        checked(values, "scores")
    assert str(error.value) == message


scores = st.lists(st.floats(0, 1).map(lambda value: round(value, 4)), min_size=2, max_size=20)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_mean_interval_agrees_with_scipy_and_statsmodels(level):
    """The t interval is scipy's and statsmodels' to 1e-10."""
    values = np.random.default_rng(1).normal(0.6, 0.02, 9)
    interval = mean_interval(values, level=level)
    by_scipy = scipy.stats.t.interval(level, 8, values.mean(), scipy.stats.sem(values))
    by_statsmodels = DescrStatsW(values).tconfint_mean(alpha=1 - level)
    assert (interval.low, interval.high) == pytest.approx(by_scipy, rel=1e-10)
    assert (interval.low, interval.high) == pytest.approx(by_statsmodels, rel=1e-10)
    assert (interval.level, interval.scope) == (level, Scope.SEEDS)


def test_one_seed_has_no_interval():
    """One seed gives a point estimate: a type without ends, so that nothing can print them."""
    estimate = mean_interval([0.61])
    assert estimate == PointEstimate(estimate=0.61)
    assert not hasattr(estimate, "low")
    assert not hasattr(estimate, "high")


def test_two_seeds_have_a_wide_interval():
    """Two seeds have an interval of 12.7 standard errors each way."""
    interval = mean_interval([0.60, 0.62])
    assert (interval.high - interval.low) / 2 == pytest.approx(12.706204736 * 0.01, rel=1e-9)


def test_equal_scores_have_no_interval():
    """Scores without spread give a point estimate that is the score, exactly."""
    assert mean_interval([0.1, 0.1, 0.1]) == PointEstimate(estimate=0.1)


@settings(deadline=None, max_examples=60)
@given(scores, st.randoms(use_true_random=False))
def test_interval_does_not_depend_on_the_order_of_seeds(values, random):
    """Shuffled seeds give the same interval, which contains the estimate."""
    shuffled = random.sample(values, len(values))
    first, second = mean_interval(values), mean_interval(shuffled)
    assume(isinstance(first, Interval))
    assert (first.low, first.estimate, first.high) == pytest.approx(
        (second.low, second.estimate, second.high), abs=1e-12
    )
    assert first.low <= first.estimate <= first.high


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_its_range_is_refused(level):
    """A coverage in per cent is answered with how to write it."""
    with pytest.raises(StatisticsError) as error:
        mean_interval([0.1, 0.2], level=level)
    assert str(error.value) == f"level is {level}, expected a coverage between 0 and 1. Write 0.95 for 95 %."
