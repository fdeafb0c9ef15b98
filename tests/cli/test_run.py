import csv
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ceteris.cli import run as module
from ceteris.resources import available_cores
from ceteris.results.results import read_results

pytestmark = pytest.mark.usefixtures("few_images")

CORES = available_cores()
TIME = (
    f"Time: about 2 min on {CORES} thread{'' if CORES == 1 else 's'} of this machine, at 1,234 images x models "
    "per second. Measured on random images."
)


@pytest.mark.usefixtures("engine")
def test_a_study_is_trained_and_shown(ceteris, study_file):
    """Results go to results/<name of the file>; the table, the time and the place of results.csv end the output."""
    code, out, err = ceteris("run", study_file)

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:5] == [
        "A miniature",
        "images: drawn for a test",
        "results: results/study",
        "note: These images are noise.",
        TIME,
    ]
    assert lines[5] == "0 of 9 runs done"
    assert sum(line.rstrip().endswith("3 of 3, 3 at chance") for line in lines) == 3
    assert f"The report:      {Path('results/study/report.html')}" in lines
    assert lines[-1].startswith("9 runs in ")
    rows = list(csv.DictReader(Path("results/study/results.csv").read_text().splitlines()))
    assert [(row["variation"], row["seed"], row["status"]) for row in rows][:2] == [
        ("baseline", "0", "finished"),
        ("baseline", "1", "finished"),
    ]
    assert len(rows) == 9


@pytest.mark.usefixtures("engine")
def test_a_second_call_repeats_nothing(ceteris, study_file):
    """What is there stays, and the table is shown again."""
    ceteris("run", study_file)
    before = Path("results/study/results.csv").read_bytes()
    code, out, _ = ceteris("run", study_file)

    assert code == 0
    assert out.splitlines()[-1] == "Everything was there already: nothing was left to train."
    assert TIME not in out
    assert Path("results/study/results.csv").read_bytes() == before


@pytest.mark.usefixtures("engine")
def test_options_change_the_study_and_it_is_said(ceteris, study_file):
    """Seeds and epochs from the command line are named before training and above the table, and stored."""
    _, out, _ = ceteris("run", study_file, "--seeds", 1, "--epochs", 2, "--out", "elsewhere")

    notes = (
        "note: This is a changed study: --seeds 1, where its file says 3 seeds.",
        "note: This is a changed study: --epochs 2, where its file says 3 epochs.",
    )
    before, _, after = out.partition("3 of 3 runs done")
    for note in notes:
        assert note in before
        assert note in after
    assert read_results(Path("elsewhere")).manifest.notes[1:] == tuple(note.removeprefix("note: ") for note in notes)


@pytest.mark.usefixtures("engine")
def test_only_some_variations_are_trained(ceteris, study_file):
    """`--only` may be given several times; the rest is still to come."""
    code, out, _ = ceteris("run", study_file, "--only", "baseline", "--only", "0.5")

    assert code == 0
    assert "note: 3 of 9 runs are missing: " in out
    assert "6 of 6 runs done" in out


def test_failures_are_counted_and_change_the_exit_code(ceteris, study_file, engine):
    """A failed run stays in the table, and the command says 1; trying again mends it."""
    engine(failing=frozenset({1}))
    code, out, _ = ceteris("run", study_file)
    assert code == 1
    assert out.splitlines()[-1] == "3 runs failed. Fix the cause, and the same command tries again."
    assert out.count("2 of 3, 2 at chance, 1 failed") == 3

    engine()
    code, out, _ = ceteris("run", study_file)
    assert code == 0
    assert "failed" not in out


def test_divergence_is_a_result(ceteris, study_file, engine):
    """A run that diverged is counted as one, and the command has done what it was asked."""
    engine(diverging=frozenset({2}))
    code, out, _ = ceteris("run", study_file)

    assert code == 0
    assert out.count("3 of 3, 2 at chance, 1 diverged") == 3


