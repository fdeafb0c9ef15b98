"""What every executor must do, as tests: write one class in a test file, and pytest runs them against yours."""

import multiprocessing
import threading
import time
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ceteris.engines.engine import Engine, Position
from ceteris.execution.events import BatchStarted, EpochFinished, Event, Progress, RunFailed, RunFinished
from ceteris.execution.executor import Executor, Workspace
from ceteris.execution.packing import PackedBatch, longest_first
from ceteris.execution.study import run_study
from ceteris.execution.worker import train_batch
from ceteris.resources import Resources
from ceteris.results.folder import ResultsFolder
from ceteris.results.record import Status
from ceteris.study.run import Run
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

_STUDY = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})
_RUNS = _STUDY.runs(miniature_dataset().digest)
_PATIENCE = 600.0

TIMED = ("machine.json", "epochs.csv")
"""Files that hold times; their other content is compared apart."""


def results_of(folder: Path) -> dict[str, bytes]:
    """Give every file below `runs/`; of those with times, what does not depend on when they were written."""
    files = {str(path.relative_to(folder)): path for path in (folder / "runs").rglob("*") if path.is_file()}
    return {name: _timeless(path) for name, path in sorted(files.items())}


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "epochs.csv":
        return b"\n".join(b",".join(row.split(b",")[:5]) for row in content.splitlines())
    return b"" if path.name == "machine.json" else content


@dataclass(frozen=True)
class _Gate:
    """Holds up a minibatch of the second epoch until a file is there, wherever the engine trains."""

    file: Path
    pause: float = 0.0

    def __call__(self, runs: Sequence[Run], position: Position) -> None:
        """Wait."""
        until = time.monotonic() + _PATIENCE
        while position == Position(epoch=1, step=1) and not self.file.exists() and time.monotonic() < until:
            time.sleep(0.01)
        if position > Position(epoch=1):
            time.sleep(self.pause)


