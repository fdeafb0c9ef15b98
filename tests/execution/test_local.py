import errno
import itertools
import os
import signal
import sys
import threading
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from ceteris.engines.engine import Position, SpreadTraining
from ceteris.errors import ResultsError
from ceteris.execution.events import BatchInterrupted, BatchStarted, EpochFinished, RunFailed, RunFinished
from ceteris.execution.executor import interruptions
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import pack
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_runs

RUNS = miniature_runs()
MIDDLE = Position(epoch=1, step=1)
PATIENCE = 600.0  # seconds until a test that hangs is given up


def execute(batches, workspace, *, threads, stop=None):
    """Train packed batches as a study does: signals are requests to stop."""
    stop = stop or threading.Event()
    with interruptions(stop):
        yield from LocalExecutor(threads=threads).execute(batches, workspace, stop)


def train(workspace, engine=None, *, threads=2, stop=None) -> list:
    """Train what is left of the miniature study, and give all events."""
    return list(execute(left(workspace, engine or FakeEngine()), workspace, threads=threads, stop=stop))


def left(workspace, engine):
    """Pack what has no result yet."""
    findings = workspace.folder.survey(RUNS)
    positions = {finding.run.digest: finding.position for finding in findings if finding.position}
    return pack((finding.run for finding in findings if finding.record is None), engine, positions)


def statuses(workspace) -> list[Status]:
    """Say how far the runs are."""
    return [finding.status for finding in workspace.folder.survey(RUNS)]


def at_the_middle(act):
    """Make a step hook that acts once a packed batch is in the second step of its second epoch."""

    def before_step(_runs, position):
        if position == MIDDLE:
            act()

    return before_step


def send(kind):
    """Send a signal as a terminal does: to the main thread, wherever it is waiting."""
    assert signal.getsignal(kind) is not signal.SIG_DFL, "the process of the tests would die"
    signal.pthread_kill(threading.main_thread().ident, kind)


@pytest.fixture
def reference(make_workspace) -> dict[str, bytes]:
    """Give the files of the study trained on one thread without interruption."""
    workspace = make_workspace("reference")
    train(workspace, threads=1)
    return results_of(workspace.folder.path)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_results_do_not_depend_on_the_number_of_threads(make_workspace, reference, threads):
    """One thread, two, or more than there are packed batches: the same bytes."""
    workspace = make_workspace()
    events = train(workspace, threads=threads)
    assert results_of(workspace.folder.path) == reference
    assert sum(isinstance(event, RunFinished) for event in events) == len(RUNS)


def test_the_longest_packed_batches_start_first(make_workspace):
    """Whatever order they are given in."""
    workspace = make_workspace()
    batches = pack(RUNS, FakeEngine())
    events = execute(batches[::-1], workspace, threads=1)
    started = [event.batch.work for event in events if isinstance(event, BatchStarted)]
    assert started == sorted(started, reverse=True)
    assert len(set(started)) > 1


def test_nothing_to_do_ends_at_once(make_workspace):
    """No packed batch, no thread, no event."""
    assert list(execute((), make_workspace(), threads=2)) == []


def test_a_request_to_stop_saves_every_packed_batch(make_workspace, reference):
    """Whoever holds `stop` can end the training from any thread, and it goes on from there without a trace."""
    workspace, stop = make_workspace(), threading.Event()
    events = train(workspace, FakeEngine(before_step=at_the_middle(stop.set)), stop=stop)
    assert any(isinstance(event, BatchInterrupted) for event in events)
    assert Status.UNFINISHED in statuses(workspace)
    assert not any(workspace.folder.holder(run) for run in RUNS)
    train(workspace)
    assert results_of(workspace.folder.path) == reference


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_every_packed_batch_and_is_passed_on(make_workspace, reference, name):
    """Ctrl-C, SIGTERM and a closed terminal end the training when all runs are saved; signals are then as before."""
    kind = getattr(signal, name, None)
    if kind is None:
        pytest.skip("Windows has no such signal")
    raised = KeyboardInterrupt if kind is signal.SIGINT else SystemExit
    workspace, stop = make_workspace(), threading.Event()
    before = signal.getsignal(kind)

    def interrupt():
        send(kind)
        assert stop.wait(PATIENCE)

    with pytest.raises(raised) as error:
        train(workspace, FakeEngine(before_step=at_the_middle(interrupt)), threads=1, stop=stop)
    assert stop.is_set()
    if raised is SystemExit:
        assert error.value.code == 128 + kind
    assert signal.getsignal(kind) is before
    assert [finding.position for finding in workspace.folder.survey(RUNS) if finding.position] == [
        Position(epoch=1, step=2)
    ] * 3
    train(workspace)
    assert results_of(workspace.folder.path) == reference


