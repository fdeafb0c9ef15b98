import threading
import time
from dataclasses import dataclass, field, replace

import pytest

from ceteris.engines.engine import PortableEngine, Position
from ceteris.errors import EngineError, LostRunError, ResultsError
from ceteris.execution.cluster_executor import MOST_DEATHS, ClusterExecutor
from ceteris.execution.events import Note, RunFailed, RunFinished, RunsHeld
from ceteris.execution.packing import pack
from ceteris.execution.remote import train_job
from ceteris.results.folder import ResultsFolder
from ceteris.results.record import Status
from ceteris.results.run_folder import RunFolder
from ceteris.testing.executors import CallingThread, ExecutorConformance, results_of
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.simulated_cluster import DeathError, SimulatedCluster

RUNS = miniature_runs()


class TestSimulatedCluster(ExecutorConformance):
    """What drives a cluster keeps the contract of executors."""

    pause = 0.7

    @pytest.fixture
    def executor(self):
        """Two nodes."""
        return ClusterExecutor(cluster=SimulatedCluster())


@dataclass(frozen=True)
class Deadly:
    """Ends the worker of a packed batch in which a seed is, in the second epoch, so many times."""

    seed: int
    times: int
    died: list = field(default_factory=list)

    def __call__(self, runs, position):
        """Die, or go on."""
        if (
            position == Position(epoch=1, step=1)
            and any(run.seed == self.seed for run in runs)
            and len(self.died) < self.times
        ):
            self.died.append(len(runs))
            raise DeathError


def train(workspace, engine, runs=RUNS, cluster=None, executor=None):
    """Train runs on a cluster, and give the events."""
    executor = executor or ClusterExecutor(cluster=cluster or SimulatedCluster())
    return list(executor.execute(pack(runs, engine), workspace, threading.Event()))


def of_kind(events, kind):
    """Choose events."""
    return [event for event in events if isinstance(event, kind)]


def test_a_packed_batch_goes_on_from_its_checkpoints_when_its_worker_has_died(make_workspace):
    """Nothing before the last checkpoint is trained again, what happened is told once, and the bytes are the same."""
    workspace, reference = make_workspace(checkpoint_seconds=0), make_workspace("reference")
    cluster = SimulatedCluster()
    events = train(workspace, FakeEngine(before_step=Deadly(seed=1, times=1)), RUNS[:3], cluster)
    train(reference, FakeEngine(), RUNS[:3], executor=CallingThread())
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)
    assert [start.checkpoint and start.checkpoint.state.position for job in cluster.jobs for start in job.starts] == [
        *[None] * 3,
        *[Position(epoch=1, step=1)] * 3,
    ]
    assert [note.text for note in of_kind(events, Note)] == [
        "3 runs of 'baseline': the worker died. Training goes on elsewhere, from the last checkpoint."
    ]
    assert len(of_kind(events, RunFinished)) == 3
    assert not any(workspace.folder.holder(run) for run in RUNS)


@dataclass(frozen=True)
class Hasty:
    """Trains a job as a node does, but takes the first one for told to stop after its first epoch."""

    stopped: list = field(default_factory=list)

    def __call__(self, job, data, carried, *, seconds, is_stopped):
        """Stop once."""
        for content in train_job(job, data, carried, seconds=0.01, is_stopped=lambda: not self.stopped):
            self.stopped.append(True)
            yield content


def test_a_worker_that_stops_unasked_has_not_finished(make_workspace):
    """What it left is trained, and the note says why it is sent again; it is not taken for the end of the study."""
    workspace, reference = make_workspace(), make_workspace("reference")
    cluster = SimulatedCluster(train=Hasty())
    engine = FakeEngine(before_step=lambda *_: time.sleep(0.1))
    events = train(workspace, engine, RUNS[:3], cluster)
    train(reference, FakeEngine(), RUNS[:3], executor=CallingThread())
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)
    assert [note.text for note in of_kind(events, Note)] == [
        "3 runs of 'baseline': the worker stopped unasked. Training goes on elsewhere, from the last checkpoint."
    ]
    assert len(cluster.jobs) == 2


def test_what_kills_three_workers_in_a_row_is_halved_until_the_run_is_alone(make_workspace):
    """Only the run that kills has failed, its failure says of what, and its checkpoint stays."""
    workspace = make_workspace(checkpoint_seconds=0)
    deadly = Deadly(seed=1, times=10**9)
    events = train(workspace, FakeEngine(before_step=deadly), RUNS[:3])
    (failed,) = of_kind(events, RunFailed)
    assert (failed.failure.run, failed.failure.position) == (RUNS[1], Position(epoch=1, step=1))
    assert failed.failure.error == "every worker that trained it died, 3 in a row: the worker died"
    assert [one.status for one in workspace.folder.survey(RUNS[:3])] == [
        Status.FINISHED,
        Status.FAILED,
        Status.FINISHED,
    ]
    # The first death of each comes after a new checkpoint, or is the first of a half.
    assert deadly.died == [*[3] * MOST_DEATHS, *[2] * MOST_DEATHS, *[1] * MOST_DEATHS]
    assert of_kind(events, Note)[2].text == (
        "3 runs of 'baseline': the worker died, the third time in a row. They are trained in halves now."
    )
    assert not any(workspace.folder.holder(run) for run in RUNS)


