import numpy as np
import pytest

from bench.simulations import convergence as simulated
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
from ceteris.statistics.difference import difference_interval, difference_test, mean_difference
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.paired import sign_flip_interval
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
    ("measure", "expected"), [(Measure.EPOCHS, 3.0), (Measure.IMAGES, 1500.0), (Measure.SECONDS, 9.0)]
)
def test_the_target_counts_once_it_is_held(measure, expected):
    """The time is that of the first of two epochs in a row at or above the target, even if the curve falls again."""
    curve = Curve(
        accuracy=np.array([0.6, 0.3, 0.5, 0.5, 0.2]),
        seconds=np.array([3.0, 7.5, 9.0, 12.0, 13.0]),
        images_per_epoch=500,
    )
    times = times_to_target([curve], measure, 0.5)
    assert (times.times.tolist(), times.reached.tolist()) == ([expected], [True])


@pytest.mark.parametrize("accuracy", [[0.3, 0.4, 0.2], [0.6, 0.4, 0.6], [0.6]])
def test_a_run_that_never_arrives_is_censored_where_it_was_last_watched(accuracy):
    """It is not dropped: its time is that of the last epoch, which alone shows nothing; it is marked as not reached."""
    curve = Curve(accuracy=np.array(accuracy), seconds=np.array([3.0, 7.5, 9.0][: len(accuracy)]))
    times = times_to_target([curve], Measure.SECONDS, 0.5)
    assert (times.times.tolist(), times.reached.tolist()) == ([curve.seconds[-1]], [False])


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
    """Diverged, failed and missing runs, those at the chance level, and those without epochs have none."""
    arm = make_arm(
        "fast",
        {3: 0.5, 2: Ending.DIVERGED, 1: Ending.FAILED, 0: Ending.MISSING, 4: 0.1, 5: 0.6},
        curves={seed: [0.3, 0.5] for seed in range(5)},
        images_per_epoch=100,
    )
    curves = learning_curves(arm, chance=0.1)
    assert {seed: curve.accuracy.tolist() for seed, curve in curves.items()} == {3: [0.3, 0.5]}
    assert curves[3].images_per_epoch == 100


def test_an_arm_that_diverged_in_its_first_epoch_is_not_compared(make_arm):
    """It has no run that learned, and so no difference in epochs: neither 0 nor any other."""
    before = make_arm("baseline", dict.fromkeys(range(8), 0.6), curves={seed: [0.5, 0.6] for seed in range(8)})
    after = make_arm("wild", dict.fromkeys(range(8), Ending.DIVERGED), curves={seed: [NAN] for seed in range(8)})
    assert compared(learning_curves(before, 0.1), learning_curves(after, 0.1)) == {}


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


def test_times_are_compared_by_one_test():
    """Without censoring, interval and p-value are those of the sign-flip test of the arrival times."""
    before, after = [5, 6, 7, 6, 4, 5], [3, 4, 4, 6, 4, 3]
    found = compared(rising(before), rising(after))
    expected = sign_flip_interval(np.subtract(after, before), significance=0.05)
    assert (found[Measure.EPOCHS].difference, found[Measure.EPOCHS].p_value) == expected
    assert found[Measure.IMAGES].difference.low == 100 * expected[0].low
    assert found[Measure.IMAGES].p_value == expected[1]
    assert found[Measure.EPOCHS].censored_variation == ()


def test_areas_are_compared_over_all_runs():
    """Interval and p-value are those of the partially overlapping t test, whichever seeds the arms have."""
    before, after = rising([5, 6, 7, 6, 4, 5, 6]), rising([3, 4, 4, 6])
    found = compared(before, after)
    values = [{seed: curve.accuracy.mean() for seed, curve in arm.items()} for arm in (before, after)]
    expected = mean_difference(*values)
    assert found[Measure.AREA].difference == difference_interval(expected, level=0.95)
    assert found[Measure.AREA].p_value == difference_test(expected)
    assert found[Measure.AREA].runs == (7, 4)
    assert found[Measure.EPOCHS].runs == (4, 4)


