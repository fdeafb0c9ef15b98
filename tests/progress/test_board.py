import math
from dataclasses import replace

import pytest

from ceteris.engines.engine import EpochMetrics, Position
from ceteris.execution.events import (
    BatchInterrupted,
    BatchStarted,
    EpochFinished,
    Progress,
    RunFailed,
    RunsHeld,
    StudyStarted,
)
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import pack
from ceteris.execution.study import run_study
from ceteris.progress.board import Board
from ceteris.results.finding import Finding
from ceteris.results.record import RunFailure
from ceteris.testing.miniature import FakeEngine, miniature_dataset
from tests.miniature import MINIATURE_IMAGES

ALONE = LocalExecutor(threads=1)

TRAINED = 70 / 74
"""Share of the work before the test: 3 epochs of 20 images and of 10 that cost a third, then 12 that cost a third."""


@pytest.fixture
def runs(study):
    """Nine runs that are still to come."""
    return study.runs("d" * 64)


@pytest.fixture
def batches(runs):
    """One packed batch for each arm."""
    return pack(runs, FakeEngine(packed_runs=3))


@pytest.fixture
def board(tmp_path, runs, batches):
    """A board that has seen the start, at second 100."""
    board = Board()
    findings = tuple(Finding(run=run) for run in runs)
    board.take(
        StudyStarted(folder=tmp_path, findings=findings, batches=batches, images=MINIATURE_IMAGES, workers=1), 100.0
    )
    return board


def metrics(accuracy):
    """Give an epoch with a validation accuracy."""
    return EpochMetrics(
        epoch=1, training_loss=1.0, training_accuracy=0.5, validation_loss=1.0, validation_accuracy=accuracy
    )


def test_a_diverged_run_leaves_the_mean(board, batches):
    """Its last accuracy is no longer one; the others keep theirs."""
    batch = batches[0]
    for accuracies in ((0.4, 0.6, 0.8), (0.5, math.nan, 0.7)):
        told = tuple((run, metrics(accuracy)) for run, accuracy in zip(batch.runs, accuracies, strict=True))
        board.take(EpochFinished(batch=batch, metrics=told, seconds=1.0), 101.0)
    assert board.rows[batch.runs[0].variation].accuracy == pytest.approx(0.6)


def test_a_whole_study_ends_with_everything_done(tmp_path, study):
    """Fed by a real run with a failing and a diverging seed, the board counts every run once."""
    board = Board()
    engine = FakeEngine(failing=frozenset({1}), diverging=frozenset({2}))
    events = run_study(study, miniature_dataset(), folder=tmp_path / "results", engines=(engine,), executor=ALONE)
    for second, event in enumerate(events):
        board.take(event, float(second))

    assert (board.planned, board.finished, board.failed) == (9, 6, 3)
    assert [(row.planned, row.finished, row.diverged, row.failed) for row in board.rows.values()] == [(3, 2, 1, 1)] * 3
    assert all(row.is_at_an_end and row.epoch is None for row in board.rows.values())
    assert board.seconds_left(1000.0) == 0


def test_a_study_whose_runs_stop_early_ends_with_everything_done(tmp_path, study):
    """Runs of a packed batch that stop after different epochs leave it one by one, and nothing is left at the end."""
    training = study.baseline.training.model_copy(update={"epochs": 9, "patience": 1})
    baseline = study.baseline.model_copy(update={"training": training})
    study = study.model_copy(update={"baseline": baseline, "variations": (), "seeds": tuple(range(8))})
    board, left = Board(), []
    events = run_study(
        study,
        miniature_dataset(),
        folder=tmp_path / "results",
        engines=(FakeEngine(packed_runs=8),),
        executor=ALONE,
    )
    for second, event in enumerate(events):
        board.take(event, float(second))
        if isinstance(event, EpochFinished):
            left.append(len(event.metrics))

    assert board.may_stop
    assert left[-1] < left[0]
    assert (board.planned, board.finished) == (8, 8)
    assert all(row.is_at_an_end and row.epoch is None for row in board.rows.values())
    assert board.seconds_left(1000.0) == 0


