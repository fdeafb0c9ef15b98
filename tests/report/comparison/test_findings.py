import shutil

import pytest

from ceteris.analysis.comparison import compare_results
from ceteris.report.comparison.findings import designs, findings, notes, warnings
from ceteris.report.comparison.tables import accuracy_table, effect_table
from ceteris.results.manifest import scope_of
from ceteris.results.warning import code_of
from tests.made_results import DIVERGED, made_study

FIRST = {"baseline": [50, 52, 51, 49], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]}
ALONE = made_study(variation=[])
WIDER = {
    "network": {"layers": [{"conv": 5}, {"max_pool": 8}, {"dense": "classes"}]},
    "training": {"learning_rate": 0.1, "epochs": 2},
}


COARSE = (
    "100 test images are too few for a margin of 0.5 pp: one image is worth 1 pp of accuracy. Use at least 200 test "
    "images, or declare a larger margin."
)
FEW = "with fewer than 5 the spread over seeds is hardly known, and only a very large difference can be shown."


def moved(by, folder=FIRST):
    """Shift every accuracy by some points, one seed a little more."""
    return {name: [answers[0] + by + 1, *(right + by for right in answers[1:])] for name, answers in folder.items()}


def coded(told):
    """Give what programs read in place of the sentences: codes, and the arms that they are about."""
    return [(code_of(one).value, scope_of(one)) for one in told]


def test_two_trainings_of_one_study(compared):
    """Same bits everywhere: that is all there is to say of accuracies."""
    found = compared((FIRST, {}), (FIRST, {}))
    assert findings(found) == (
        (
            "12 of 12 pairs of runs ask for the same specification, seed and images; their results are the same "
            "to the last bit."
        ),
        "Both verdicts are the same in A and B: 1 better and 1 worse.",
    )
    assert warnings(found) == ()
    assert designs(found) == (
        "Run against run: a seed gives both the same initial weights and the same order of the training images.",
    )


def test_another_engine(compared):
    """Where bits differ, answers are compared, and other seeds are the measure."""
    alone = {"baseline": [50, 50]}
    found = compared((alone, {"study": ALONE}), (alone, {"study": ALONE, "engine": "torch", "shift": 1}))
    assert findings(found) == (
        (
            "2 of 2 pairs of runs ask for the same specification, seed and images; the results of none are the same "
            "to the last bit."
        ),
        "They answer 98.00 % of the test images alike, with other seeds 98.00 %.",
        "Test accuracy: whether A and B differ is undecided in the one arm.",
    )
    assert warnings(found) == (f"Only 2 pairs of runs are compared: {FEW}",)


def test_some_pairs_ask_for_the_same(compared):
    """A study with one changed variation: the others are repetitions."""
    changed = made_study(
        variation=[
            {"factor": "kernel", "name": "5x5", "set": {"network.layers.0.kernel": 7}},
            {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}},
        ]
    )
    first, *_ = findings(compared((FIRST, {}), (FIRST, {"study": changed})))
    assert first == (
        "8 of 12 pairs of runs ask for the same specification, seed and images; their results are the same to "
        "the last bit."
    )


def test_a_broken_promise_is_a_warning(compared):
    """The lanes engine gives the same bits for the same run, or something is wrong."""
    found = compared(({"baseline": [50, 51]}, {}), ({"baseline": [50, 52]}, {}))
    assert warnings(found) == (
        (
            "1 pair of runs with the same specification, seed and images differs in bits, which the lanes engine "
            "promises not to happen; the first is seed 1 of “baseline”. Please report it."
        ),
        f"Only 2 pairs of runs are compared: {FEW}",
    )
    assert coded(warnings(found)) == [("other_bits", ("baseline",)), ("few_runs", ("baseline",))]


def test_copies_are_no_repetition(make_results, tmp_path):
    """A folder that was copied, and one that was copied and trained on."""
    first = make_results("one", {"baseline": [50, 51]})
    shutil.copytree(first, tmp_path / "two")
    assert warnings(compare_results(first, tmp_path / "two")) == (
        (
            "Every pair of runs is one and the same training, copied from one folder to the other: that they agree "
            "shows nothing."
        ),
    )
    make_results("one", {"baseline": [None, None, 52]})
    make_results("two", {"baseline": [None, None, 52]})
    (warning,) = warnings(compare_results(first, tmp_path / "two"))
    assert warning.startswith("2 pairs of runs are one and the same training,")
    assert coded([warning]) == [("copied_runs", ())]


