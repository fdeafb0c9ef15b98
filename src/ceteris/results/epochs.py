"""`epochs.csv`: what each epoch of a run came to, and how long it took."""

import csv
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from io import StringIO

from ceteris.engines.engine import EpochMetrics

METRICS = tuple(field.name for field in fields(EpochMetrics))
_COLUMNS = (*METRICS, "seconds", "runs_in_bank")


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch of one run.

    Attributes:
        seconds: Time that its packed batch trained and validated this epoch, on one core: where it had several, theirs
            together.
        packed_batch_runs: How many runs trained together then; `seconds / packed_batch_runs` is this run's share.
    """

    metrics: EpochMetrics
    seconds: float
    packed_batch_runs: int


@dataclass(frozen=True, kw_only=True)
class TrainingTime:
    """How long a run trained: with the runs of its packed batch, and its own share of that.

    Attributes:
        packed_batch_seconds: Time on one core that the packed batches of this run trained and validated, over all
            resumptions: the same for each of their runs, so that it must not be added up over them.
        packed_batch_runs: How many runs trained together in that time; the most, where that changed.
        share: The part of that time that counts for this run, in seconds: shares of all runs add up to the whole.
    """

    packed_batch_seconds: float
    packed_batch_runs: int
    share: float


def training_time(epochs: Sequence[EpochRecord]) -> TrainingTime:
    """Sum up the time of all epochs, at least one, of a run.

    Example:
        >>> metrics = EpochMetrics(
        ...     epoch=1, training_loss=2.0, training_accuracy=0.3, validation_loss=1.9, validation_accuracy=0.3
        ... )
        >>> training_time([EpochRecord(metrics=metrics, seconds=8.0, packed_batch_runs=16)])
        TrainingTime(packed_batch_seconds=8.0, packed_batch_runs=16, share=0.5)
    """
    return TrainingTime(
        packed_batch_seconds=round(sum(epoch.seconds for epoch in epochs), 6),
        packed_batch_runs=max(epoch.packed_batch_runs for epoch in epochs),
        share=round(sum(epoch.seconds / epoch.packed_batch_runs for epoch in epochs), 6),
    )


def encode_epochs(epochs: Sequence[EpochRecord]) -> bytes:
    """Write the content of `epochs.csv`: a header and a row an epoch; `nan` where a number is not finite."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for epoch in epochs:
        number, *scores = astuple(epoch.metrics)
        written = [repr(float(score) if math.isfinite(score) else math.nan) for score in scores]
        rows.writerow([number, *written, repr(round(epoch.seconds, 6)), epoch.packed_batch_runs])
    return text.getvalue().encode()


def decode_epochs(content: bytes) -> tuple[EpochRecord, ...]:
    """Read the content of `epochs.csv`, whose SHA-256 was compared before."""
    return tuple(
        EpochRecord(
            metrics=EpochMetrics(epoch=int(row["epoch"]), **{name: float(row[name]) for name in METRICS[1:]}),
            seconds=float(row["seconds"]),
            packed_batch_runs=int(row["runs_in_bank"]),
        )
        for row in csv.DictReader(StringIO(content.decode()))
    )
