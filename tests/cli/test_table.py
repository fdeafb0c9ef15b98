import pytest
from miniature import FakeEngine, miniature_dataset

from ceteris.cli.table import arm_summaries, print_results
from ceteris.execution.study import run_study
from ceteris.runs.results import read_results
from ceteris.statistics.interval import mean_interval
from ceteris.study.study import Study


def results(folder, study, **trouble):
    """Train a study and read what is there; `only` may leave runs out."""
    only = trouble.pop("only", ())
    engine = FakeEngine(**trouble)
    for _ in run_study(study, miniature_dataset(), folder=folder, engines=(engine,), threads=1, only=only):
        pass
    return read_results(folder)


def printed(found, console):
    """Print a table, and give its lines without trailing space."""
    print_results(found, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_means_and_intervals_are_those_of_the_runs(tmp_path, study, console):
    """The table shows the mean over seeds and Student's interval, in per cent, computed from the records."""
    found = results(tmp_path / "r", study)
    lines = printed(found, console)

    scores = [record.test_accuracy for record in found.records if record.run.variation == "0.5"]
    mean = mean_interval(scores)
    header = next(number for number, line in enumerate(lines) if line.startswith("factor  "))
    assert lines[:3] == ["", "A miniature", "note: These images are noise."]
    assert [part.strip() for part in lines[header + 2].split("  ") if part.strip()] == [
        "learning rate",
        "0.5",
        f"{100 * mean.estimate:.2f} %",
        f"{max(0, 100 * mean.low):.2f} to {100 * mean.high:.2f}",
        "3 of 3",
    ]


def test_runs_that_learnt_nothing_are_named_above_the_table(tmp_path, study, console):
    """A run that finished no better than guessing counts, and a reader is told so before the means."""
    text = " ".join(printed(results(tmp_path / "r", study), console))

    assert "note: 3 of 3 runs of baseline finished no better than guessing (seeds 0 to 2): counted with what" in text


def test_failures_and_divergences_are_counted(tmp_path, study, console):
    """A run that failed or diverged stays in the table, and above it is said how it counts."""
    found = results(tmp_path / "r", study, failing=frozenset({1}), diverging=frozenset({2}))
    lines = printed(found, console)

    assert lines[2:5] == [
        "note: These images are noise.",
        "note: 1 of 3 runs of baseline diverged (seed 2): counted with the accuracy of guessing, 10 %.",
        "note: 1 of 3 runs of baseline failed (seed 1): counted in no mean and in no pair.",
    ]
    assert [line.split("  ")[-1].strip() for line in lines[-3:]] == ["2 of 3, 1 diverged, 1 failed"] * 3


def test_what_is_missing_is_said_once(tmp_path, study, console):
    """A study half done shows what is there, and no interval that is not."""
    lines = printed(results(tmp_path / "r", study, only=["0.5"]), console)

    assert lines[2:4] == [
        "note: These images are noise.",
        "note: 6 of 9 runs are still to come: every mean is over the seeds that are done.",
    ]
    header = next(number for number, line in enumerate(lines) if line.startswith("factor  "))
    assert lines[header + 1].split() == ["baseline", "-", "-", "0", "of", "3"]


def test_one_seed_has_no_interval(tmp_path, study):
    """One number shows no spread."""
    found = results(tmp_path / "r", Study(**{**dict(study), "seeds": 1}))

    assert not any(hasattr(arm.accuracy, "low") for arm in arm_summaries(found))


@pytest.mark.parametrize("name", ["[red]x[/red]", "a" * 80])
def test_names_are_text_and_not_markup(tmp_path, study, console, name):
    """Whatever a variation is called, the table shows just that."""
    first, *others = study.variations
    renamed = Study(**{**dict(study), "variations": [first.model_copy(update={"name": name}), *others]})

    assert name in "".join(printed(results(tmp_path / "r", renamed), console)).replace(" ", "") or len(name) == 80