def test_of_a_study_that_adds_seeds_it_is_said_what_is_compared(compared):
    """Seeds that results asked for bear no test; the verdicts of the folder are those of its looks."""
    planned = made_study(variation=[], seeds={"first": 6, "step": 3, "most": 9})
    more = {"baseline": [50, 52, 51, 49, 53, 54, 50, 51, 52]}
    found = compared((more, {"study": planned}), (more, {"study": made_study(variation=[], seeds=9)}))
    _, told = notes(found)
    assert told == (
        "A: seeds were added where the verdict was open, so that results decided how many runs an arm has, and a test "
        "of all of them has no known error rate. Compared are the runs that were planned before the first look: the "
        "first 6 seeds of each arm. Its verdicts are those of its report, at the levels of its looks."
    )
    assert designs(found)[-1] == (
        "Seeds 6 to 8 count in one folder only, and so neither in the means of A and B nor in their difference, which "
        "are over the seeds that both folders have; effects are over all seeds that are compared."
    )


def test_fewer_than_five_pairs_are_a_warning(compared):
    """Also of means against means; where all arms have the same bits there is no difference to doubt."""
    more = {name: [*accuracies, accuracies[0]] for name, accuracies in FIRST.items()}
    five = made_study(seeds=5)
    enough = compared((more, {"study": five}), (moved(3, more), {"study": five, "engine": "torch"}))
    assert warnings(enough) == ()
    apart = {"study": made_study(baseline=WIDER, seeds=2), "images": "other"}
    fewer = {name: accuracies[:2] for name, accuracies in FIRST.items()}
    assert warnings(compared((more, {"study": five}), (fewer, apart)))[-1] == (
        f"Only 5 runs of A and 2 of B are compared: {FEW}"
    )


def test_other_test_images_are_a_warning(compared):
    """No arm is called better or worse then, and no effect higher or lower: neither allows for the images."""
    found = compared((FIRST, {}), (moved(20), {"images": "other"}))
    assert warnings(found) == (
        (
            "The results of A and B are of different test images: a difference between them may be one of the "
            "images alone, and no arm is called better or worse, and no effect higher or lower."
        ),
        f"Only 4 pairs of runs are compared: {FEW}",
    )
    assert coded(warnings(found)) == [("other_test_images", ()), ("few_runs", ("baseline", "5x5", "slow"))]
    assert findings(found) == ("Both verdicts are the same in A and B: 1 better and 1 worse.",)
    assert designs(found) == ("Run against run: a seed gives both the same initial weights.",)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (moved(10), "Test accuracy: B is better in all 3 arms."),
        (moved(-10), "Test accuracy: B is worse in all 3 arms."),
        (
            moved(10) | {"slow": [40, 42, 45, 41]},
            "Test accuracy: B is better in 2 of 3 arms (“baseline” and “5x5”); undecided in 1 of 3 arms.",
        ),
        (
            moved(10) | {"slow": moved(-10)["slow"]},
            "Test accuracy: B is better in 2 of 3 arms (“baseline” and “5x5”) and worse in 1 of 3 arms (“slow”).",
        ),
    ],
)
def test_accuracies_are_counted_up(compared, second, sentence):
    """Better and worse with the names of the arms, and what is left is undecided."""
    assert sentence in findings(compared((FIRST, {}), (second, {"engine": "torch"})))


def test_arms_with_the_same_bits_are_not_undecided(compared):
    """They are the same, and counted as that, beside what differs."""
    second = moved(10) | {"baseline": FIRST["baseline"]}
    assert findings(compared((FIRST, {}), (second, {"engine": "torch"})))[2] == (
        "Test accuracy: B is better in 2 of 3 arms (“5x5” and “slow”) and the same to the last bit in 1 of 3 arms "
        "(“baseline”)."
    )


def test_equivalence_comes_with_its_margin(compared):
    """Which the study of A declared."""
    eight = made_study(seeds=8, variation=[], analysis={"margin": 2.0})
    found = compared(
        ({"baseline": [50, 51, 52, 53, 51, 50, 52, 51]}, {"study": eight}),
        ({"baseline": [51, 51, 52, 53, 52, 50, 52, 51]}, {"study": eight, "engine": "torch"}),
    )
    assert findings(found)[-1] == "Test accuracy: B is equivalent (within 2 pp) in the one arm."


def test_verdicts_that_differ_are_named(compared):
    """And whether the effects behind them are shown to differ."""
    second = FIRST | {"slow": [49, 57, 45, 52]}
    *_, verdicts, effects = findings(compared((FIRST, {}), (second, {"engine": "torch"})))
    assert verdicts == (
        "1 of 2 verdicts is the same in A and B: better; 1 differs: “slow” (worse in A, undecided in B)."
    )
    assert effects == (
        "None of these effects is shown to differ between A and B: a verdict may fall either way by chance."
    )


def test_verdicts_whose_effects_differ_stand_alone(compared):
    """Worse in one and better in the other, with little noise, is no matter of chance."""
    second = FIRST | {"slow": [61, 60, 66, 62]}
    *_, verdicts = findings(compared((FIRST, {}), (second, {"engine": "torch"})))
    assert verdicts == ("1 of 2 verdicts is the same in A and B: better; 1 differs: “slow” (worse in A, better in B).")


