"""The seam between what is to be trained and the machines that train it."""

from collections.abc import Generator, Sequence
from typing import Protocol

from ceteris.execution.bank import Bank
from ceteris.execution.events import Event


class Executor(Protocol):
    """Trains banks somewhere. It decides when a result arrives, never what the result is."""

    def map(self, banks: Sequence[Bank]) -> Generator[Event, None, None]:
        """Train banks, and tell what happens as it happens.

        Closing the iterator stops the training: every bank is saved first.

        Args:
            banks: In any order; all of them are tried, whatever becomes of the others.

        Raises:
            ResultsError: If the results folder can no longer be written; every bank that could be saved was.
        """
