"""A worker in a process of its own, for engines that hold the interpreter lock while they train."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING

from ceteris.engines.engine import Position
from ceteris.errors import EngineError, reason
from ceteris.execution.events import Event, RunFailed, RunsHeld
from ceteris.execution.executor import Stop, Workspace
from ceteris.execution.packing import PackedBatch
from ceteris.execution.worker import train_batch
from ceteris.results.record import RunFailure
from ceteris.study.run import Run

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

# Seconds between two looks at `stop` while the child trains, and the most to wait for a child that was told to end.
_LOOK_SECONDS = 0.1
_END_SECONDS = 60.0
_KILLED = 9  # SIGKILL, which Windows does not name


_HELD_BACK = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_SAFE_PATH = "PYTHONSAFEPATH"


@dataclass(frozen=True)
class _Ready:
    """The child has started."""


@dataclass(frozen=True)
class _BatchLeft:
    """The child is done with a packed batch, or cannot go on."""

    error: Exception | None = None


class _DiedError(Exception):
    """The child ended in the middle of a packed batch."""


class _LeftError(Exception):
    """The child was asked to end, by somebody else than its parent, before it took the packed batch."""


_STARTING = threading.Lock()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Let Python, while it starts, import nothing from the folder that the user is in: a `signal.py` may lie there.

    The environment is the one way to say so to a process of `multiprocessing`; several threads may start one.
    """
    with _STARTING:
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_SAFE_PATH]
            else:
                os.environ[_SAFE_PATH] = before


class Child:
    """A process that trains packed batches, started when the first one comes and again should it die."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def train(self, batch: PackedBatch, stop: Stop) -> Iterator[Event]:
        """Do what `train_batch` does, in the process; if that dies, the run that it dies of has failed.

        Raises:
            ResultsError: If the results folder cannot be written.
            EngineError: If the process cannot be started.
        """
        try:
            yield from self._train(batch, stop)
        except _LeftError:
            self.close()
            yield from self.train(batch, stop)
        except _DiedError as error:
            self.close()
            yield from self._after_death(batch, str(error), stop)

    def close(self) -> None:
        """End the process; it saves what it trains, if anything."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.join(_END_SECONDS)
            self._process.kill()
            self._process.join()
        self._connection = self._process = None

    def _train(self, batch: PackedBatch, stop: Stop) -> Iterator[Event]:
        connection = self._connection or self._start()
        is_told = False
        try:
            connection.send(batch)
            while True:
                if stop.is_set() and not is_told:
                    connection.send(None)
                    is_told = True
                if not connection.poll(_LOOK_SECONDS):
                    continue
                message = connection.recv()
                if isinstance(message, _BatchLeft):
                    break
                yield message
        except (EOFError, OSError):
            cause = self._cause_of_death()
            assert self._process is not None
            # It ends with 0 only between two packed batches, after SIGTERM: no run is to blame.
            raise (_LeftError() if self._process.exitcode == 0 else _DiedError(cause)) from None
        if message.error is not None:
            raise message.error

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        try:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            with _signals_held_back(), _safe_path():
                process.start()
        except OSError as error:
            raise EngineError(
                f"a worker process could not start: {reason(error)}. Allow more "
                "processes, open files or memory (`ulimit -a` shows the limits), or use --threads 1, which needs none."
            ) from error
        theirs.close()
        self._process, self._connection = process, ours
        try:
            self._connection.recv()
            # Not an argument of the process: Python waits for ever if a process dies before it has read a large one.
            self._connection.send(self._workspace)
        except (EOFError, OSError):
            cause = self._cause_of_death()
            self.close()
            raise EngineError(
                f"a worker process could not start: {cause}. If a script of yours runs the study, put what it does "
                "under `if __name__ == '__main__':`, because each worker process reads the script again."
            ) from None
        return self._connection

    def _cause_of_death(self) -> str:
        assert self._process is not None
        self._process.join(_END_SECONDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            hint = ", as happens when memory runs out" if -code == _KILLED else ""
            return f"it was ended by signal {-code} ({signal.strsignal(-code)}){hint}"
        return f"it ended with exit code {code}"

    def _after_death(self, batch: PackedBatch, cause: str, stop: Stop) -> Iterator[Event]:
        """Try the runs that are left in halves, until the one that kills is alone and has failed."""
        findings = self._workspace.folder.survey(batch.runs)
        left = tuple(finding.run for finding in findings if finding.record is None)
        if len(left) > 1:
            half = len(left) // 2
            yield from self.train(replace(batch, runs=left[:half]), stop)
            yield from self.train(replace(batch, runs=left[half:]), stop)
        elif left:
            yield self._fail(left[0], batch.engine.name, cause)

    def _fail(self, run: Run, engine: str, cause: str) -> Event:
        with self._workspace.folder.claim([run]) as claim:
            if run.digest not in claim:
                return RunsHeld(runs=(run,))
            folder = self._workspace.folder.run_folder(run)
            position = folder.examine().position or Position()
            text = f"the process that trained it died: {cause}"
            failure = RunFailure(run=run, engine=engine, error=text, where=(), position=position)
            folder.write_failure(failure)
        return RunFailed(failure=failure)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Hold back what would end a process that is being started, until it has handlers of its own.

    Ctrl-C reaches every process of a terminal, and a process takes a second to load what it needs.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # started later, it would let them in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _ParentStop:
    """Set when the parent asks for it, when the parent has ended, or on SIGTERM."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.is_final = False
        self._is_told = False

    def is_set(self) -> bool:
        if not self._is_told and not self.is_final and self._connection.poll():
            self.receive()
        return self._is_told or self.is_final

    def receive(self) -> PackedBatch | None:
        """Wait for the next packed batch; nothing comes in its place if the training is to stop."""
        try:
            batch: PackedBatch | None = self._connection.recv()
        except (EOFError, OSError):
            self.is_final = True
            return None
        self._is_told = batch is None
        return batch

    def tell(self, message: Event | _Ready | _BatchLeft) -> None:
        try:
            self._connection.send(message)
        except OSError:
            self.is_final = True


def _handle_signals(parent: _ParentStop) -> None:
    """End on SIGTERM, ignore what reaches every process of a terminal, and let in what was held back until now."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        parent.is_final = True

    # The parent passes these on in its own time.
    for name in ("SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)


def _serve(connection: Connection) -> None:
    """Take a workspace and train the packed batches that come down a pipe, until it closes; events go up the pipe."""
    parent = _ParentStop(connection)

    _handle_signals(parent)
    parent.tell(_Ready())
    try:
        workspace: Workspace = connection.recv()
    except (EOFError, OSError):
        return
    while not parent.is_final:
        if not connection.poll(_LOOK_SECONDS):
            continue
        batch = parent.receive()
        if batch is None:
            continue
        error: Exception | None = None
        try:
            for event in train_batch(batch, workspace, parent):
                parent.tell(event)
        except Exception as raised:  # noqa: BLE001 - handed to the parent
            error = raised
        parent.tell(_BatchLeft(error))
