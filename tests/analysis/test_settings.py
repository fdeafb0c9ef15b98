from ceteris.analysis.settings import arm_settings
from ceteris.results.imports.imported_runs import ImportedRun
from ceteris.results.warning import WarningCode, code_of


def runs(arm, *settings):
    """Give a run for each set of settings."""
    return [
        ImportedRun(variation=arm, seed=str(seed), value=0.5, settings=one)
        for seed, one in enumerate(settings, start=1)
    ]


BASE = {"lr": "0.1", "batch_size": "64", "gpu": "A", "run name": "x"}


def test_what_an_arm_changes_is_computed():
    """A setting that all runs of an arm share, and that is another in the baseline."""
    found = arm_settings("fast", runs("base", BASE, BASE), runs("fast", BASE | {"lr": "0.2"}, BASE | {"lr": "0.2"}))

    assert [str(change) for change in found.changes] == ["lr 0.1 -> 0.2"]
    assert (found.factor, found.notes) == ("fast", ())


def test_a_column_called_factor_is_the_factor():
    """It names what an arm is about, and is no setting."""
    found = arm_settings("fast", runs("base", {"factor": "none"}), runs("fast", {"factor": "rate"}))

    assert (found.factor, found.changes) == ("rate", ())


def test_two_changes_are_confounded():
    """Said above the table, with both; what follows from a change, such as a number of parameters, does not count."""
    other = BASE | {"lr": "0.2", "batch_size": "128", "num_params": "7"}
    found = arm_settings("both", runs("base", BASE | {"num_params": "5"}), runs("both", other))

    (note,) = found.notes
    assert note == (
        "'both' differs from the baseline in 2 settings, lr 0.1 -> 0.2 and batch size 64 -> 128: they are confounded, "
        "and its difference is that of all together."
    )
    assert (code_of(note), note.arms) == (WarningCode.CONFOUNDED, ("both",))


def test_a_setting_that_differs_in_most_runs_is_told():
    """Half of the runs of an arm on another machine may be what makes the difference."""
    other = BASE | {"gpu": "B"}
    mixed = runs("arm", BASE, other, other, other, other)
    (note,) = arm_settings("arm", runs("base", *[BASE] * 5), mixed).notes

    assert note == (
        "The runs of 'arm' and of the baseline differ in 'gpu', which varies within an arm too: its difference may "
        "come from there."
    )
    assert arm_settings("arm", runs("base", *[BASE] * 5), runs("arm", other, *[BASE] * 4)).notes == ()


def test_names_of_runs_and_results_are_no_settings():
    """What is another in every run tells nothing, nor does what came out of the training."""
    names = [BASE | {"run name": f"r{number}", "best epoch": str(number % 2)} for number in range(8)]

    assert arm_settings("arm", runs("base", *names[:4]), runs("arm", *names[4:])).notes == ()


def test_the_entries_of_a_list_are_one_setting():
    """A layer that comes first moves all others, and is one change."""
    before = {f"network.layers.{number}": kind for number, kind in enumerate(("pool", "dense"))}
    after = {f"network.layers.{number}": kind for number, kind in enumerate(("conv", "pool", "dense"))}
    found = arm_settings("deeper", runs("base", before), runs("deeper", after))

    assert [str(change) for change in found.changes] == [
        "network/layers/0 pool -> conv", "network/layers/1 dense -> pool", "network/layers/2 none -> dense",
    ]  # fmt: skip
    assert found.notes == ()
