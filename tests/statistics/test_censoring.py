import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from ceteris.statistics.censoring import Times, horizon, kaplan_meier_median, restricted


def times(values, reached):
    """Times in short."""
    return Times(times=np.array(values, float), reached=np.array(reached, np.bool_))


@pytest.mark.parametrize("seed", range(20))
def test_median_agrees_with_statsmodels(seed):
    """Kaplan and Meier's median is read off statsmodels' survival curve: the first time with half or fewer left."""
    generator = np.random.default_rng(seed)
    values, reached = generator.integers(1, 12, 15), generator.random(15) < 0.7
    curve = SurvfuncRight(values, reached)
    below = curve.surv_times[curve.surv_prob <= 0.5 + 1e-9]
    assert kaplan_meier_median(times(values, reached)) == (below[0] if len(below) else None)


def test_median_where_exactly_half_are_left():
    """Of four runs, the median is the second to arrive, in spite of rounding."""
    assert kaplan_meier_median(times([3, 5, 7, 9], [1, 1, 1, 1])) == 5
    assert kaplan_meier_median(times([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0])) == 3


def test_no_median_where_most_never_arrive():
    """Where fewer than half reach the target, or none, there is no median."""
    assert kaplan_meier_median(times([3, 20, 20], [1, 0, 0])) is None
    assert kaplan_meier_median(times([20, 20], [0, 0])) is None


def test_horizon_is_the_shortest_watch_without_success():
    """The horizon is where the first censored run was last seen, over all arms; without one, the longest time."""
    done, stopped = times([3, 8], [1, 1]), times([12, 10, 4], [0, 0, 1])
    assert horizon(done) == 8
    assert horizon(stopped) == 10
    assert horizon(done, stopped) == 10
    assert horizon(times([12], [1]), stopped) == 10


def test_restricted_times_stop_at_the_horizon():
    """What took longer counts with the horizon, reached or not."""
    found = restricted(times([3, 12, 20], [1, 1, 0]), 10.0)
    assert found.tolist() == [3, 10, 10]
