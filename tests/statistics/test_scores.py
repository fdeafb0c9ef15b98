from dataclasses import replace

import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.scores import (
    Ending,
    RunScore,
    Scores,
    counted_accuracy,
    is_at_chance,
    pair_accuracies,
    pair_predictions,
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


def test_each_status_counts_as_it_says(make_arm):
    """A finished run counts with its accuracy, a diverged one with guessing, and the others not at all."""
    arm = make_arm("wide", {5: Ending.FAILED, 2: Ending.DIVERGED, 1: 0.6, 0: Ending.MISSING, 3: Ending.FAILED})
    counted = {run.seed: counted_accuracy(run, chance=0.25) for run in arm.runs}
    assert counted == {0: None, 1: 0.6, 2: 0.25, 3: None, 5: None}
    assert arm.seeds(Ending.FAILED) == (3, 5)


def test_a_diverged_run_guesses_whatever_it_scored():
    """The accuracy that a diverged network happened to score is not looked at."""
    run = RunScore(seed=0, status=Ending.DIVERGED, test_accuracy=0.13)
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


def test_pairs_are_made_by_seed_not_by_place(make_arm):
    """Arms in different orders are paired by seed, and seeds that count in one arm only are named."""
    before = make_arm("baseline", {2: 0.52, 0: 0.50, 1: 0.51, 3: Ending.FAILED, 4: 0.54})
    after = make_arm("wide", {0: 0.60, 3: 0.63, 4: Ending.DIVERGED, 2: 0.62, 1: Ending.MISSING})
    pairing = pair_accuracies(before, after, chance=0.1)
    assert pairing.seeds == (0, 2, 4)
    assert pairing.unpaired == (1, 3)
    assert pairing.baseline.tolist() == [0.50, 0.52, 0.54]
    assert pairing.variation.tolist() == [0.60, 0.62, 0.1]


def test_pairs_come_in_the_order_of_seeds(make_arm):
    """Large seeds too come in order, which a set would not keep."""
    accuracies = {1024: 0.5, 16: 0.6, 8: 0.7, 0: 0.8}
    pairing = pair_accuracies(make_arm("baseline", accuracies), make_arm("wide", accuracies), chance=0.1)
    assert pairing.seeds == (0, 8, 16, 1024)
    assert pairing.baseline.tolist() == [0.8, 0.7, 0.6, 0.5]


def test_no_pairs(make_arm):
    """Arms without a common seed give no pairs, and both seeds are named."""
    pairing = pair_accuracies(make_arm("baseline", {0: 0.5}), make_arm("wide", {1: 0.6}), chance=0.1)
    assert (pairing.seeds, pairing.unpaired, len(pairing.baseline)) == ((), (0, 1), 0)


def test_answers_are_paired_and_diverged_runs_guess(make_arm):
    """Answers are paired by seed where both are known; a diverged run guesses every image."""
    before = make_arm("baseline", {0: 0.5, 1: 0.5, 2: 0.5}, correct={0: [1, 0], 1: [0, 1], 2: [1, 1]})
    after = make_arm("wide", {2: 0.5, 1: Ending.DIVERGED, 0: 0.5}, correct={2: [0, 0]})
    answers = pair_predictions(before, after, chance=0.1)
    assert answers.seeds == (1, 2)
    np.testing.assert_array_equal(answers.baseline, [[0, 1], [1, 1]])
    np.testing.assert_array_equal(answers.variation, [[0.1, 0.1], [0, 0]])


def test_no_answers(make_arm):
    """Without predictions there is nothing to pair."""
    assert pair_predictions(make_arm("baseline", {0: 0.5}), make_arm("wide", {0: 0.6}), chance=0.1) is None
