"""`results.csv`: one row a run, whatever became of it."""

import csv
from collections.abc import Sequence
from io import StringIO

from ceteris.results.finding import Finding
from ceteris.results.status import Status

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

    Args:
        findings: One per run of the study, in its order.
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