@dataclass(frozen=True, kw_only=True)
class Portable(PortableEngine, FakeEngine):
    """Computes in other numbers elsewhere."""

    def here(self):
        """Give it as it is elsewhere."""
        return replace(self, arithmetic="float64")


def test_a_processor_with_other_arithmetic_is_refused(make_workspace):
    """In one sentence, with nothing trained and nothing held."""
    workspace = make_workspace()
    message = (
        "the processor of node here computes in float64, and that of this process in float32: results would differ. "
        "Take nodes of one kind."
    )
    with pytest.raises(EngineError) as caught:
        train(workspace, Portable(), RUNS)
    assert str(caught.value) == message
    assert not any(workspace.folder.holder(run) for run in RUNS)


def test_what_no_node_has_room_for_is_refused(make_workspace):
    """Ray would let it wait for ever."""
    message = (
        "a packed batch of 'Pool 4x4' takes 1 core and 3 kB of memory, and none of the 0 nodes of the cluster has "
        "that. Add a larger one. Nothing was trained yet."
    )
    with pytest.raises(EngineError) as caught:
        train(make_workspace(), FakeEngine(), RUNS, SimulatedCluster(nodes=0))
    assert str(caught.value) == message


@dataclass(frozen=True)
class TakenOver:
    """Has another machine take over all that is held, in the second epoch of a packed batch."""

    folder: ResultsFolder
    trained: list = field(default_factory=list)

    def __call__(self, runs, position):
        """Do as a machine does that saw no sign of life, and train on for longer than it takes to learn of it."""
        if position == Position(epoch=1):
            for sign in self.folder.locks.path.glob("holders/*.[0-9]*"):
                sign.rename(sign.with_suffix(".dead"))
        if position >= Position(epoch=1):
            time.sleep(0.5)
        self.trained.append(position)


def test_runs_that_another_process_has_taken_over_are_left_to_it(make_workspace):
    """Their job is ended, and so is no other; an event says it, as on one machine."""
    workspace = make_workspace(checkpoint_seconds=0)
    engine = TakenOver(workspace.folder)
    events = train(workspace, FakeEngine(before_step=engine), RUNS[:3], SimulatedCluster(nodes=1))
    assert of_kind(events, RunsHeld) == [RunsHeld(runs=RUNS[:3])]
    assert not of_kind(events, Note)
    assert max(engine.trained) < Position(epoch=2, step=2)
    assert {one.status for one in workspace.folder.survey(RUNS[:3])} == {Status.MISSING}


def test_runs_that_are_taken_over_before_they_are_sent_are_left_too(make_workspace, monkeypatch):
    """That ends no study: the other runs are trained."""
    tidy, (first, *others) = RunFolder.tidy, RUNS[:3]

    def refuse(folder):
        if folder.run == first:
            raise LostRunError("it is another's")
        tidy(folder)

    monkeypatch.setattr(RunFolder, "tidy", refuse)
    workspace, batches = make_workspace(), [batch for run in RUNS[:3] for batch in pack([run], FakeEngine())]
    executor = ClusterExecutor(cluster=SimulatedCluster())
    events = list(executor.execute(batches, workspace, threading.Event()))
    assert of_kind(events, RunsHeld) == [RunsHeld(runs=(first,))]
    assert {event.record.run for event in of_kind(events, RunFinished)} == set(others)
    assert not any(workspace.folder.holder(run) for run in RUNS)


def test_what_a_packed_batch_takes_is_estimated_twice_however_long_it_trains(make_workspace, monkeypatch):
    """To see that there is room, and to send it: it takes milliseconds, and messages come all the time."""
    estimated, estimate = [], FakeEngine.requirements
    monkeypatch.setattr(FakeEngine, "requirements", lambda *given: estimated.append(given) or estimate(*given))
    batches = [batch for run in RUNS[:3] for batch in pack([run], FakeEngine())]
    list(ClusterExecutor(cluster=SimulatedCluster()).execute(batches, make_workspace(), threading.Event()))
    assert len(estimated) == 2 * len(batches)


def test_a_folder_that_cannot_be_written_ends_the_training(make_workspace, monkeypatch):
    """The error is raised when all jobs have ended, and nothing is held."""
    workspace = make_workspace()

    def refuse(*_):
        raise ResultsError("the disk is full")

    monkeypatch.setattr(RunFolder, "keep", refuse)
    with pytest.raises(ResultsError, match=r"^the disk is full$"):
        train(workspace, FakeEngine(), RUNS)
    assert not any(workspace.folder.holder(run) for run in RUNS)
