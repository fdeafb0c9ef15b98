"""What happens while a study runs, as values that a table or a log can be made from."""

from dataclasses import dataclass
from pathlib import Path

from ceteris.checksummed import Damage
from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import EpochMetrics, Position, Preparation
from ceteris.execution.packing import PackedBatch
from ceteris.results.finding import Finding
from ceteris.results.record import RunFailure, RunRecord
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class StudyStarted:
    """The results folder is ready, and it is known what is left to do.

    Attributes:
        batches: What is trained now, the longest first.
        workers: How many packed batches are trained side by side.
    """

    folder: Path
    findings: tuple[Finding, ...]
    batches: tuple[PackedBatch, ...]
    images: ImageKind
    workers: int


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that must not stay silent: a fallback, a study that changed, a checkpoint that cannot be continued."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Preparing:
    """An engine does what must be done once before its runs can be trained; it says how far it is."""

    preparation: Preparation


@dataclass(frozen=True, kw_only=True)
class BatchStarted:
    """A packed batch is in training, from its position on."""

    batch: PackedBatch


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A packed batch has trained for some seconds, on so many images times runs, up to a position."""

    batch: PackedBatch
    position: Position
    images: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class EpochFinished:
    """Runs of a packed batch that are still in training have ended an epoch, in seconds with its validation."""

    batch: PackedBatch
    metrics: tuple[tuple[Run, EpochMetrics], ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    """A run has come to its end, perhaps by diverging, and its result is on disk."""

    record: RunRecord


@dataclass(frozen=True, kw_only=True)
class RunFailed:
    """A run could not be trained; the others go on."""

    failure: RunFailure


@dataclass(frozen=True, kw_only=True)
class RunDamaged:
    """Files of a run were not as they had been written; they are in the folder `aside` now, and it is trained again."""

    run: Run
    damage: tuple[Damage, ...]
    aside: Path


@dataclass(frozen=True, kw_only=True)
class RunsHeld:
    """Another process is training these runs; they are left to it."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class BatchInterrupted:
    """A packed batch was asked to stop; its runs are saved and go on from this position next time."""

    batch: PackedBatch
    position: Position


Event = (
    StudyStarted
    | Note
    | Preparing
    | BatchStarted
    | Progress
    | EpochFinished
    | RunFinished
    | RunFailed
    | RunDamaged
    | RunsHeld
    | BatchInterrupted
)