def test_a_signal_does_not_wait_for_an_event(make_workspace):
    """A signal that does not wake the thread that waits for events is taken soon, however long a minibatch takes."""

    def interrupt():
        signal.raise_signal(signal.SIGINT)  # to this thread, which leaves the main one asleep
        assert stop.wait(PATIENCE)

    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        train(make_workspace(), FakeEngine(before_step=at_the_middle(interrupt)), threads=1, stop=stop)


def test_a_second_ctrl_c_does_not_wait(make_workspace):
    """While a packed batch takes its time to save, a second one leaves at once."""
    workspace, stop, release = make_workspace(), threading.Event(), threading.Event()

    def interrupt_twice():
        send(signal.SIGINT)
        assert stop.wait(PATIENCE)
        send(signal.SIGINT)
        assert release.wait(PATIENCE)

    with pytest.raises(KeyboardInterrupt):
        train(workspace, FakeEngine(before_step=at_the_middle(interrupt_twice)), threads=1, stop=stop)
    assert workspace.folder.holder(RUNS[-1])
    worker = next(thread for thread in threading.enumerate() if thread.name == "worker 0")
    release.set()
    worker.join(PATIENCE)
    assert not workspace.folder.holder(RUNS[-1])


def test_a_signal_that_comes_twice_at_a_time_is_one(make_workspace):
    """As `timeout` sends it, to the process and to its group: every run is saved all the same."""
    workspace, stop = make_workspace(), threading.Event()

    def interrupt_twice():
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        assert stop.wait(PATIENCE)

    with pytest.raises(SystemExit):
        train(workspace, FakeEngine(before_step=at_the_middle(interrupt_twice)), threads=1, stop=stop)
    assert [one.position for one in workspace.folder.survey(RUNS) if one.position] == [Position(epoch=1, step=2)] * 3


def test_a_second_signal_later_does_not_wait(make_workspace, monkeypatch):
    """Whoever asks again after a second leaves at once."""
    monkeypatch.setattr("ceteris.execution.executor.DOUBLED_SECONDS", 0.0)
    workspace, stop, release = make_workspace(), threading.Event(), threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))

    def interrupt_twice():
        send(signal.SIGTERM)
        assert stop.wait(PATIENCE)
        send(signal.SIGTERM)
        assert release.wait(PATIENCE)

    try:
        with pytest.raises(SystemExit, match="7"):
            train(workspace, FakeEngine(before_step=at_the_middle(interrupt_twice)), threads=1, stop=stop)
    finally:
        signal.signal(signal.SIGTERM, before)
        worker = next(thread for thread in threading.enumerate() if thread.name == "worker 0")
        release.set()
        worker.join(PATIENCE)