def test_a_scheduler_that_ends_the_command_is_told_that_it_goes_on(ceteris, study_file, engine):
    """After SIGTERM the last line says so, without the table for which there may be no time."""
    sent = []

    def end(_runs, position):
        if position.epoch == 1 and not sent:
            sent.append(position)
            os.kill(os.getpid(), signal.SIGTERM)

    engine(before_step=end)
    code, out, err = ceteris("run", study_file, "--threads", 1)
    assert (code, err) == (143, "")
    assert out.splitlines()[-1] == "Stopped. Every run is saved, and the same command goes on from here."
    assert "runs are missing" not in out


def test_ctrl_c_saves_and_leaves(ceteris, study_file, engine):
    """After an interruption the table shows what is there, the code is 130, and the next call goes on."""
    usual = signal.getsignal(signal.SIGINT)
    interrupted = []

    def interrupt(_runs, position):
        if position.epoch == 1 and not interrupted:
            interrupted.append(position)
            os.kill(os.getpid(), signal.SIGINT)
            # The handler puts the usual one back when it has asked the workers to stop.
            deadline = time.monotonic() + 600
            while signal.getsignal(signal.SIGINT) is not usual and time.monotonic() < deadline:
                time.sleep(0.001)

    engine(before_step=interrupt)
    code, out, err = ceteris("run", study_file, "--threads", 1)
    assert (code, err) == (130, "")
    assert out.splitlines()[-1] == "Stopped. Every run is saved, and the same command goes on from here."
    assert "note: 6 of 9 runs are missing: " in out

    engine()
    code, out, _ = ceteris("run", study_file)
    assert code == 0
    assert "9 of 9 runs done" in out


@pytest.mark.usefixtures("engine")
def test_a_study_on_other_images_has_a_folder_of_its_own(ceteris, study_file, monkeypatch):
    """Where shapes took the place of CIFAR-10, results do not mix with those of CIFAR-10."""
    get = module.get_images

    def other(study, **options):
        images = get(study.model_copy(update={"title": "Other"}), **options)
        assert images.study is not study
        return images

    monkeypatch.setattr(module, "get_images", other)
    _, out, _ = ceteris("run", study_file)

    assert "results: results/study-shapes" in out.splitlines()


@pytest.mark.usefixtures("engine")
def test_no_look_is_begun_that_the_budget_does_not_allow(ceteris, study_file):
    """The first look is trained as far as there is time; the next is left to the same command, which says so."""
    study_file.write_text(study_file.read_text().replace("seeds = 3", "seeds = { first = 8, step = 2, most = 10 }"))
    code, out, err = ceteris("run", study_file, "--budget", "1m")

    assert (code, err) == (0, "")
    assert (
        "The first look takes about 2 min, more than the budget of 1 min: what is in training then is saved, and the "
        "same command goes on."
    ) in out.splitlines()
    assert "The next look takes about 2 min, and of the budget of 1 min " in out
    assert out.splitlines()[-1] == (
        "Stopped within the budget: every run is saved, and the same command goes on from here."
    )
    rows = list(csv.DictReader(Path("results/study/results.csv").read_text().splitlines()))
    assert [row["status"] for row in rows if int(row["seed"]) < 8] == ["finished"] * 24
    assert {row["status"] for row in rows if int(row["seed"]) >= 8} == {"missing"}

    ceteris("run", study_file)
    assert read_results(Path("results/study")).is_complete


@pytest.mark.usefixtures("engine")
def test_a_budget_that_ends_with_the_last_run_stopped_nothing(ceteris, study_file, monkeypatch):
    """Nothing is left for the same command to go on with, whatever the clock said last."""

    class AtOnce(threading.Timer):
        def start(self):
            self.function()

    ceteris("run", study_file)
    monkeypatch.setattr(threading, "Timer", AtOnce)
    code, out, _ = ceteris("run", study_file, "--budget", "1m")

    assert (code, "Stopped within the budget" in out) == (0, False)
