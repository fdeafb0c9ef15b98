import numpy as np
import pytest

from ceteris.statistics.collapse import collapse_rate
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import PointEstimate, mean_interval
from ceteris.statistics.scores import ArmScores, Ending, RunScore
from ceteris.statistics.summary import summarise


def test_divergences_count_and_failures_are_named(make_arm):
    """The accuracy is of runs that learned, the mean without interval over diverged ones too; other seeds are given."""
    arm = make_arm(
        "wide",
        {5: Ending.MISSING, 4: Ending.FAILED, 3: Ending.FAILED, 2: Ending.DIVERGED, 1: 0.6, 0: 0.7, 6: Ending.MISSING},
    )
    found = summarise(arm, chance=0.1)
    assert found.accuracy == mean_interval([0.7, 0.6])
    assert found.deviation == pytest.approx(np.std([0.7, 0.6], ddof=1))
    assert found.mean == pytest.approx(np.mean([0.6, 0.7, 0.1]))
    assert found.collapse == collapse_rate(1, 3)
    assert (found.finished, found.diverged, found.failed, found.missing) == ((0, 1), (2,), (3, 4), (5, 6))
    assert found.planned == 7


def test_runs_that_never_learnt_are_named(make_arm):
    """A finished run that ended at chance collapsed: it is in the mean over all and in no accuracy."""
    arm = make_arm("deep", {2: 0.1, 0: 0.103, 1: 0.4, 3: Ending.DIVERGED}, test_images=1000)
    found = summarise(arm, chance=0.1)
    assert found.at_chance == (0, 2)
    assert (found.learned, found.collapsed) == ((1,), (0, 2, 3))
    assert found.accuracy == PointEstimate(estimate=0.4)
    assert found.mean == pytest.approx(np.mean([0.103, 0.4, 0.1, 0.1]))


def test_whether_a_run_guessed_does_not_depend_on_its_answers(make_arm):
    """The number of test images is the arm's: the same judgement where only accuracies are known."""
    scored = {0: 0.103, 1: 0.4}
    correct = {0: [1] * 103 + [0] * 897, 1: [1] * 400 + [0] * 600}
    arms = (make_arm("deep", scored, correct=known, test_images=1000) for known in (correct, None))
    assert [summarise(arm, chance=0.1).at_chance for arm in arms] == [(0,), (0,)]


def test_a_diverged_run_is_not_counted_twice():
    """A diverged run that scored like guessing is a diverged run, not one that never learnt as well."""
    runs = (RunScore(seed=0, status=Ending.DIVERGED, test_accuracy=0.1),)
    found = summarise(ArmScores(name="wild", factor="rate", runs=runs), chance=0.1)
    assert (found.diverged, found.at_chance) == ((0,), ())


def test_all_diverged(make_arm):
    """An arm of which every run diverged has a mean at chance, no accuracy, and a rate of collapse up to 1."""
    found = summarise(make_arm("wild", dict.fromkeys(range(4), Ending.DIVERGED)), chance=1 / 3)
    assert (found.accuracy, found.deviation, found.mean) == (None, None, pytest.approx(1 / 3))
    assert (found.diverged, found.collapse.estimate, found.collapse.high) == ((0, 1, 2, 3), 1.0, 1.0)


@pytest.mark.parametrize("status", [Ending.FAILED, Ending.MISSING])
def test_no_result_is_no_mean(make_arm, status):
    """An arm without any result has no accuracy, rather than one of 0."""
    found = summarise(make_arm("wide", {0: status}), chance=0.1)
    assert (found.accuracy, found.deviation, found.mean, found.collapse) == (None,) * 4
    assert found.convergence == {}


def test_one_seed_has_no_interval_anywhere(make_arm):
    """One seed has point estimates for accuracy and for every measure of convergence."""
    arm = make_arm("wide", {0: 0.6}, curves={0: [0.2, 0.6]}, seconds={0: [1.0, 2.0]}, images_per_epoch=50)
    found = summarise(arm, chance=0.1, target=0.5)
    assert found.accuracy == PointEstimate(estimate=0.6)
    assert list(found.convergence) == list(Measure)
    assert all(isinstance(measure.mean, PointEstimate) for measure in found.convergence.values())


def test_convergence_of_an_arm(make_arm):
    """Times have a restricted mean, a truncation time and a count of runs that arrived; other measures a mean."""
    curves = {0: [0.6, 0.6, 0.6, 0.6], 1: [0.2, 0.6, 0.6, 0.5], 2: [0.2, 0.2, 0.2, 0.2]}
    found = summarise(make_arm("wide", {0: 0.6, 1: 0.5, 2: 0.2}, curves=curves), chance=0.1, target=0.5).convergence
    epochs = found[Measure.EPOCHS]
    assert epochs.mean == mean_interval([1, 2, 4])
    assert (epochs.runs, epochs.reached, epochs.truncation_time) == (3, 2, 4.0)
    assert found[Measure.FINAL_MINUS_BEST].mean.estimate == pytest.approx(-0.1 / 3)
    assert Measure.SECONDS not in found


def test_times_beyond_the_horizon_are_not_guessed_at(make_arm):
    """A run watched for 3 s without success cuts the times of all runs at 3 s; seconds have no interval."""
    curves = {0: [0.2, 0.2, 0.6, 0.6], 1: [0.2, 0.6, 0.6, 0.6], 2: [0.2, 0.2, 0.2, 0.2]}
    seconds = {0: [3.0, 6.0, 9.0, 12.0], 1: [0.5, 2.0, 2.5, 3.0], 2: [0.5, 1.0, 2.0, 3.0]}
    arm = make_arm("wide", {0: 0.6, 1: 0.5, 2: 0.2}, curves=curves, seconds=seconds)
    found = summarise(arm, chance=0.1, target=0.5).convergence[Measure.SECONDS]
    assert (found.truncation_time, found.mean) == (3.0, PointEstimate(estimate=8 / 3))


def test_without_a_target_there_are_no_times(make_arm):
    """Area and fall need no target."""
    found = summarise(make_arm("wide", {0: 0.6}, curves={0: [0.2, 0.6]}), chance=0.1).convergence
    assert list(found) == [Measure.AREA, Measure.FINAL_MINUS_BEST]
