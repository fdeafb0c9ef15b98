import io
import re

import pytest
from rich.console import Console

from ceteris.checksummed import Damage
from ceteris.execution.events import EpochFinished, Note, RunDamaged, RunsHeld, StudyStarted
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import pack
from ceteris.execution.study import run_study
from ceteris.progress.board import Board, Measuring
from ceteris.progress.live import achievement, board_table, ending, show, summary, told
from ceteris.results.finding import Finding
from ceteris.testing.miniature import FakeEngine, miniature_dataset
from tests.miniature import MINIATURE_IMAGES

ALONE = LocalExecutor(threads=1)


def clock(step):
    """A clock that moves on by so many seconds each time it is looked at."""
    times = iter(range(0, 10**9, step))
    return lambda: float(next(times))


@pytest.fixture
def events(tmp_path, study):
    """A study in which one seed fails and one diverges."""
    engine = FakeEngine(failing=frozenset({1}), diverging=frozenset({2}), packed_runs=1)
    return run_study(study, miniature_dataset(), folder=tmp_path / "results", engines=(engine,), executor=ALONE)


def test_a_log_has_a_line_for_what_matters(events, console):
    """Without a terminal: the start, failures, and each variation as it ends; the last line tells that all is done."""
    board = show(events, console, clock(1))

    lines = console.file.getvalue().splitlines()
    assert lines[0] == "0 of 9 runs done"
    assert sorted(line for line in lines if line.startswith("failed: ")) == [
        f"failed: '{name}', seed 1: RuntimeError: seed 1 cannot be trained; the other runs go on."
        for name in ("0.5", "Pool 4x4", "baseline")
    ]
    ended = [line.split(";")[0].split(", validation")[0] for line in lines if " seeds done" in line]
    assert sorted(ended) == [
        f"{name}: 2 of 3 seeds done, 1 diverged, 1 failed" for name in ("0.5", "Pool 4x4", "baseline")
    ]
    assert "6 of 9 runs done, 3 failed" in lines[-1]
    assert board.finished == 6


def test_a_log_is_not_silent_for_long(events, console):
    """Between variations, a line every fifteen seconds tells how far the study is."""
    show(events, console, clock(8))

    lines = console.file.getvalue().splitlines()
    assert sum(" runs done" in line and " seeds done" not in line for line in lines) > 10


def test_a_log_does_not_repeat_what_was_there_already(tmp_path, study, console):
    """Variations that are complete from the start get no line of their own."""
    for _ in range(2):
        console.file.seek(0)
        console.file.truncate()
        events = run_study(
            study,
            miniature_dataset(),
            folder=tmp_path / "r",
            engines=(FakeEngine(),),
            executor=ALONE,
        )
        show(events, console, clock(1))

    assert console.file.getvalue() == "9 of 9 runs done\n"


def test_a_terminal_has_a_live_table(events):
    """On a terminal the table is redrawn in place, and failures stay readable above it."""
    console = Console(file=io.StringIO(), width=100, height=40, force_terminal=True, color_system=None)
    show(events, console, clock(1))

    shown = console.file.getvalue()
    assert "\x1b[" in shown
    assert "validation accuracy" in shown
    assert shown.count("failed: '") == 3


def test_the_table_has_a_row_for_each_variation(events, console):
    """Factor, variation, seeds done, epoch, accuracy; above it how far, how fast, how long still."""
    board = Board()
    for second, event in enumerate(events):
        board.take(event, float(second))
        if isinstance(event, EpochFinished):
            console.print(board_table(board, float(second)))
            break
    events.close()

    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert re.fullmatch(r"0 of 9 runs done, \d+ images x models per second, about \d+ (s|min) left", lines[0])
    assert lines[1] == ""
    assert lines[2].split() == ["factor", "variation", "seeds", "done", "epoch", "validation", "accuracy"]
    assert [re.sub(" +", " ", line) for line in lines[3:5]] == [" baseline 0 of 3", "learning rate 0.5 0 of 3"]
    assert re.fullmatch(r"pooling +Pool 4x4 +0 of 3 +2 of 3 +\d+\.\d %", lines[5])


def test_the_summary_grows_with_what_is_known(tmp_path, study):
    """Nothing is said about speed and time before anything is known of them."""
    runs = study.runs("d" * 64)
    findings = tuple(Finding(run=run) for run in runs)
    board = Board()
    batches = pack(runs, FakeEngine())
    board.take(
        StudyStarted(folder=tmp_path, findings=findings, batches=batches, images=MINIATURE_IMAGES, workers=1), 0.0
    )

    empty = Board()
    assert summary(empty, 5.0) == "looking for what is left to train ..."
    empty.take(Measuring(), 5.0)
    assert summary(empty, 5.0) == "measuring how fast this machine trains ..."
    assert summary(board, 5.0) == "0 of 9 runs done"
    assert achievement(board, 5.0) is None


def test_what_others_train_was_not_there_already(tmp_path, study):
    """A second process on the folder has nothing to do, and the runs are not done."""
    runs = study.runs("d" * 64)
    findings, batches = tuple(Finding(run=run) for run in runs), pack(runs, FakeEngine())
    board = Board()
    assert ending(board, 1.0) == "Everything was there already: nothing was left to train."

    board.take(
        StudyStarted(folder=tmp_path, findings=findings, batches=batches, images=MINIATURE_IMAGES, workers=1), 0.0
    )
    board.take(RunsHeld(runs=tuple(runs)), 1.0)
    assert ending(board, 1.0) == "Nothing was left to train here: other processes train 9 runs."


def test_at_the_end_it_is_said_what_was_achieved(events, console):
    """Runs, time and speed of this time."""
    board = show(events, console, clock(1))

    assert re.fullmatch(r"9 runs in 2 min, \d+ images x models per second\.", achievement(board, 120.0))


def test_what_must_not_scroll_by_gets_a_line(tmp_path, study):
    """Notes, damage and runs that others train are told in a sentence; markup in them is text."""
    run = study.runs("d" * 64)[4]
    damage = (Damage(file="result.json", reason="is cut short"),)

    assert told(Note(text="[bold]no[/bold]")).plain == "note: [bold]no[/bold]"
    assert told(RunsHeld(runs=(run,))).plain == "note: another process is training '0.5' seed 1; left to it."
    assert told(RunDamaged(run=run, damage=damage, aside=tmp_path)).plain == (
        f"damaged: '0.5', seed 1: {damage[0]}. Moved to {tmp_path}; the run is trained again."
    )
