import itertools
from dataclasses import replace

import pytest

from ceteris.engines.engine import Position
from ceteris.errors import DeviceMemoryError
from ceteris.execution import worker
from ceteris.execution.events import (
    BatchInterrupted,
    BatchStarted,
    EpochFinished,
    Note,
    Progress,
    RunFailed,
    RunFinished,
    RunsHeld,
)
from ceteris.execution.packing import pack
from ceteris.execution.worker import train_batch
from ceteris.locks.lock import Locks
from ceteris.results.epochs import TrainingTime
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, FakeTraining
from tests.execution.trained import RUNS, of_kind, statuses, train
from tests.miniature import Never, StopAfter, miniature_result

STEPS = 3


def test_every_run_comes_to_its_end(make_workspace):
    """All events of a packed batch come in their order, and the results are on disk."""
    workspace = make_workspace()
    events = train(workspace, runs=RUNS[:4])
    kinds = [BatchStarted, *([Progress] * STEPS + [EpochFinished]) * 3, *[RunFinished] * 4]
    assert [type(event) for event in events] == kinds
    assert statuses(workspace, RUNS[:4]) == [Status.FINISHED] * 4
    assert [event.record for event in of_kind(events, RunFinished)] == [
        miniature_result(run)[0].record for run in RUNS[:4]
    ]


def test_events_tell_images_positions_and_metrics(make_workspace):
    """An epoch of 20 images in minibatches of 8 is 8, 8 and 4 images, times the runs of the packed batch."""
    events = train(make_workspace(), runs=RUNS[:4])
    moments = of_kind(events, Progress)[:STEPS]
    assert [moment.images for moment in moments] == [32, 32, 16]
    assert [moment.position for moment in moments] == [Position(step=1), Position(step=2), Position(epoch=1)]
    assert all(moment.seconds >= 0 for moment in moments)
    epoch = of_kind(events, EpochFinished)[1]
    assert [run for run, _ in epoch.metrics] == list(RUNS[:4])
    assert {metrics.epoch for _, metrics in epoch.metrics} == {2}


@pytest.mark.parametrize("packed_runs", [1, 2, 3, 16])
def test_a_result_does_not_depend_on_the_packed_batch(make_workspace, packed_runs):
    """Alone, in pairs or all together: the same bytes."""
    reference, workspace = make_workspace("reference"), make_workspace()
    train(reference)
    train(workspace, FakeEngine(packed_runs=packed_runs))
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


@pytest.mark.parametrize("looks", range(12))
def test_a_run_that_is_stopped_anywhere_ends_with_the_same_bytes(make_workspace, looks):
    """Stopped at every step and every epoch's end, saved and resumed, the files are those of an uninterrupted run."""
    runs = RUNS[:4]
    reference, workspace = make_workspace("reference"), make_workspace()
    train(reference, runs=runs)
    events = train(workspace, runs=runs, stop=StopAfter(looks))
    assert statuses(workspace, runs) != [Status.FINISHED] * 4 or looks > STEPS * 3
    if 1 < looks <= STEPS * 3:
        (interrupted,) = of_kind(events, BatchInterrupted)
        assert {finding.position for finding in workspace.folder.survey(runs)} == {interrupted.position}
    train(workspace, runs=runs)
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_a_run_that_is_stopped_at_every_step_ends_with_the_same_bytes(make_workspace):
    """One step at a time, with a new start each: nothing is lost or done twice."""
    runs = RUNS[:4]
    reference, workspace = make_workspace("reference"), make_workspace()
    train(reference, runs=runs)
    sessions = 0
    while statuses(workspace, runs) != [Status.FINISHED] * 4:
        events = train(workspace, runs=runs, stop=StopAfter(2))
        assert len(of_kind(events, Progress)) == 1
        sessions += 1
    assert sessions == STEPS * 3
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_epochs_and_times_add_up_over_interruptions(make_workspace, monkeypatch):
    """A clock that ticks once a look gives every step one second, whenever it was trained."""
    clock = itertools.count()
    monkeypatch.setattr(worker.time, "monotonic", lambda: float(next(clock)))
    workspace = make_workspace(checkpoint_seconds=1e9)
    runs = RUNS[:2]
    while statuses(workspace, runs) != [Status.FINISHED] * 2:
        train(workspace, runs=runs, stop=StopAfter(3))
    path = workspace.folder.run_folder(runs[0]).path / "epochs.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    assert [(row[0], row[5], row[6]) for row in rows] == [("1", "3.0", "2"), ("2", "3.0", "2"), ("3", "3.0", "2")]
    time = workspace.folder.survey(runs)[0].training_time
    assert time == TrainingTime(packed_batch_seconds=9.0, packed_batch_runs=2, share=4.5)