def test_two_undecided_verdicts_do_not_agree(compared):
    """What is undecided in both is counted apart from verdicts that are the same."""
    open_ = FIRST | {"slow": [49, 57, 45, 52]}
    *_, verdicts = findings(compared((open_, {}), (open_, {"engine": "torch"})))
    assert verdicts == "1 of 2 verdicts is the same in A and B: better; 1 is undecided in both, which is no agreement."
    neither = open_ | {"5x5": [50, 58, 46, 53]}
    *_, verdicts = findings(compared((neither, {}), (neither, {"engine": "torch"})))
    assert verdicts == "2 of 2 verdicts are undecided in both, which is no agreement."


def test_effects_on_other_test_images_are_not_judged(compared):
    """Neither word nor p-value compares them, and verdicts that differ are not put down to chance or to the effects."""
    second = moved(3) | {"slow": [61, 60, 66, 62]}
    found = compared((FIRST, {}), (second, {"images": "other"}))
    *_, verdicts, effects = findings(found)
    assert verdicts.endswith("1 differs: “slow” (worse in A, better in B).")
    assert (
        effects == "Whether these effects differ between A and B is not judged, as their test images are not the same."
    )
    for table in (accuracy_table(found), effect_table(found)):
        for row in table.rows:
            *_, difference, p_cell, words = row
            assert (difference.detail, p_cell.text, words.text) == ("", "", "other test images")


def test_means_against_means_say_why(compared):
    """A seed that gives nothing in common, and seeds that are not in both."""
    found = compared((FIRST, {}), (FIRST, {"study": made_study(baseline=WIDER), "images": "other"}))
    assert designs(found) == (
        (
            "Mean against mean: a seed gives A and B neither the same initial weights nor the same order of the "
            "training images."
        ),
    )
    found = compared((FIRST, {}), (FIRST, {"study": made_study(seeds=[3, 4, 5, 6])}))
    assert designs(found) == ("Mean against mean: fewer than half of the seeds are in both folders.",)


def test_seeds_that_are_in_no_pair_are_named(compared):
    """Of four seeds here and four there, three are common."""
    found = compared((FIRST, {}), (FIRST, {"study": made_study(seeds=[1, 2, 3, 4])}))
    assert designs(found)[1:] == (
        (
            "Seeds 0, 4 count in one folder only, and so neither in the means of A and B nor in their difference, "
            "which are over the seeds that both folders have; effects are over all seeds."
        ),
    )
    assert findings(found)[-1].endswith(" Each is over all seeds of its folder.")


def test_an_arm_that_lacks_a_seed_is_named(compared):
    """Where one arm alone has runs in no pair."""
    found = compared((FIRST, {}), (FIRST | {"baseline": [50, 52, 51]}, {}))
    assert designs(found)[1:] == (
        (
            "Seed 3 counts in one folder only in “baseline”, and so neither in the means of A and B nor in their "
            "difference, which are over the seeds that both folders have; effects are over all seeds."
        ),
    )


def test_arms_of_one_folder_are_named(compared):
    """Before anything is said of the others."""
    other = made_study(variation=[{"factor": "rate", "name": "fast", "set": {"training.learning_rate": 0.9}}])
    assert findings(compared((FIRST, {}), (FIRST, {"study": other})))[:2] == (
        "“5x5” and “slow” are in A only, and not compared.",
        "“fast” is in B only, and not compared.",
    )


def test_nothing_to_compare_yet(compared):
    """A folder without runs has nothing to say, and says what is missing."""
    found = compared((FIRST, {}), ({}, {}))
    assert findings(found) == ("No arm has a run in both folders yet.",)
    assert notes(found) == (f"A and B: {COARSE}", "B: 12 of 12 runs are missing.")


def test_troubles_are_told_of_their_folder(make_results):
    """Damaged, missing and diverged runs; a note that both folders have is said once."""
    first = make_results("one", {"baseline": [50, 51, DIVERGED, 9]}, study=ALONE)
    second = make_results("two", {"baseline": [50, 51]}, study=ALONE)
    next(second.glob("runs/baseline/seed-00-*/weights.safetensors")).write_bytes(b"")
    (second / "labels.npy").write_bytes(b"")
    told = notes(compare_results(first, second))
    assert told == (
        f"A and B: {COARSE}",
        "A: 1 run finished no better than chance (10.00 %), and counts as not learned: “baseline” (1 of 4).",
        "A: 1 run diverged, and did not learn: “baseline” (1 of 4).",
        "B: the labels of the test images cannot be read; nothing is said of single answers.",
        "B: 1 of 4 runs is damaged, and not counted.",
        "B: 2 of 4 runs are missing.",
    )
    assert coded(told) == [
        ("few_test_images", ()),
        ("at_chance", ("baseline",)),
        ("diverged", ("baseline",)),
        ("labels_unreadable", ()),
        ("runs_damaged", ("baseline",)),
        ("runs_missing", ("baseline",)),
    ]
