"""The seam between what is to be trained and the machines that train it: what an executor is given and does."""

import signal
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Origin, Split
from ceteris.execution.events import Event
from ceteris.execution.packing import PackedBatch
from ceteris.resources import Resources
from ceteris.results.folder import ResultsFolder

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stop(Protocol):
    """A request to stop, as `threading.Event` carries it."""

    def is_set(self) -> bool:
        """Say whether a worker should save and leave."""


class CoreShare(Protocol):
    """How many cores a packed batch may keep busy, which become more when others end."""

    def now(self) -> int:
        """Say how many they are now, at least 1."""


class OneCore:
    """A share that stays one core."""

    def now(self) -> int:
        """Say that it is one."""
        return 1


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """All that a worker needs besides a packed batch; can be sent to another machine.

    Attributes:
        splits: The images, for each way of choosing them that the study has; under `DataChoice.whole`.
        origin: What is known about where the images came from; stored with every result.
        checkpoint_seconds: Most training time that a crash may cost.
    """

    splits: Mapping[DataChoice, Split]
    origin: Origin
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Workspace(TrainingData):
    """The same, and the folder that results go to."""

    folder: ResultsFolder


class Executor(Protocol):
    """Trains packed batches somewhere. It decides when and where a run is trained, never what the result is.

    Where the results folder can be reached, a worker calls `ceteris.execution.worker.train_batch(batch, workspace,
    stop)`, which writes results, failures and checkpoints, and passes on the events that come. Elsewhere it calls
    `train_runs` of the same module, which writes nothing: who has the folder takes up the runs and keeps what comes, as
    `train_batch` does with `ceteris.execution.keeping`. All of these are values that can be pickled. What a packed
    batch takes says `batch.requirements(images)`. `ceteris.testing.executors.ExecutorConformance` tests an executor
    against all of this.
    """

    @property
    def resources(self) -> Resources:
        """What it has now: nothing is begun that takes more."""

    def execute(
        self, batches: Sequence[PackedBatch], workspace: Workspace, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens.

        Every packed batch is given to a worker once, in any order and whatever becomes of the others. Should a worker
        die, the runs that it leaves are given to another one in halves, so that only the run that kills it fails. Once
        `stop` is set, every run is saved and the iterator ends; closing the iterator does the same.

        Raises:
            ResultsError: If the results folder can no longer be written; every packed batch that could be saved was.
        """


DOUBLED_SECONDS = 1.0
"""GNU `timeout` and schedulers of clusters send a signal to a process and to its group: it comes twice at a time."""


@contextmanager
def interruptions(stop: threading.Event) -> Iterator[None]:
    """Turn the first signal that would end the process into a request to stop, and pass it on when all is saved.

    These are Ctrl-C, SIGTERM, SIGHUP (the terminal was closed) and SIGBREAK (Windows). A second one leaves at once, at
    the cost of what was trained since the last checkpoint; but for Ctrl-C, which people press, only if it comes a
    second later or more.

    Raises:
        KeyboardInterrupt: At the end, after Ctrl-C.
        SystemExit: At the end, after another of these signals.
    """
    received: list[signal.Signals] = []
    began = time.monotonic()
    # Only the main thread may handle signals; one that is ignored, as by nohup, stays ignored.
    is_main = threading.current_thread() is threading.main_thread()
    handlers = {kind: signal.getsignal(kind) for name in _ENDING if is_main and (kind := getattr(signal, name, None))}
    before = {kind: handler for kind, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}

    def restore() -> None:
        for kind, handler in before.items():
            signal.signal(kind, handler)

    def request(number: int, _frame: FrameType | None) -> None:
        nonlocal began
        if not received:
            received.append(signal.Signals(number))
            began = time.monotonic()
            if number == signal.SIGINT:
                restore()  # first: whoever sees `stop` may send the next one at once
            stop.set()
        elif number == signal.SIGINT or time.monotonic() - began >= DOUBLED_SECONDS:
            restore()
            signal.raise_signal(number)

    for kind in before:
        signal.signal(kind, request)
    try:
        yield
    finally:
        restore()
    if signal.SIGINT in received:
        raise KeyboardInterrupt
    if received:
        raise SystemExit(128 + received[0])