def test_checkpoints_are_written_as_often_as_asked(make_workspace, monkeypatch):
    """With a clock that ticks at each look, a checkpoint is written whenever the time has passed, and not sooner."""
    written = []
    clock = itertools.count()
    monkeypatch.setattr(worker.time, "monotonic", lambda: float(next(clock)))
    real = worker._save
    monkeypatch.setattr(
        worker,
        "_save",
        lambda lanes, training, *rest: written.append(training.position) or real(lanes, training, *rest),
    )
    train(make_workspace("often", checkpoint_seconds=0), runs=RUNS[:1])
    assert len(written) == STEPS * 3
    written.clear()
    train(make_workspace("seldom", checkpoint_seconds=11), runs=RUNS[:1])
    assert written == [Position(epoch=1, step=1), Position(epoch=2, step=2)]


def test_a_run_that_diverges_is_published_at_once_and_the_others_go_on(make_workspace):
    """It is a result; the packed batch goes on without it, and ends early if it is alone."""
    workspace = make_workspace()
    events = train(workspace, FakeEngine(diverging=frozenset([1])), runs=RUNS[:3])
    assert statuses(workspace, RUNS[:3]) == [Status.FINISHED, Status.DIVERGED, Status.FINISHED]
    finished = of_kind(events, RunFinished)
    assert [event.record.run.seed for event in finished] == [1, 0, 2]
    assert events.index(finished[0]) < events.index(of_kind(events, EpochFinished)[2])
    assert [len(epoch.metrics) for epoch in of_kind(events, EpochFinished)] == [3, 3, 2]
    assert of_kind(events, Progress)[-1].images == 4 * 2
    alone = make_workspace("alone")
    events = train(alone, FakeEngine(diverging=frozenset([1])), runs=RUNS[1:2])
    assert len(of_kind(events, EpochFinished)) == 2
    name = f"runs/baseline/{alone.folder.run_folder(RUNS[1]).path.name}/result.json"
    assert results_of(alone.folder.path)[name] == results_of(workspace.folder.path)[name]


def test_one_run_that_cannot_be_trained_does_not_cost_the_others(make_workspace):
    """The engine raises for a whole packed batch; in the end only the guilty run has failed, on disk too."""
    workspace = make_workspace()
    events = train(workspace, FakeEngine(failing=frozenset([1]), packed_runs=16))
    expected = [Status.FAILED if run.seed == 1 else Status.FINISHED for run in RUNS]
    assert statuses(workspace) == expected
    failures = [event.failure for event in of_kind(events, RunFailed)]
    assert {failure.run.seed for failure in failures} == {1}
    assert {failure.error for failure in failures} == {"RuntimeError: seed 1 cannot be trained"}
    assert {failure.position for failure in failures} == {Position(epoch=1, step=1)}
    assert [finding.failure for finding in workspace.folder.survey(RUNS) if finding.failure] == sorted(
        failures, key=lambda failure: RUNS.index(failure.run)
    )
    reference = make_workspace("reference")
    train(reference)
    found, wanted = results_of(workspace.folder.path), results_of(reference.folder.path)
    assert {name: found[name] for name in wanted if "seed-01" not in name} == {
        name: content for name, content in wanted.items() if "seed-01" not in name
    }


def test_a_failed_run_is_tried_again_from_its_checkpoint(make_workspace):
    """With what was wrong mended, it ends with the bytes of a run that never failed."""
    workspace, reference = make_workspace(checkpoint_seconds=0), make_workspace("reference")
    runs = RUNS[1:2]
    train(workspace, FakeEngine(failing=frozenset([1])), runs=runs)
    finding = workspace.folder.survey(runs)[0]
    assert (finding.status, finding.position) == (Status.FAILED, Position(epoch=1, step=1))
    events = train(workspace, runs=runs)
    assert of_kind(events, BatchStarted)[0].batch.position == Position(epoch=1, step=1)
    train(reference, runs=runs)
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_runs_that_are_too_many_for_a_device_are_trained_in_halves(make_workspace):
    """It is told, stored with what the engine says of itself, and costs no run but one that does not fit alone."""

    def fill(runs, _):
        if len(runs) > 2 or any(run.seed == 2 for run in runs):
            raise DeviceMemoryError(f"{len(runs)} runs are too many.")

    workspace = make_workspace()
    runs = [run for run in RUNS if run.variation == "baseline"]
    events = train(workspace, FakeEngine(before_step=fill), runs=runs)

    text = "3 runs are too many. They are trained in two halves, from their last checkpoints."
    assert of_kind(events, Note)[0] == Note(text=text)
    assert statuses(workspace, runs) == [Status.FINISHED, Status.FINISHED, Status.FAILED]
    facts = workspace.folder.run_folder(runs[0]).read_machine().engine
    assert facts == {"instruction set": "none", "memory of the device": "too small for 3 runs at once"}
    (failed,) = of_kind(events, RunFailed)
    assert failed.failure.error == (
        "DeviceMemoryError: 1 runs are too many. Make layers, images or batch_size smaller, or choose another device."
    )