class ExecutorConformance:
    """The contract of `ceteris.execution.executor.Executor`. A subclass, in a test file, gives the fixture `executor`.

    All is tried on the miniature study: nine runs in three packed batches.

    Attributes:
        threaded: Whether the engine that is tried says that it releases the interpreter lock: both are to be tried.
        pause: Seconds that each minibatch takes after a request to stop, of an executor that has to pass that on.
    """

    threaded: bool = True
    pause: float = 0.0

    def test_it_says_what_it_has(self, executor: Executor) -> None:
        """At least a core."""
        assert executor.resources.cores >= 1

    def test_every_run_is_trained_once_to_the_same_bytes(self, executor: Executor, tmp_path: Path) -> None:
        """Each packed batch is started once, and the files are those of runs that were trained one after another."""
        events = self._run(executor, tmp_path / "results")
        started = [run.digest for event in events if isinstance(event, BatchStarted) for run in event.batch.runs]
        finished = [event.record.run.digest for event in events if isinstance(event, RunFinished)]
        assert sorted(started) == sorted(run.digest for run in _RUNS)
        assert sorted(finished) == sorted(started)
        self._is_sound(tmp_path / "results", expected=self._reference(tmp_path))

    def test_a_run_that_cannot_be_trained_costs_no_other(self, executor: Executor, tmp_path: Path) -> None:
        """An engine that raises for a packed batch fails in the end only for the runs that it cannot train."""
        engine = FakeEngine(threaded=self.threaded, failing=frozenset({1}))
        events = self._run(executor, tmp_path / "results", engine=engine)
        failed = {event.failure.run.seed for event in events if isinstance(event, RunFailed)}
        assert failed == {1}
        statuses = {(one.run.seed == 1, one.status) for one in ResultsFolder(tmp_path / "results").survey(_RUNS)}
        assert statuses == {(True, Status.FAILED), (False, Status.FINISHED)}
        self._run(CallingThread(), tmp_path / "results")
        self._is_sound(tmp_path / "results", expected=self._reference(tmp_path))

    def test_a_request_to_stop_saves_every_run(self, executor: Executor, tmp_path: Path) -> None:
        """What was trained is on disk, and the next call goes on from there to the same bytes."""
        stop, folder, gate = threading.Event(), tmp_path / "results", tmp_path / "gate"
        engine = FakeEngine(threaded=self.threaded, before_step=_Gate(gate, self.pause))
        for event in run_study(
            _STUDY, miniature_dataset(), folder=folder, engines=(engine,), executor=executor, stop=stop
        ):
            if isinstance(event, EpochFinished):
                stop.set()
                gate.touch()
        findings = ResultsFolder(folder).survey(_RUNS)
        assert Status.UNFINISHED in {one.status for one in findings}
        assert all(one.position > Position() for one in findings if one.position is not None)
        self._is_sound(folder)
        self._run(executor, folder)
        self._is_sound(folder, expected=self._reference(tmp_path))

    def test_closing_the_iterator_saves_every_run(self, executor: Executor, tmp_path: Path) -> None:
        """Whoever stops listening loses nothing."""
        folder, gate = tmp_path / "results", tmp_path / "gate"
        engine = FakeEngine(threaded=self.threaded, before_step=_Gate(gate))
        with closing(
            run_study(_STUDY, miniature_dataset(), folder=folder, engines=(engine,), executor=executor)
        ) as events:
            while not isinstance(next(events), Progress):
                pass
            gate.touch()  # now, because closing waits: all runs may finish before it returns
        self._is_sound(folder)
        self._run(executor, folder)
        self._is_sound(folder, expected=self._reference(tmp_path))

    def test_nothing_is_left_behind(self, executor: Executor, tmp_path: Path) -> None:
        """Neither threads nor processes nor files that are not results."""
        threads, processes = set(threading.enumerate()), set(multiprocessing.active_children())
        self._run(executor, tmp_path / "results")
        until = time.monotonic() + _PATIENCE
        while set(threading.enumerate()) - threads and time.monotonic() < until:
            time.sleep(0.01)
        assert set(threading.enumerate()) <= threads
        assert set(multiprocessing.active_children()) <= processes
        assert not list(tmp_path.rglob("*.partial"))
        assert not list(tmp_path.rglob("checkpoint*"))

    def _run(
        self, executor: Executor, folder: Path, *, engine: Engine | None = None, only: Collection[str] = ()
    ) -> list[Event]:
        engines = (engine or FakeEngine(threaded=self.threaded),)
        return list(
            run_study(_STUDY, miniature_dataset(), folder=folder, engines=engines, executor=executor, only=only)
        )

    def _reference(self, tmp_path: Path) -> dict[str, bytes]:
        self._run(CallingThread(), tmp_path / "reference")
        return results_of(tmp_path / "reference")

    def _is_sound(self, folder: Path, *, expected: dict[str, bytes] | None = None) -> None:
        place = ResultsFolder(folder)
        assert not any(place.holder(run) for run in _RUNS)
        assert not (folder / "damaged").exists()
        if expected is not None:
            assert results_of(folder) == expected


class ProcessConformance(ExecutorConformance):
    """The contract of an executor that gives engines which hold the interpreter lock processes of their own."""

    threaded = False

    def test_a_run_that_kills_its_process_costs_no_other(self, executor: Executor, tmp_path: Path) -> None:
        """The runs that the dead process left are tried in halves; in the end the one that kills has failed, alone."""
        engine = FakeEngine(threaded=False, dying=frozenset({1}))
        events = self._run(executor, tmp_path / "results", engine=engine, only=("baseline", "Pool 4x4"))
        assert {event.failure.run.seed for event in events if isinstance(event, RunFailed)} == {1}
        self._run(CallingThread(), tmp_path / "results")
        self._is_sound(tmp_path / "results", expected=self._reference(tmp_path))


class CallingThread:
    """Trains one packed batch after another in the thread that asks for events, the shortest first.

    An error stops where it is raised, and a breakpoint in an engine is reached. A run that ends its process ends this
    one.
    """

    @property
    def resources(self) -> Resources:
        """One core; memory is not looked at."""
        return Resources(cores=1)

    def execute(
        self, batches: Sequence[PackedBatch], workspace: Workspace, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens; see `Executor.execute`."""
        for batch in reversed(longest_first(batches)):
            if stop.is_set():
                return
            events = train_batch(batch, workspace, stop)
            try:
                for event in events:  # noqa: UP028 - `yield from` would close the worker before it could save
                    yield event
            except GeneratorExit:
                stop.set()
                for _ in events:
                    pass
                raise
