import pytest

from ceteris.cli.override import override
from ceteris.errors import StudyError
from ceteris.study.study import Study
from ceteris.study.variation import Variation
from ceteris.testing.miniature import miniature_study


def test_nothing_asked_changes_nothing(study):
    """The study of the file is run as it is, also if its own numbers are repeated."""
    for changed, notes in (override(study), override(study, seeds=3, epochs=3)):
        assert changed is study
        assert notes == ()


def test_other_seeds_and_epochs_make_a_changed_study(study):
    """What is changed is said."""
    changed, notes = override(study, seeds=2, epochs=1)

    assert changed.seeds == (0, 1)
    assert {arm.specification.training.epochs for arm in changed.arms()} == {1}
    assert notes == (
        "This is a changed study: --seeds 2, where its file says 3 seeds.",
        "This is a changed study: --epochs 1, where its file says 3 epochs.",
    )


def test_more_seeds_keep_those_of_the_file(study):
    """Finished runs stay of use: new seeds come after those that are there."""
    named = Study(**{**dict(study), "seeds": [5, 1]})

    assert override(named, seeds=4)[0].seeds == (5, 1, 0, 2)
    assert override(named, seeds=1)[1] == ("This is a changed study: --seeds 1, where its file says 2 seeds.",)


def test_a_variation_keeps_the_epochs_it_sets(study):
    """Only what follows the baseline follows the option."""
    longer = Variation(factor="epochs", name="longer", set={"training.epochs": 9})
    changed, _ = override(Study(**{**dict(study), "variations": [longer]}), epochs=2)

    assert [arm.specification.training.epochs for arm in changed.arms()] == [2, 9]


def test_a_change_may_make_a_study_impossible(study):
    """A variation that the option makes equal to the baseline is refused, and it is said why."""
    longer = Variation(factor="epochs", name="longer", set={"training.epochs": 9})

    with pytest.raises(StudyError) as error:
        override(Study(**{**dict(study), "variations": [longer]}), epochs=9)
    assert error.value.mistakes == (
        (
            "with --epochs 9: variation 'longer': \"training.epochs\" = 9 is what the baseline has; "
            "remove it, or give another value."
        ),
    )


def test_a_number_of_seeds_replaces_a_plan():
    """So many seeds are run, without looks, also where the plan would add up to as many."""
    study, notes = override(miniature_study(seeds={"first": 8, "step": 8, "most": 20}), seeds=20)

    assert study.seeds == tuple(range(20))
    assert notes == ("This is a changed study: --seeds 20, where its file says 8 to 20 seeds.",)
