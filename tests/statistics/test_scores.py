from dataclasses import replace

import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.scores import RunScore, Scores, Status, counted_accuracy


def test_each_status_counts_as_it_says(make_arm):
    """A finished run counts with its accuracy, a diverged one with guessing, and the others not at all."""
    arm = make_arm("wide", {5: Status.FAILED, 2: Status.DIVERGED, 1: 0.6, 0: Status.MISSING, 3: Status.FAILED})
    counted = {run.seed: counted_accuracy(run, chance=0.25) for run in arm.runs}
    assert counted == {0: None, 1: 0.6, 2: 0.25, 3: None, 5: None}
    assert arm.seeds(Status.FAILED) == (3, 5)


def test_a_diverged_run_guesses_whatever_it_scored():
    """The accuracy that a diverged network happened to score is not looked at."""
    run = RunScore(seed=0, status=Status.DIVERGED, test_accuracy=0.13)
    assert counted_accuracy(run, chance=0.1) == 0.1


def build(baseline, *variations, chance=0.1):
    """Build the scores of a study."""
    return Scores(baseline=baseline, variations=variations, chance=chance)


@pytest.mark.parametrize("chance", [0, 10])
def test_a_chance_level_is_a_share(make_arm, chance):
    """A chance level outside (0, 1], for example the number of classes, is refused."""
    with pytest.raises(StatisticsError) as error:
        build(make_arm("baseline", {0: 0.5}), chance=chance)
    assert str(error.value) == (
        f"chance is {chance}, expected a share in (0, 1]. Give that of the largest class among the test images."
    )


def arms_with(mistake, make_arm):
    """Make the arms of a study with one mistake."""
    fine = make_arm("baseline", {0: 0.5})
    no_accuracy = (RunScore(seed=3, status=Status.FINISHED),)
    mistakes = {
        "names": (fine, fine),
        "seeds": (fine, replace(fine, name="wide", runs=fine.runs * 2)),
        "nan": (fine, make_arm("wide", {3: float("nan")})),
        "per cent": (make_arm("baseline", {3: 61.2}),),
        "none": (replace(fine, runs=no_accuracy),),
        "epochs": (fine, make_arm("wide", {3: 0.5}, curves={3: [0.1, 0.2]}, seconds={3: [1.0]})),
        "images": (
            make_arm("baseline", {0: 0.5}, correct={0: [1, 1]}),
            make_arm("wide", {0: 0.5}, correct={0: [1, 1, 1]}),
        ),
    }
    return mistakes[mistake]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("names", "2 arms are called 'baseline', expected distinct names. Rename all but one."),
        ("seeds", "'wide': seed 0 appears more than once, expected one run per seed. Keep one of them."),
        (
            "nan",
            (
                "'wide', seed 3: the test accuracy of a finished run is nan, expected a fraction in [0, 1]. Divide "
                "percentages by 100, and mark the run as diverged or failed if it has none."
            ),
        ),
        (
            "per cent",
            (
                "'baseline', seed 3: the test accuracy of a finished run is 61.2, expected a fraction in [0, 1]. "
                "Divide percentages by 100, and mark the run as diverged or failed if it has none."
            ),
        ),
        (
            "none",
            (
                "'baseline', seed 3: the test accuracy of a finished run is missing, expected a fraction in [0, 1]. "
                "Divide percentages by 100, and mark the run as diverged or failed if it has none."
            ),
        ),
        (
            "epochs",
            (
                "'wide', seed 3: 2 validation accuracies and 1 times, expected one of each per epoch. Give both for "
                "the same epochs."
            ),
        ),
        (
            "images",
            (
                "correct answers have shapes (2,), (3,), expected one shape (images,) for all runs. Score every run on "
                "the same test images."
            ),
        ),
    ],
)
def test_scores_that_contradict_each_other_are_refused(make_arm, mistake, message):
    """Each contradiction is named with the arm and the seed, and with what to do."""
    with pytest.raises(StatisticsError) as error:
        build(*arms_with(mistake, make_arm))
    assert str(error.value) == message


def test_scores_of_other_states_need_no_accuracy(make_arm):
    """Runs that did not finish may be without numbers."""
    arm = make_arm("baseline", {0: Status.FAILED, 1: Status.MISSING, 2: Status.DIVERGED})
    assert build(arm).baseline is arm
