"""An executor without threads and processes: for a debugger, and for tests of what executors have in common."""

import threading
from collections.abc import Generator, Sequence

from ceteris.execution.events import Event
from ceteris.execution.executor import Workspace
from ceteris.execution.packing import PackedBatch, longest_first
from ceteris.execution.worker import train_batch
from ceteris.resources import Resources


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
