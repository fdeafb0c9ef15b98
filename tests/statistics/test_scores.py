from dataclasses import replace

import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.scores import (
    ArmScores,
    Ending,
    Evidence,
    RunScore,
    Scores,
    evidence,
    is_at_chance,
)


@pytest.mark.parametrize(
    ("correct", "images", "chance", "expected"),
    [
        # P(X >= k) for X ~ B(n, chance), from tables of the binomial distribution
        (7, 8, 0.5, False),  # 9 / 256 = 0.035
        (6, 8, 0.5, True),  # 37 / 256 = 0.145
        (1051, 10_000, 0.1, False),  # 0.0469
        (1050, 10_000, 0.1, True),  # 0.0502
        (60, 61, 60 / 61, True),  # 0.74
        (3, 4, 1.0, True),
    ],
)
def test_the_exact_binomial_test_decides(correct, images, chance, expected):
    """A run is at chance unless so many correct predictions have a probability of at most 5 % by chance."""
    assert is_at_chance(correct / images, chance, images) is expected


@pytest.mark.parametrize(("images", "chance"), [(2, 0.5), (61, 60 / 61), (4, 1.0), (None, 1.0)])
def test_a_perfect_score_is_never_at_chance(images, chance):
    """Also on few images, very unequal classes, or one class, where no score could pass the test."""
    assert not is_at_chance(1.0, chance, images)


def test_without_the_number_of_images_the_share_decides():
    """Up to the chance level is at chance, above it is not."""
    assert [is_at_chance(accuracy, 0.1) for accuracy in (0.1, 0.1001)] == [True, False]


def test_an_accuracy_in_per_cent_is_refused():
    """90 in place of 0.9 is answered with what to do."""
    with pytest.raises(StatisticsError) as error:
        is_at_chance(90, 0.1, 10)
    assert str(error.value) == (
        "accuracy is 90, chance level 0.1, on 10 images, expected fractions and at least 1 image. Divide percentages "
        "by 100."
    )


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
    no_accuracy = (RunScore(seed=3, status=Ending.FINISHED),)
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
    arm = make_arm("baseline", {0: Ending.FAILED, 1: Ending.MISSING, 2: Ending.DIVERGED})
    assert build(arm).baseline is arm


def test_each_status_counts_as_it_says(make_arm):
    """In a mean over all a finished run counts with its accuracy, a diverged one at chance, the others not at all."""
    arm = make_arm("wide", {5: Ending.FAILED, 2: Ending.DIVERGED, 1: 0.6, 0: Ending.MISSING, 3: Ending.FAILED})
    assert arm.counted(0.25) == {1: 0.6, 2: 0.25}
    assert arm.seeds(Ending.FAILED) == (3, 5)


def test_what_a_diverged_run_scored_is_not_looked_at():
    """The accuracy that a diverged network happened to score counts for nothing: it did not learn."""
    run = RunScore(seed=0, status=Ending.DIVERGED, test_accuracy=0.9)
    arm = ArmScores(name="wild", factor="rate", runs=(run,))
    assert (arm.counted(0.1), arm.learned(0.1), arm.collapsed(0.1)) == ({0: 0.1}, {}, (0,))


def test_runs_learned_if_they_finished_better_than_chance(make_arm):
    """At chance and diverged runs collapsed; failed and missing ones did neither; seeds are in order."""
    arm = make_arm("deep", {1024: 0.5, 16: 0.1, 8: Ending.DIVERGED, 3: Ending.FAILED, 2: Ending.MISSING, 0: 0.8})
    assert list(arm.learned(0.1).items()) == [(0, 0.8), (1024, 0.5)]
    assert arm.collapsed(0.1) == (8, 16)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({0: 0.5}, {0: Ending.MISSING}, Evidence.NO_RUN),
        ({0: Ending.FAILED}, {0: 0.5}, Evidence.NO_RUN),
        ({0: 0.1, 1: Ending.DIVERGED}, {0: 0.1}, Evidence.BASELINE_COLLAPSED),
        ({0: 0.5}, {0: 0.1, 1: Ending.DIVERGED}, Evidence.VARIATION_COLLAPSED),
        ({0: 0.5, 1: 0.1}, {7: 0.6, 8: Ending.DIVERGED}, Evidence.LEARNED),
    ],
)
def test_accuracies_are_compared_where_both_arms_have_a_run_that_learned(make_arm, before, after, expected):
    """One such run of each is enough, with whatever seeds."""
    arms = make_arm("baseline", before), make_arm("wide", after)
    assert evidence((arms[0], 0.1), (arms[1], 0.1)) is expected


def test_predictions_are_those_of_runs_that_learned(make_arm):
    """A run at chance, diverged, or without predictions has none."""
    correct = {0: [1, 0], 1: [1, 1], 2: [0, 0]}
    arm = make_arm("wide", {0: 0.5, 1: Ending.DIVERGED, 2: 0.1, 3: 0.5}, correct=correct)
    assert {seed: one.tolist() for seed, one in arm.predictions(0.1).items()} == {0: [True, False]}