def test_what_was_there_already_counts_as_done(tmp_path, study):
    """A study that is continued shows finished runs from the start, and nothing as left."""
    folder = tmp_path / "results"
    for _ in run_study(study, miniature_dataset(), folder=folder, engines=(FakeEngine(),), executor=ALONE):
        pass
    board = Board()
    for event in run_study(study, miniature_dataset(), folder=folder, engines=(FakeEngine(),), executor=ALONE):
        board.take(event, 0.0)

    assert (board.planned, board.finished) == (9, 9)
    assert all(len(row.accuracies) == 3 for row in board.rows.values())
    assert board.achieved(10.0) == (0, 10.0, 0.0)


def test_only_what_is_asked_for_is_on_the_board(tmp_path, study):
    """With one variation asked for, the others have no row."""
    board = Board()
    events = run_study(
        study,
        miniature_dataset(),
        folder=tmp_path / "r",
        engines=(FakeEngine(),),
        executor=ALONE,
        only=["0.5"],
    )
    for event in events:
        board.take(event, 0.0)

    assert list(board.rows) == ["0.5"]


def test_speed_is_that_of_the_last_seconds(board, batches):
    """Images times models, over the time since the start or the last ten seconds."""
    board.take(BatchStarted(batch=batches[0]), 100.0)
    board.take(Progress(batch=batches[0], position=Position(step=1), images=600, seconds=1.0), 102.0)
    assert board.speed(102.0) == 300

    board.take(Progress(batch=batches[0], position=Position(step=2), images=100, seconds=1.0), 111.0)
    assert board.speed(112.0) == 70
    assert board.speed(113.0) == 10
    assert board.achieved(120.0) == (0, 20.0, 35.0)


def test_time_left_follows_the_work_that_is_left(board, batches):
    """A third of one packed batch's work in ten seconds: the rest of all of them is to come at the same pace."""
    assert board.seconds_left(110.0) is None

    board.take(BatchStarted(batch=batches[0]), 100.0)
    board.take(Progress(batch=batches[0], position=Position(epoch=1), images=60, seconds=1.0), 110.0)
    done = TRAINED * batches[0].work / 3
    left = sum(batch.work for batch in batches) - done
    assert math.isclose(board.seconds_left(110.0), left / done * 10)


def test_the_last_packed_batch_may_train_alone(tmp_path, runs, batches):
    """With two threads the time left is that of the longer one, by the work that the first event gives each batch."""
    board, (first, second, last) = Board(), batches
    works = {first.runs[0].digest: 30.0, second.runs[0].digest: 30.0, last.runs[0].digest: 20.0}
    measured = tuple(replace(batch, work=works[batch.runs[0].digest]) for batch in batches)
    started = StudyStarted(
        folder=tmp_path,
        findings=tuple(Finding(run=run) for run in runs),
        batches=measured,
        images=MINIATURE_IMAGES,
        workers=2,
    )
    board.take(started, 100.0)
    for batch in (first, second):
        board.take(BatchStarted(batch=batch), 100.0)
    for batch in (first, second):
        board.take(Progress(batch=batch, position=Position(epoch=1), images=60, seconds=15.0), 115.0)

    # Two threads did a third of 30 each in 15 s, but for the test. One trains the last 20 besides its own.
    assert board.seconds_left(115.0) == pytest.approx((30 - TRAINED * 10 + 20) * 15 / (TRAINED * 10))


