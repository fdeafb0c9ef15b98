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
        folder: The results folder.
        findings: Every run of the study as it was found, in the order of the study.
        batches: What is trained now, the longest first.
        images: What the images are like, and how many there are of each part.
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
    """An engine does what must be done once before its runs can be trained.

    Attributes:
        preparation: What it does, and how far it is.
    """

    preparation: Preparation


@dataclass(frozen=True, kw_only=True)
class BatchStarted:
    """A packed batch is in training, from its position on."""

    batch: PackedBatch


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A packed batch has trained for a moment.

    Attributes:
        batch: As it was started.
        position: Where its runs are now.
        images: Images times runs that it trained on in that moment.
        seconds: How long the moment was.
    """

    batch: PackedBatch
    position: Position
    images: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class EpochFinished:
    """The runs of a packed batch have ended an epoch.

    Attributes:
        batch: As it was started.
        metrics: Each run that is still in training, with what the epoch came to.
        seconds: Wall-clock time of the epoch, validation included.
    """

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
    """Files of a run were not as they had been written; they were moved to `damaged/`, and the run is trained again.

    Attributes:
        run: The run.
        damage: What was wrong.
        aside: The folder that holds the damaged files now.
    """

    run: Run
    damage: tuple[Damage, ...]
    aside: Path


@dataclass(frozen=True, kw_only=True)
class RunsHeld:
    """Another process is training these runs; they are left to it."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class BatchInterrupted:
    """A packed batch was asked to stop; its runs are saved and go on from here next time.

    Attributes:
        batch: As it was started.
        position: Where its runs are.
    """

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
