import numpy as np
import pytest

from ceteris.statistics.contrast import contrast
from ceteris.statistics.convergence import (
    Curve,
    Measure,
    Times,
    adjusted_convergence,
    contrast_convergence,
    convergence_target,
    curve_values,
    learning_curves,
    restricted,
    times_to_target,
    truncation_time,
)
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.scores import Ending


def times(values, reached):
    """Times in short."""
    return Times(times=np.array(values, float), reached=np.array(reached, np.bool_))


def test_truncation_time_is_the_shortest_watch_without_success():
    """It is where the first censored run was last seen, over all arms; without one, the longest time."""
    done, stopped = times([3, 8], [1, 1]), times([12, 10, 4], [0, 0, 1])
    assert truncation_time(done) == 8
    assert truncation_time(stopped) == 10
    assert truncation_time(done, stopped) == 10
    assert truncation_time(times([12], [1]), stopped) == 10


def test_restricted_times_stop_at_the_truncation_time():
    """What took longer counts with the truncation time, reached or not."""
    found = restricted(times([3, 12, 20], [1, 1, 0]), 10.0)
    assert found.tolist() == [3, 10, 10]


NAN = float("nan")


def test_target_is_a_share_of_the_mean_final_accuracy():
    """90 % of the mean of 0.5 and 0.7; no target without curves, nor one that guessing reaches."""
    curves = {0: Curve(accuracy=np.array([0.9, 0.5])), 1: Curve(accuracy=np.array([0.1, 0.7]))}
    assert convergence_target(curves, chance=0.1) == pytest.approx(0.54)
    assert convergence_target(curves, chance=0.1, share=0.5) == pytest.approx(0.3)
    assert convergence_target({}, chance=0.1) is None
    assert convergence_target(curves, chance=0.1, share=1 / 6) is None
    assert convergence_target(curves, chance=1 / 11, share=1 / 6) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("measure", "expected"), [(Measure.EPOCHS, 2.0), (Measure.IMAGES, 1000.0), (Measure.SECONDS, 7.5)]
)
def test_first_epoch_at_the_target_counts(measure, expected):
    """The time is that of the end of the first epoch at or above the target, even if the curve falls again."""
    curve = Curve(accuracy=np.array([0.3, 0.5, 0.2]), seconds=np.array([3.0, 7.5, 9.0]), images_per_epoch=500)
    times = times_to_target([curve], measure, 0.5)
    assert (times.times.tolist(), times.reached.tolist()) == ([expected], [True])


def test_a_run_that_never_arrives_is_censored_where_it_was_last_watched():
    """It is not dropped: its time is that of the last epoch, and it is marked as not reached."""
    curve = Curve(accuracy=np.array([0.3, 0.4, 0.2]), seconds=np.array([3.0, 7.5, 9.0]))
    times = times_to_target([curve], Measure.SECONDS, 0.5)
    assert (times.times.tolist(), times.reached.tolist()) == ([9.0], [False])


def test_unknown_clocks_give_no_times():
    """Without seconds, with seconds that are not numbers, or without images, there are no such times."""
    known, unknown = (Curve(accuracy=np.array([0.5]), seconds=seconds) for seconds in (np.array([1.0]), None))
    assert times_to_target([known, unknown], Measure.SECONDS, 0.5) is None
    assert times_to_target([Curve(accuracy=np.array([0.5]), seconds=np.array([NAN]))], Measure.SECONDS, 0.5) is None
    assert times_to_target([known], Measure.IMAGES, 0.5) is None


def test_area_and_fall_from_the_best_epoch():
    """The area is the mean over the epochs that all have; the fall is the last epoch's, in full."""
    curve = Curve(accuracy=np.array([0.2, 0.6, 0.5]))
    assert curve_values([curve], Measure.AREA, 2) == pytest.approx([0.4])
    assert curve_values([curve], Measure.FINAL_MINUS_BEST, 2) == pytest.approx([-0.1])


def test_only_runs_that_learned_have_a_curve(make_arm):
    """Runs that diverged or ended at chance have none: how fast is asked of runs that get somewhere."""
    arm = make_arm(
        "fast",
        {2: 0.5, 1: Ending.DIVERGED, 0: 0.1},
        curves={2: [0.3, NAN, 0.5], 1: [0.3, NAN], 0: [0.1, 0.1, 0.1]},
        images_per_epoch=100,
    )
    curves = learning_curves(arm, chance=0.1)
    assert list(curves) == [2]
    assert curves[2].accuracy.tolist() == [0.3, 0.1, 0.5]
    assert curves[2].images_per_epoch == 100


def test_a_shorter_finished_run_is_left_as_it_is(make_arm):
    """A finished run that was planned shorter is not filled up with guesses."""
    arm = make_arm("fast", {0: 0.5, 1: 0.5}, curves={0: [0.3, 0.4, 0.5], 1: [0.3, 0.5]})
    assert learning_curves(arm, chance=0.1)[1].accuracy.tolist() == [0.3, 0.5]


