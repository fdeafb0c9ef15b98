"""`epochs.csv`: what each epoch of a run came to, and how long it took."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from ceteris.engines.engine import EpochMetrics

_COLUMNS = (
    "epoch",
    "training_loss",
    "training_accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
    "runs_in_bank",
)


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch of one run.

    Attributes:
        metrics: Losses and accuracies.
        seconds: Wall-clock time that its bank trained and validated this epoch.
        runs_in_bank: How many runs trained together in that time; `seconds / runs_in_bank` is this run's share.
    """

    metrics: EpochMetrics
    seconds: float
    runs_in_bank: int


def encode_epochs(epochs: Sequence[EpochRecord]) -> bytes:
    """Write the content of `epochs.csv`: a header and a row an epoch; `nan` where a number is not finite."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for epoch in epochs:
        m = epoch.metrics
        losses_and_accuracies = (m.training_loss, m.training_accuracy, m.validation_loss, m.validation_accuracy)
        numbers = [float(number) if math.isfinite(number) else math.nan for number in losses_and_accuracies]
        rows.writerow([m.epoch, *map(repr, numbers), repr(round(epoch.seconds, 6)), epoch.runs_in_bank])
    return text.getvalue().encode()


def decode_epochs(content: bytes) -> tuple[EpochRecord, ...]:
    """Read the content of `epochs.csv`, whose SHA-256 was compared before."""
    return tuple(
        EpochRecord(
            metrics=EpochMetrics(
                epoch=int(row["epoch"]),
                training_loss=float(row["training_loss"]),
                training_accuracy=float(row["training_accuracy"]),
                validation_loss=float(row["validation_loss"]),
                validation_accuracy=float(row["validation_accuracy"]),
            ),
            seconds=float(row["seconds"]),
            runs_in_bank=int(row["runs_in_bank"]),
        )
        for row in csv.DictReader(StringIO(content.decode()))
    )