def test_a_signal_that_is_ignored_stays_ignored(make_workspace):
    """Under nohup, or in the background of a script, Ctrl-C is not for us."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        engine = FakeEngine(before_step=at_the_middle(lambda: send(signal.SIGINT)))
        workspace = make_workspace()
        train(workspace, engine)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(statuses(workspace)) == {Status.FINISHED}


def test_closing_the_iterator_saves_every_packed_batch(make_workspace, reference):
    """Whoever stops listening to the events, even by an error of their own, loses nothing."""
    workspace = make_workspace()
    go_on = threading.Event()
    batches = left(workspace, FakeEngine(before_step=at_the_middle(lambda: go_on.wait(PATIENCE))))
    with closing(execute(batches, workspace, threads=2)) as events:
        while not isinstance(next(events), BatchStarted):
            pass
        go_on.set()
    assert not any(workspace.folder.holder(run) for run in RUNS)
    train(workspace)
    assert results_of(workspace.folder.path) == reference


def test_it_works_outside_the_main_thread(make_workspace, reference):
    """A program of windows or a server may run a study too; only signals are then not ours."""
    workspace = make_workspace()
    thread = threading.Thread(target=train, args=(workspace,))
    thread.start()
    thread.join(PATIENCE)
    assert results_of(workspace.folder.path) == reference


def test_a_full_disk_ends_the_training_and_keeps_what_is_complete(make_workspace, reference, monkeypatch):
    """The error names the folder; when there is room again, the study goes on and ends as it should."""
    workspace = make_workspace(checkpoint_seconds=0)
    real, calls = os.write, []

    def write(file, data):
        calls.append(1)
        if len(calls) > 60:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(ResultsError) as error:
            train(workspace)
    message = str(error.value)
    assert message.startswith(f"{workspace.folder.path / 'runs'}/")
    assert ": the disk is full: cannot write " in message
    assert message.endswith("Free some space there and run the same command again; what was complete is kept.")
    assert Status.DAMAGED not in statuses(workspace)
    assert not any(workspace.folder.holder(run) for run in RUNS)
    train(workspace)
    assert results_of(workspace.folder.path) == reference


def test_an_error_in_one_packed_batch_does_not_stop_the_others(make_workspace):
    """A failed run is told, and every other run ends as it should."""
    workspace = make_workspace()
    events = train(workspace, FakeEngine(failing=frozenset([2])))
    assert sum(isinstance(event, RunFailed) for event in events) == 3
    assert statuses(workspace) == [Status.FAILED if run.seed == 2 else Status.FINISHED for run in RUNS]


class Spreading(SpreadTraining):
    """Training of the fake engine that says it can use several cores, and notes how many it is given."""

    def __init__(self, training, given):
        self._training, self._given, self._cores = training, given, 1

    @property
    def cores(self):
        """Give the last number."""
        return self._cores

    def spread(self, cores):
        """Note another."""
        self._cores = cores
        self._given.append(cores)

    def __getattr__(self, name):
        return getattr(self._training, name)


@dataclass(frozen=True, kw_only=True)
class SpreadingEngine(FakeEngine):
    """A fake engine whose packed batches several cores can train."""

    given: list[int] = field(default_factory=list, compare=False)

    def start(self, runs, split, states=None):
        """Begin as the fake engine does."""
        return Spreading(super().start(runs, split, states), self.given)


def test_a_packed_batch_alone_has_all_cores(make_workspace, monkeypatch):
    """At every minibatch; the seconds that runs keep are those of all cores together, here one for each minibatch."""
    ticks = itertools.count()
    monkeypatch.setattr("ceteris.execution.worker.time.monotonic", lambda: float(next(ticks)))
    workspace, engine = make_workspace(), SpreadingEngine()
    batch = pack(RUNS, engine)[0]

    events = list(execute((batch,), workspace, threads=4))

    assert set(engine.given) == {4}
    assert [event.seconds for event in events if isinstance(event, EpochFinished)] == [4 * 3.0] * 3


def test_packed_batches_share_cores_alike_and_leave_theirs_to_others(make_workspace, reference):
    """Five cores give three packed batches one each, two of them two, and the last all; results are the same."""
    workspace, engine = make_workspace(), SpreadingEngine()

    train(workspace, engine, threads=5)

    assert {1} <= set(engine.given) <= {1, 2, 5}
    assert results_of(workspace.folder.path) == reference