def test_an_engine_that_fails_at_the_end_loses_nobody(make_workspace, monkeypatch):
    """Scoring the test images may fail too; the runs are tried alone, and each has its failure."""
    workspace = make_workspace()
    monkeypatch.setattr(FakeTraining, "outcomes", lambda *_: 1 / 0)
    events = train(workspace, runs=RUNS[:2])
    assert [event.failure.error for event in of_kind(events, RunFailed)] == ["ZeroDivisionError: division by zero"] * 2
    assert statuses(workspace, RUNS[:2]) == [Status.FAILED] * 2


def test_runs_of_another_process_are_left_to_it(make_workspace):
    """They are told, and neither read nor written."""
    workspace = make_workspace()
    held = workspace.folder.claim([RUNS[1]])
    events = train(workspace, runs=RUNS[:3])
    held.release()
    assert of_kind(events, RunsHeld) == [RunsHeld(runs=(RUNS[1],))]
    assert statuses(workspace, RUNS[:3]) == [Status.FINISHED, Status.MISSING, Status.FINISHED]


def test_a_run_that_another_process_has_finished_meanwhile_is_not_repeated(make_workspace):
    """What is on disk when the packed batch starts counts, not what was there when it was packed."""
    workspace = make_workspace()
    batches = pack(RUNS[:3], FakeEngine())
    train(workspace, runs=RUNS[1:2])
    before = results_of(workspace.folder.path)
    events = [event for batch in batches for event in train_batch(batch, workspace, Never())]
    assert of_kind(events, RunFinished)[0].record.run == RUNS[1]
    assert [run for run, _ in of_kind(events, EpochFinished)[0].metrics] == [RUNS[0], RUNS[2]]
    assert before.items() <= results_of(workspace.folder.path).items()


def test_claims_are_held_while_a_packed_batch_trains_and_no_longer(make_workspace):
    """Another process sees the runs held until the packed batch has ended."""
    workspace = make_workspace()
    (batch,) = pack(RUNS[:2], FakeEngine())
    events = train_batch(batch, workspace, Never())
    next(events)
    assert workspace.folder.holder(RUNS[0])
    assert workspace.folder.holder(RUNS[1])
    events.close()
    assert not workspace.folder.holder(RUNS[0])


@pytest.mark.parametrize("moment", [Position(), Position(epoch=1, step=2)])
def test_a_process_that_was_taken_for_dead_writes_nothing_more(make_workspace, moment):
    """It learns that right before it writes, and leaves its runs to whoever has taken them over."""
    workspace = make_workspace(checkpoint_seconds=0.0)
    before = []

    def take_over(_runs, position):
        if position == moment:
            (sign,) = (workspace.folder.path / "claims" / "holders").iterdir()
            sign.rename(sign.with_name(f"{sign.name.rpartition('.')[0]}.dead"))
            before.append(results_of(workspace.folder.path))

    (batch,) = pack(RUNS[:2], FakeEngine(before_step=take_over))
    events = list(train_batch(batch, workspace, Never()))
    assert of_kind(events, RunsHeld) == [RunsHeld(runs=RUNS[:2])]
    assert of_kind(events, RunFinished) == of_kind(events, RunFailed) == []
    assert [results_of(workspace.folder.path)] == before
    assert bool(before[0]) == (moment != Position())


def test_a_process_that_slept_does_not_go_on_with_what_others_have_taken_over(make_workspace):
    """After a sleep it asks before it trains any further."""
    workspace, clock, trained = make_workspace(), [0.0], []
    place = workspace.folder

    class Sleeping(type(place)):
        """A folder whose locks read the clock of the test."""

        @property
        def locks(self):
            """Give the locks."""
            return replace(Locks(self.path / "claims"), clock=lambda: clock[0])

    def sleep(_runs, position):
        trained.append(position)
        (sign,) = (place.path / "claims" / "holders").iterdir()
        sign.rename(sign.with_name(f"{sign.name.rpartition('.')[0]}.dead"))
        clock[0] += 3600.0

    (batch,) = pack(RUNS[:2], FakeEngine(before_step=sleep))
    events = list(train_batch(batch, replace(workspace, folder=Sleeping(place.path)), Never()))
    assert trained == [Position()]
    assert of_kind(events, RunsHeld) == [RunsHeld(runs=RUNS[:2])]
    assert not results_of(place.path)


def test_a_stop_before_the_first_step_saves_nothing(make_workspace):
    """There is nothing to save."""
    workspace = make_workspace()
    assert train(workspace, runs=RUNS[:2], stop=StopAfter(0)) == []
    train(workspace, runs=RUNS[:2], stop=StopAfter(1))
    assert statuses(workspace, RUNS[:2]) == [Status.MISSING] * 2