def test_only_runs_with_a_result_have_a_curve(make_arm):
    """Failed and missing runs, and finished ones without a record of their epochs, have none."""
    arm = make_arm("fast", {0: Ending.FAILED, 1: Ending.MISSING, 2: 0.5}, curves={0: [0.1], 1: [0.1]})
    assert learning_curves(arm, chance=0.1) == {}


def rising(arrivals, *, epochs=10, seconds=1.0):
    """Curves that jump from 0.2 to 0.6 at the end of an epoch, or never."""
    return {
        seed: Curve(
            accuracy=np.where(np.arange(1, epochs + 1) >= arrival, 0.6, 0.2),
            seconds=seconds * np.arange(1.0, epochs + 1),
            images_per_epoch=100,
        )
        for seed, arrival in enumerate(arrivals)
    }


def compared(before, after, **changes):
    """Compare with the usual settings."""
    return contrast_convergence(before, after, target=0.5, generator=np.random.default_rng(0), **changes)


def test_times_are_compared_like_any_other_outcome():
    """Without censoring, the contrast is that of the arrival times, and less is better."""
    before, after = [5, 6, 7, 6], [3, 4, 4, 6]
    found = compared(rising(before), rising(after))
    arms = (dict(enumerate(times)) for times in (before, after))
    expected = contrast(*arms, generator=np.random.default_rng(0), higher_is_better=False)
    assert found[Measure.EPOCHS].contrast == expected
    assert found[Measure.EPOCHS].contrast.superiority.estimate == 3.5 / 4
    assert found[Measure.IMAGES].contrast.difference.estimate == 100 * expected.difference.estimate
    assert found[Measure.SECONDS].contrast.difference.estimate == expected.difference.estimate
    assert found[Measure.EPOCHS].censored_variation == ()


def test_runs_that_never_arrive_count_and_are_named():
    """A censored run counts with the truncation time in its pair, and its seed is given."""
    found = compared(rising([5, 6, 7, 99]), rising([3, 99, 4, 99]))[Measure.EPOCHS]
    assert found.truncation_time == 10
    assert (found.censored_baseline, found.censored_variation) == ((3,), (1, 3))
    assert found.contrast.pairs == 4
    assert found.contrast.difference.estimate == np.mean([3 - 5, 10 - 6, 4 - 7, 0])


def test_horizon_is_common_to_both_arms():
    """A slow variation watched for 100 s is compared with a baseline watched for 10 s on the first 10 s only."""
    found = compared(rising([2, 3, 99]), rising([2, 5, 6], seconds=10.0))[Measure.SECONDS]
    assert found.truncation_time == 10
    assert found.contrast.difference.estimate == np.mean([10 - 2, 10 - 3, 10 - 10])


def test_horizon_of_a_variation_that_was_watched_less():
    """Where only runs of the variation were censored, theirs is the truncation time, for the baseline too."""
    found = compared(rising([2, 9]), rising([99, 3], epochs=4))[Measure.EPOCHS]
    assert found.truncation_time == 4
    assert found.contrast.difference.estimate == np.mean([4 - 2, 3 - 4])


def test_arms_of_different_length_are_compared_where_both_are_known():
    """The area is taken over the epochs that both arms have."""
    found = compared(rising([1, 1], epochs=4), rising([3, 3], epochs=8))
    assert found[Measure.AREA].contrast.difference.estimate == pytest.approx(0.4 - 0.6)


def test_no_common_seed_and_no_target():
    """Without pairs nothing is compared; without a target no times are."""
    assert compared(rising([1]), {}) == {}
    found = contrast_convergence(rising([1]), rising([2]), target=None, generator=np.random.default_rng(0))
    assert list(found) == [Measure.AREA, Measure.FINAL_MINUS_BEST]


def test_one_pair_has_no_interval():
    """One pair gives a point estimate of each measure."""
    found = compared(rising([5]), rising([3]))
    assert found[Measure.EPOCHS].contrast.difference == PointEstimate(estimate=-2.0)


def test_each_measure_is_a_family_of_its_own():
    """Holm's adjustment counts all variations, those without the measure included."""
    first = compared(rising([5, 6, 7, 6]), rising([3, 4, 4, 5]))
    second = contrast_convergence(rising([5, 6]), rising([3, 3]), target=None, generator=np.random.default_rng(0))
    adjusted = adjusted_convergence([first, second, {}])
    times, areas = adjusted[0][Measure.EPOCHS].contrast, adjusted[0][Measure.AREA].contrast
    assert times.p_value_adjusted == pytest.approx(3 * times.p_value)
    assert times.sign_flip_adjusted == pytest.approx(3 * times.sign_flip)
    assert areas.p_value_adjusted == pytest.approx(3 * areas.p_value)
    assert list(adjusted[1]) == [Measure.AREA, Measure.FINAL_MINUS_BEST]
    assert adjusted[2] == {}