def test_seconds_and_the_last_epoch_are_not_tested():
    """What is measured once per packed batch, and what the luckiest epoch decides, has a mean and nothing else."""
    found = compared(rising([5, 6, 7, 6, 4, 5]), rising([3, 4, 4, 6, 4, 3]))
    assert found[Measure.SECONDS].difference == PointEstimate(estimate=-1.5)
    assert found[Measure.FINAL_MINUS_BEST].difference == PointEstimate(estimate=0.0)
    adjusted = adjusted_convergence([found])[0]
    for measure in (Measure.SECONDS, Measure.FINAL_MINUS_BEST):
        assert (found[measure].p_value, adjusted[measure].p_value_adjusted) == (None, None)


def test_runs_that_never_arrive_count_and_are_named():
    """A censored run counts with the truncation time in its pair, and its seed is given."""
    found = compared(rising([5, 6, 7, 99]), rising([3, 99, 4, 99]))[Measure.EPOCHS]
    assert found.truncation_time == 10
    assert (found.censored_baseline, found.censored_variation) == ((3,), (1, 3))
    assert found.difference.estimate == np.mean([3 - 5, 10 - 6, 4 - 7, 0])


def test_truncation_time_is_common_to_both_arms():
    """A slow variation watched for 100 s is compared with a baseline watched for 10 s on the first 10 s only."""
    found = compared(rising([2, 3, 99]), rising([2, 5, 6], seconds=10.0))[Measure.SECONDS]
    assert found.truncation_time == 10
    assert found.difference.estimate == np.mean([10 - 2, 10 - 3, 10 - 10])


def test_truncation_time_of_a_variation_that_was_watched_less():
    """Where only runs of the variation were censored, theirs is the truncation time, for the baseline too."""
    found = compared(rising([2, 9]), rising([99, 3], epochs=4))[Measure.EPOCHS]
    assert found.truncation_time == 4
    assert found.difference.estimate == np.mean([4 - 2, 3 - 4])


def test_arms_of_different_length_are_compared_where_both_are_known():
    """The area is taken over the epochs that both arms have."""
    found = compared(rising([1, 1], epochs=4), rising([3, 3], epochs=8))
    assert found[Measure.AREA].difference.estimate == pytest.approx(0.4 - 0.6)


def test_no_common_seed_and_no_target():
    """Without a run nothing is compared; without a common seed or a target no times are."""
    values = [Measure.AREA, Measure.FINAL_MINUS_BEST]
    assert compared(rising([1]), {}) == {}
    assert list(compared(rising([1]), {7: rising([2])[0]})) == values
    found = contrast_convergence(rising([1]), rising([2]), target=None, generator=np.random.default_rng(0))
    assert list(found) == values


def test_one_pair_has_neither_interval_nor_p_value():
    """One pair gives a point estimate of each measure."""
    found = compared(rising([5]), rising([3]))
    assert found[Measure.EPOCHS].difference == PointEstimate(estimate=-2.0)
    assert {one.p_value for one in found.values()} == {None}


def test_each_measure_is_a_family_of_its_own():
    """Holm's adjustment counts all variations, those without the measure included."""
    first = compared(rising([5, 6, 7, 6]), rising([3, 4, 4, 5]))
    second = contrast_convergence(rising([5, 6]), rising([3, 3]), target=None, generator=np.random.default_rng(0))
    adjusted = adjusted_convergence([first, second, {}])
    times, areas = adjusted[0][Measure.EPOCHS], adjusted[0][Measure.AREA]
    assert times.p_value_adjusted == pytest.approx(3 * times.p_value)
    assert areas.p_value_adjusted == pytest.approx(3 * areas.p_value)
    assert list(adjusted[1]) == [Measure.AREA, Measure.FINAL_MINUS_BEST]
    assert adjusted[2] == {}


def test_no_interval_contradicts_its_p_value():
    """In 300 simulated tables an interval leaves out 0 where the p-value is at most the significance, nowhere else."""
    disagree, leave_out = simulated.contradictions(300, seed=31)
    assert disagree == 0
    assert 0.05 < leave_out < 0.95


def test_noise_does_not_look_like_speed():
    """An equal variation that is noisier from epoch to epoch is seldom called sooner or later, by area or by epochs."""
    studies = 500
    area, held, reached = simulated.false_claims(studies, seed=32)
    # 5 % and three standard errors of a count of 500; the first crossing alone is called sooner far more often.
    assert max(area, held) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    assert reached > 0.1
