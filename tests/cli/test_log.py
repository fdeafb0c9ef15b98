from pathlib import Path

import pytest

from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.testing.miniature import miniature_dataset, miniature_runs, miniature_split, miniature_study
from tests.miniature import miniature_result


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work beside a results folder with nothing trained yet."""
    monkeypatch.chdir(tmp_path)
    dataset = miniature_dataset()
    ResultsFolder(Path("results")).prepare(
        Manifest.of(miniature_study(), dataset, miniature_split(dataset)), dataset.test
    )


def test_what_was_logged_is_said_and_how_to_look_at_it(ceteris):
    """How many runs there are now, which were left out, and the command that shows them."""
    pytest.importorskip("tensorboard")
    for run in miniature_runs()[:4]:
        result, epochs = miniature_result(run)
        ResultsFolder(Path("results")).run_folder(run).publish(result, epochs, {})

    code, out, err = ceteris("log", "results", "--to", "tensorboard", "--out", "logs")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "A miniature",
        "note: These images are noise.",
        "note: 5 runs left out: missing.",
        "4 runs in logs, grouped by variation.",
        "Look at them with: tensorboard --logdir logs",
    ]
    assert sorted(path.parent.name for path in Path("logs").rglob("events*")) == [
        "seed-00", "seed-00", "seed-01", "seed-02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("results", "--to", "comet", "--out", "x"), "--to is 'comet', expected tensorboard, mlflow or wandb."),
        (
            ("results", "--to", "wandb", "--out", "x"),
            (
                "results: no run came to its end yet, so that there is nothing to log. "
                "`ceteris status results` shows how far they are."
            ),
        ),
    ],
)
def test_a_mistake_is_answered_in_a_line(ceteris, arguments, says):
    """No traceback: the whole of what is said, and 2 for the shell; nothing is written."""
    assert ceteris("log", *arguments) == (2, "", f"error: {says}\n")
    assert not Path("x").exists()
