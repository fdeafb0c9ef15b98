"""The seam between what is to be trained and the machines that train it."""

from collections.abc import Generator, Sequence
from typing import Protocol

from ceteris.execution.events import Event
from ceteris.execution.packing import PackedBatch


class Executor(Protocol):
    """Trains packed batches somewhere. It decides when a result arrives, never what the result is."""

    def map(self, batches: Sequence[PackedBatch]) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens.

        Closing the iterator stops the training: every packed batch is saved first.

        Args:
            batches: In any order; all of them are tried, whatever becomes of the others.

        Raises:
            ResultsError: If the results folder can no longer be written; every packed batch that could be saved was.
        """
