"""What the folder of a run was found to hold, and `results.csv`: one row per run, whatever its status."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Self

from ceteris.checksummed import Damage
from ceteris.engines.engine import Position
from ceteris.results.epochs import TrainingTime
from ceteris.results.record import RunFailure, RunRecord, Status
from ceteris.study.run import Run
from ceteris.study.shard import Shard

_ELSEWHERE = "trained in another shard"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How far a run has come, and everything about it that a table needs.

    Attributes:
        failure: What went wrong, if it failed and was not tried again since.
        position: Where its checkpoint stops, if it has one.
        engine: The engine of the record, checkpoint or failure, whichever is there first; empty if none is.
        training_time: Of its packed batches, and its share of it, if it has a result.
        skipped: Why it cannot be trained now and what to do, if it has nothing yet and was left out.
        damage: Files that are not as they were written; moved aside and redone by the next `ceteris run`.
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

    @property
    def trouble(self) -> str:
        """What went wrong, if it failed or is damaged; else empty."""
        if self.damage:
            return "; ".join(map(str, self.damage))
        if self.status is not Status.FAILED or self.failure is None:
            return ""
        return f"{self.failure.error} (in epoch {self.failure.position.epoch + 1})"

    def unless_skipped(self, reasons: Mapping[str, str], shard: Shard | None = None) -> Self:
        """Give the same, and why it is left out now, if its variation is, or if it belongs to another shard."""
        is_elsewhere = shard is not None and not shard.has(self.run)
        return replace(self, skipped=_ELSEWHERE if is_elsewhere else reasons.get(self.run.variation, ""))


_COLUMNS = (
    "factor",
    "variation",
    "seed",
    "status",
    "epochs",
    "test_accuracy",
    "test_loss",
    "best_validation_accuracy",
    "best_validation_epoch",
    "final_validation_accuracy",
    "parameters",
    "engine",
    "packed_batch_training_seconds",
    "packed_batch_runs",
    "training_seconds_share",
    "digest",
    "error",
)


def encode_table(findings: Sequence[Finding]) -> bytes:
    """Write the content of `results.csv`.

    Cells are empty where there is nothing to say: a run that diverged has no test accuracy, a missing one no engine.
    `epochs` counts the whole epochs trained so far. `packed_batch_training_seconds` is the time of all runs that
    trained together, `packed_batch_runs` of them, and is repeated for each; `training_seconds_share` adds up to the
    whole.
    """
    text = StringIO()
    rows = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(_row(finding) for finding in findings)
    return text.getvalue().encode()


def _row(finding: Finding) -> dict[str, object]:
    record, failure = finding.record, finding.failure
    row: dict[str, object] = {
        "factor": finding.run.factor,
        "variation": finding.run.variation,
        "seed": finding.run.seed,
        "status": finding.status.value,
        "epochs": 0 if finding.position is None else finding.position.epoch,
        "engine": finding.engine,
        "digest": finding.run.digest,
    }
    if (time := finding.training_time) is not None:
        row |= {
            "packed_batch_training_seconds": time.packed_batch_seconds,
            "packed_batch_runs": time.packed_batch_runs,
            "training_seconds_share": time.share,
        }
    if finding.damage:
        row["error"] = "; ".join(str(damage) for damage in finding.damage)
    elif record is not None:
        row |= {name: getattr(record, name) for name in _COLUMNS if hasattr(record, name) and name != "status"}
        if record.diverged_epoch is not None:
            row["error"] = f"the loss was not finite in epoch {record.diverged_epoch}"
    elif finding.status is Status.SKIPPED:
        row["error"] = finding.skipped
    elif failure is not None:
        row |= {"epochs": failure.position.epoch, "error": failure.error}
    return row
