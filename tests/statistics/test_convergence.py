import numpy as np
import pytest

from ceteris.statistics.convergence import (
    Curve,
    Measure,
    convergence_target,
    curve_values,
    learning_curves,
    times_to_target,
)
from ceteris.statistics.scores import Status

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


def test_diverged_runs_guess_to_the_end(make_arm):
    """After divergence a run guesses for as long as the longest run of its arm was watched."""
    arm = make_arm(
        "fast",
        {2: 0.5, 1: Status.DIVERGED, 0: Status.DIVERGED},
        curves={2: [0.3, 0.4, 0.5], 1: [0.3, NAN], 0: [0.2, NAN, NAN]},
        seconds={2: [1.0, 2.0, 3.0], 1: [1.0, 2.0], 0: [1.0, 2.0, 4.0]},
        images_per_epoch=100,
    )
    curves = learning_curves(arm, chance=0.1)
    assert list(curves) == [0, 1, 2]
    assert curves[1].accuracy.tolist() == [0.3, 0.1, 0.1]
    assert curves[1].seconds.tolist() == [1.0, 2.0, 4.0]
    assert curves[0].accuracy.tolist() == [0.2, 0.1, 0.1]
    assert curves[0].seconds.tolist() == [1.0, 2.0, 4.0]
    assert curves[2].images_per_epoch == 100


def test_a_shorter_finished_run_is_left_as_it_is(make_arm):
    """A finished run that was planned shorter is not filled up with guesses."""
    arm = make_arm("fast", {0: 0.5, 1: 0.5}, curves={0: [0.3, 0.4, 0.5], 1: [0.3, 0.5]})
    assert learning_curves(arm, chance=0.1)[1].accuracy.tolist() == [0.3, 0.5]


def test_only_runs_with_a_result_have_a_curve(make_arm):
    """Failed and missing runs, and finished ones without a record of their epochs, have none."""
    arm = make_arm("fast", {0: Status.FAILED, 1: Status.MISSING, 2: 0.5}, curves={0: [0.1], 1: [0.1]})
    assert learning_curves(arm, chance=0.1) == {}


def test_all_not_a_number_is_all_guessing(make_arm):
    """A run that diverged in its first epoch guesses throughout."""
    arm = make_arm("fast", {0: Status.DIVERGED}, curves={0: [NAN, NAN]})
    assert learning_curves(arm, chance=0.25)[0].accuracy.tolist() == [0.25, 0.25]
