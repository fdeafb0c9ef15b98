"""Trains packed batches on this machine, one to a core."""

import threading
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from ceteris.execution.child import Child
from ceteris.execution.course import cores_of_each
from ceteris.execution.events import Event
from ceteris.execution.executor import Workspace
from ceteris.execution.packing import PackedBatch, longest_first
from ceteris.execution.worker import train_batch
from ceteris.resources import WORKER, Resources, available_cores, free_memory


@dataclass(frozen=True)
class _WorkerLeft:
    """A worker has no more to do, or cannot go on."""

    error: BaseException | None = None


_LOOK_SECONDS = 1.0

_Queue = SimpleQueue[Event | _WorkerLeft]


class _Shared:
    """The cores of this machine, which the workers that still have something to do share alike."""

    def __init__(self, cores: int, workers: int) -> None:
        self._cores, self._at_work = cores, set(range(workers))

    def leave(self, worker: int) -> None:
        """Leave one worker's cores to the others."""
        self._at_work.discard(worker)

    def now(self) -> int:
        """Say how many cores each worker has."""
        return cores_of_each(self._cores, len(self._at_work))


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """Trains the longest packed batches first, on a thread each; engines that hold the interpreter lock get processes.

    Code of the user's own always gets one: it may end its process. Where packed batches are fewer than cores, an engine
    that can use several (`SpreadTraining`) gets as many as there are for each.

    Attributes:
        threads: On how many cores packed batches train side by side; on all, if not given.
    """

    threads: int = field(default_factory=available_cores)

    @property
    def resources(self) -> Resources:
        """Its threads, and the memory that is free now; devices were tried when engines were chosen."""
        return Resources(cores=self.threads, memory=free_memory())

    def execute(
        self, batches: Sequence[PackedBatch], workspace: Workspace, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens; see `Executor.execute`.

        Raises:
            ResultsError: If the results folder can no longer be written.
        """
        waiting = deque(longest_first(batches))
        count = min(self.threads, len(batches))
        cores = _Shared(self.threads, count)
        events: _Queue = SimpleQueue()
        workers = [
            # Daemons, so that a second Ctrl-C need not wait for them.
            threading.Thread(
                target=_work,
                args=(number, waiting, events, workspace, stop, cores),
                kwargs={"is_alone": count == 1},
                name=f"{WORKER}{number}",
                daemon=True,
            )
            for number in range(count)
        ]
        errors: list[BaseException] = []
        for worker in workers:
            worker.start()
        working = len(workers)
        try:
            while working:
                event = _next(events)
                if isinstance(event, _WorkerLeft):
                    working -= 1
                    if event.error is not None:
                        errors.append(event.error)
                        stop.set()
                else:
                    yield event
        except GeneratorExit:
            stop.set()
            for worker in workers:
                worker.join()
            raise
        if errors:
            raise errors[0]


def _work(
    number: int,
    waiting: deque[PackedBatch],
    events: _Queue,
    workspace: Workspace,
    stop: threading.Event,
    cores: _Shared,
    *,
    is_alone: bool,
) -> None:
    """Train one waiting packed batch after another."""
    error: BaseException | None = None
    try:
        with closing(Child(workspace)) as child:
            while not stop.is_set():
                try:
                    batch = waiting.popleft()
                except IndexError:
                    break
                if batch.engine.threaded or (is_alone and not batch.runs_own_code):
                    happened = train_batch(batch, workspace, stop, cores)
                else:
                    happened = child.train(batch, stop)
                for event in happened:
                    events.put(event)
    except BaseException as raised:  # noqa: BLE001 - handed to the thread that waits for it
        error = raised
    cores.leave(number)
    events.put(_WorkerLeft(error))


def _next(events: _Queue) -> Event | _WorkerLeft:
    """Wait for what happens next, and wake every second: a signal that came just before is handled only then."""
    while True:
        with suppress(Empty):
            return events.get(timeout=_LOOK_SECONDS)
