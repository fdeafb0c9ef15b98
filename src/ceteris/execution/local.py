"""Trains packed batches on this machine, one to a core."""

import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType

from ceteris.execution.child import Child
from ceteris.execution.events import Event
from ceteris.execution.packing import PackedBatch, longest_first
from ceteris.execution.worker import train_batch
from ceteris.execution.workspace import Workspace


@dataclass(frozen=True)
class _WorkerLeft:
    """A worker has no more to do, or cannot go on."""

    error: BaseException | None = None


_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

_LOOK_SECONDS = 1.0

_Queue = SimpleQueue[Event | _WorkerLeft]


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """Trains the longest packed batches first, on a thread each; engines that hold the interpreter lock get processes.

    The first Ctrl-C, SIGTERM, SIGHUP (the terminal was closed) or SIGBREAK (Windows) asks all workers to save their
    runs, and is passed on when they have; a second one leaves at once, at the cost of what was trained since the last
    checkpoint.

    Attributes:
        workspace: The images, and the folder of the results.
        threads: How many packed batches train side by side.
        stop: Set it, from any thread, to have all runs saved and the training end.
    """

    workspace: Workspace
    threads: int
    stop: threading.Event = field(default_factory=threading.Event)

    def map(self, batches: Sequence[PackedBatch]) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens; see `Executor.map`.

        Raises:
            ResultsError: If the results folder can no longer be written.
            KeyboardInterrupt: After Ctrl-C, when all runs are saved.
            SystemExit: After another of these signals, likewise.
        """
        waiting = deque(longest_first(batches))
        events: _Queue = SimpleQueue()
        workers = [
            # Daemons, so that a second Ctrl-C need not wait for them.
            threading.Thread(
                target=self._work, args=(waiting, events, len(batches)), name=f"worker {number}", daemon=True
            )
            for number in range(min(self.threads, len(batches)))
        ]
        errors: list[BaseException] = []
        with _interruptions(self.stop) as received:
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
                            self.stop.set()
                    else:
                        yield event
            except GeneratorExit:
                self.stop.set()
                for worker in workers:
                    worker.join()
                raise
        if errors:
            raise errors[0]
        if signal.SIGINT in received:
            raise KeyboardInterrupt
        if received:
            raise SystemExit(128 + received[0])

    def _work(self, waiting: deque[PackedBatch], events: _Queue, batches: int) -> None:
        """Train one waiting packed batch after another."""
        error: BaseException | None = None
        try:
            with closing(Child(self.workspace)) as child:
                while not self.stop.is_set():
                    try:
                        batch = waiting.popleft()
                    except IndexError:
                        break
                    if batch.engine.threaded or min(self.threads, batches) == 1:
                        happened = train_batch(batch, self.workspace, self.stop)
                    else:
                        happened = child.train(batch, self.stop)
                    for event in happened:
                        events.put(event)
        except BaseException as raised:  # noqa: BLE001 - handed to the thread that waits for it
            error = raised
        events.put(_WorkerLeft(error))


def _next(events: _Queue) -> Event | _WorkerLeft:
    """Wait for what happens next, and wake every second: a signal that came just before is handled only then."""
    while True:
        with suppress(Empty):
            return events.get(timeout=_LOOK_SECONDS)


@contextmanager
def _interruptions(stop: threading.Event) -> Iterator[list[signal.Signals]]:
    """Take the first signal that would end the process for a request to stop; give the list that it is noted in."""
    received: list[signal.Signals] = []
    # Only the main thread may handle signals; one that is ignored, as by nohup, stays ignored.
    is_main = threading.current_thread() is threading.main_thread()
    handlers = {kind: signal.getsignal(kind) for name in _ENDING if is_main and (kind := getattr(signal, name, None))}
    before = {kind: handler for kind, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}

    def restore() -> None:
        for kind, handler in before.items():
            signal.signal(kind, handler)

    def request(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        restore()  # first: whoever sees `stop` may send the next one at once
        stop.set()

    for kind in before:
        signal.signal(kind, request)
    try:
        yield received
    finally:
        restore()
