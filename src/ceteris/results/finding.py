"""What the folder of a run was found to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from ceteris.engines.engine import Position
from ceteris.results.damage import Damage
from ceteris.results.epochs import TrainingTime
from ceteris.results.failure import RunFailure
from ceteris.results.record import RunRecord
from ceteris.results.status import Status
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How far a run has come, and everything about it that a table needs.

    Attributes:
        run: The run.
        record: Its result, if it has one.
        failure: What went wrong, if it failed and was not tried again since.
        position: Where its checkpoint stops, if it has one.
        engine: The engine of the record, checkpoint or failure, whichever is there first; empty if none is.
        training_time: Of its packed batches, and its share of it, if it has a result.
        skipped: Why it cannot be trained now and what to do, if it has nothing yet and was left out.
        damage: Files that are not as they were written; set aside and redone by the next `ceteris run`.
    """

    run: Run
    record: RunRecord | None = None
    failure: RunFailure | None = None
    position: Position | None = None
    engine: str = ""
    training_time: TrainingTime | None = None
    skipped: str = ""
    damage: tuple[Damage, ...] = ()

    @property
    def status(self) -> Status:
        """The one word for it."""
        if self.damage:
            return Status.DAMAGED
        if self.record is not None:
            return self.record.status
        if self.failure is not None:
            return Status.FAILED
        if self.skipped:
            return Status.SKIPPED
        return Status.MISSING if self.position is None else Status.UNFINISHED

    def unless_skipped(self, reasons: Mapping[str, str]) -> Self:
        """Give the same, and why its variation is left out now, if it is."""
        return replace(self, skipped=reasons.get(self.run.variation, ""))