def test_the_test_images_are_a_part_of_the_work(board, batches):
    """A packed batch after its last epoch has still to score them; when its runs end, all of its work is done."""
    board.take(BatchStarted(batch=batches[0]), 100.0)
    board.take(Progress(batch=batches[0], position=Position(epoch=3), images=60, seconds=8.0), 108.0)
    left = sum(batch.work for batch in batches) - TRAINED * batches[0].work
    assert board.seconds_left(108.0) == pytest.approx(left * 8 / (TRAINED * batches[0].work))

    for run in batches[0].runs:
        failure = RunFailure(run=run, engine="fake", error="none", where=(), position=Position(epoch=3))
        board.take(RunFailed(failure=failure), 110.0)
    assert board.seconds_left(110.0) == pytest.approx((left - (1 - TRAINED) * batches[0].work) * 10 / batches[0].work)


def test_the_share_of_an_epoch_counts_minibatches(board, batches):
    """Twenty images make three minibatches of eight, the last one smaller."""
    board.take(BatchStarted(batch=batches[0]), 100.0)
    board.take(Progress(batch=batches[0], position=Position(step=1), images=24, seconds=1.0), 109.0)

    done = TRAINED * batches[0].work / 9
    assert math.isclose(board.seconds_left(109.0), (sum(batch.work for batch in batches) - done) / done * 9)


def test_a_row_shows_where_training_is(board, batches):
    """The epoch counts from 1, and the accuracy is the mean over seeds of the last one known."""
    batch = batches[0]
    row = board.rows[batch.runs[0].variation]
    assert (row.epoch, row.accuracy) == (None, None)

    board.take(BatchStarted(batch=batch), 100.0)
    assert row.epoch == 1
    finished = tuple((run, metrics(0.1 * place)) for place, run in enumerate(batch.runs))
    board.take(EpochFinished(batch=batch, metrics=finished, seconds=1.0), 101.0)
    board.take(Progress(batch=batch, position=Position(epoch=3), images=0, seconds=1.0), 101.0)
    assert row.epoch == 3
    assert math.isclose(row.accuracy, 0.1)
    board.take(BatchInterrupted(batch=batch, position=Position(epoch=1)), 102.0)
    assert board.seconds_left(110.0) is not None


def test_failed_and_held_runs_are_at_an_end_here(board, runs):
    """What fails or is trained elsewhere does not keep a variation waiting."""
    first, second, third = (run for run in runs if run.variation == "0.5")
    failure = RunFailure(run=first, engine="fake", error="E", where=(), position=Position())
    board.take(RunFailed(failure=failure), 101.0)
    row = board.rows["0.5"]
    assert not row.is_at_an_end

    board.take(RunsHeld(runs=(second, third)), 102.0)
    assert (row.failed, row.held, row.is_at_an_end) == (1, 2, True)


def test_a_run_that_others_have_let_go_of_is_counted_once(board, batches):
    """What was left to another process, and is then trained here or found finished, is not held any more."""
    run = batches[0].runs[0]
    row = board.rows[run.variation]
    board.take(RunsHeld(runs=(run,)), 102.0)
    assert row.held == 1
    board.take(BatchStarted(batch=replace(batches[0], runs=(run,))), 103.0)
    assert row.held == 0
    board.take(RunsHeld(runs=(run,)), 104.0)
    assert row.held == 1
    failure = RunFailure(run=run, engine="fake", error="E", where=(), position=Position())
    board.take(RunFailed(failure=failure), 105.0)
    assert (row.failed, row.held) == (1, 0)


def test_a_second_round_counts_its_runs_anew_and_the_time_of_the_first(board, batches, tmp_path, runs):
    """A study that adds seeds starts once for each look: rows are those of now, what was achieved is that of all."""
    for run in batches[0].runs:
        failure = RunFailure(run=run, engine="fake", error="out of luck", where=(), position=Position())
        board.take(RunFailed(failure=failure), 104.0)
    findings = tuple(Finding(run=run) for run in runs)
    again = StudyStarted(folder=tmp_path, findings=findings, batches=batches, images=MINIATURE_IMAGES, workers=1)
    board.take(again, 110.0)

    assert (board.planned, board.finished) == (len(runs), 0)
    assert board.achieved(112.0)[:2] == (len(batches[0].runs), 12.0)
