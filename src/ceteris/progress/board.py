"""What is known of a study while it runs: how far each variation is, how fast it goes, and how long it still takes."""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field

from ceteris.datasets.choice import share
from ceteris.engines.engine import Position, Preparation
from ceteris.execution.events import (
    BatchInterrupted,
    BatchStarted,
    EpochFinished,
    Event,
    Preparing,
    Progress,
    RunDamaged,
    RunFailed,
    RunFinished,
    RunsHeld,
    StudyStarted,
)
from ceteris.execution.packing import PackedBatch
from ceteris.results.record import Status
from ceteris.study.run import Run

FORWARD_SHARE = 1 / 3
"""What an image costs that is only scored: a forward pass without the two backward passes of training.

Measured: 0.23 to 0.33 on the lanes engine for batch sizes 4 to 128 (AVX-512); 0.16 to 0.51 on the PyTorch engine, whose
minibatches cost 1.4 ms besides their images. So each batch size is measured by itself.
"""

_SPEED_SECONDS = 10.0
"""How long ago training still counts for the present speed."""


@dataclass(frozen=True)
class Measuring:
    """Said before it is measured how fast this machine trains."""


@dataclass(kw_only=True)
class Row:
    """One variation on the board, and how many of its runs are planned, finished and so on.

    Attributes:
        finished: Runs that came to their end, those that diverged among them.
        held: Runs that another process is training.
        epochs: The most that each of its runs takes.
        epoch: The epoch that its slowest run in training is in, from 1; None if none is in training.
        accuracies: The last validation accuracy of each seed that has one and has not diverged, in [0, 1].
    """

    factor: str
    variation: str
    epochs: int
    planned: int = 0
    finished: int = 0
    diverged: int = 0
    failed: int = 0
    held: int = 0
    epoch: int | None = None
    accuracies: dict[int, float] = field(default_factory=dict)

    @property
    def is_at_an_end(self) -> bool:
        """Whether no run of it is still to come."""
        return self.finished + self.failed + self.held == self.planned

    @property
    def accuracy(self) -> float | None:
        """Mean over seeds of the last validation accuracy, in [0, 1]."""
        return sum(self.accuracies.values()) / len(self.accuracies) if self.accuracies else None


@dataclass(kw_only=True)
class _InTraining:
    """A packed batch in training, where it is, and the digests of its runs that have not ended."""

    batch: PackedBatch
    work: float
    position: Position
    left: set[str]


class Board:
    """The state of a study that is running; `take` each event with the time it came at, in seconds of one clock."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.may_stop = False  # whether runs may take fewer epochs than they are given
        self.before = "looking for what is left to train"
        self._began = 0.0
        self._earlier = 0.0  # seconds of the rounds before
        self._training: dict[str, _InTraining] = {}
        self._waiting: dict[str, PackedBatch] = {}
        self._homes: dict[str, str] = {}  # of each run, by digest, the packed batch that it began in
        self._training_images = self._validation_images = self._test_images = 0
        self._workers = 1
        self._works: dict[str, float] = {}
        self._work_done = 0.0
        self._busy, self._last = 0.0, 0.0  # seconds that threads have trained, and up to when they are counted
        self._images_done = 0
        self._ended = 0
        self._held: set[str] = set()
        self._recent: deque[tuple[float, int]] = deque()
        self.preparation: Preparation | None = None
        self.prepared = ""
        self.preparation_seconds = 0.0

    @property
    def planned(self) -> int:
        """Runs of the whole study."""
        return sum(row.planned for row in self.rows.values())

    @property
    def finished(self) -> int:
        """Runs that came to their end."""
        return sum(row.finished for row in self.rows.values())

    @property
    def failed(self) -> int:
        """Runs that could not be trained."""
        return sum(row.failed for row in self.rows.values())

    def take(self, event: Event | Measuring, now: float) -> None:  # noqa: C901, PLR0912 - one branch an event
        """Learn from an event."""
        self._busy += (now - self._last) * self._at_work()
        self._last = now
        match event:
            case Measuring():
                self.before = "measuring how fast this machine trains"
            case StudyStarted():
                self._start(event, now)
            case Preparing():
                self.preparation = event.preparation
            case BatchStarted():
                self._end_preparation(now)
                self._begin(event.batch)
            case Progress():
                self._advance(event, now)
            case EpochFinished():
                self._note_accuracies(event)
            case RunFinished():
                self._end(event.record.run)
                self.rows[event.record.run.variation].finished += 1
                self.rows[event.record.run.variation].diverged += event.record.status is Status.DIVERGED
            case RunFailed():
                self._end(event.failure.run)
                self.rows[event.failure.run.variation].failed += 1
            case RunsHeld():
                for run in event.runs:
                    self._leave(run)
            case BatchInterrupted():
                self._training.pop(_name(event.batch), None)
            case RunDamaged():
                self.rows[event.run.variation].accuracies.pop(event.run.seed, None)
            case _:
                pass

    def speed(self, now: float) -> float:
        """Say how many images times models a second are trained on at present."""
        while self._recent and now - self._recent[0][0] > _SPEED_SECONDS:
            self._recent.popleft()
        seconds = min(now - self._began, _SPEED_SECONDS)
        return sum(images for _, images in self._recent) / seconds if seconds > 0 else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Estimate how long the rest takes, from the work done so far; nothing as long as too little is known."""
        if self._work_done == 0 or now - self._began < 1:
            return None
        rate = (self._busy + (now - self._last) * self._at_work()) / self._work_done
        # As the executor does it: the next packed batch goes to the thread that is free first; the last may be alone.
        free = [training.work - self._done(training) for training in self._training.values()]
        free += [0.0] * (self._workers - len(free))
        heapq.heapify(free)
        for batch in self._waiting.values():
            heapq.heapreplace(free, free[0] + self._works[_name(batch)])
        return max(free) * rate

    def _at_work(self) -> int:
        """Count the threads that are training, or between two packed batches."""
        return 0 if self.preparation else min(self._workers, len(self._training) + len(self._waiting))

    def achieved(self, now: float) -> tuple[int, float, float]:
        """Give how many runs ended since the start, in how many seconds, and the mean images times models a second."""
        seconds = self._earlier + now - self._began
        return self._ended, seconds, self._images_done / seconds if seconds > 0 else 0.0

    def _start(self, event: StudyStarted, now: float) -> None:
        """Begin a round: a study that adds seeds has one for each look, and shows its runs anew."""
        self._earlier += now - self._began if self.rows else 0.0
        self._began, self.rows, self._work_done, self._busy = now, {}, 0.0, 0.0
        self._training_images = event.images.training_images
        self._validation_images = event.images.validation_images
        self._test_images = event.images.test_images
        self._waiting = {_name(batch): batch for batch in event.batches}
        self._homes = {run.digest: _name(batch) for batch in event.batches for run in batch.runs}
        self._workers = max(1, event.workers)
        self._works = {run.digest: batch.work for batch in event.batches for run in batch.runs}
        trained = {run.digest for batch in event.batches for run in batch.runs}
        self.may_stop = any(run.specification.training.patience for batch in event.batches for run in batch.runs)
        for finding in event.findings:
            run = finding.run
            at_an_end = finding.status in (Status.FINISHED, Status.DIVERGED)
            if not at_an_end and run.digest not in trained:
                continue  # not asked for now
            epochs = run.specification.training.epochs
            row = self.rows.setdefault(run.variation, Row(factor=run.factor, variation=run.variation, epochs=epochs))
            row.planned += 1
            if at_an_end:
                row.finished += 1
                row.diverged += finding.status is Status.DIVERGED
                if finding.record is not None and finding.record.final_validation_accuracy is not None:
                    row.accuracies[run.seed] = finding.record.final_validation_accuracy

    def _note_accuracies(self, event: EpochFinished) -> None:
        for run, metrics in event.metrics:
            accuracies = self.rows[run.variation].accuracies
            if math.isfinite(metrics.validation_accuracy):
                accuracies[run.seed] = metrics.validation_accuracy
            else:  # A diverged run has no accuracy, and leaves those of the others a mean.
                accuracies.pop(run.seed, None)

    def _end_preparation(self, now: float) -> None:
        """Start the clock of the training anew: what is done once says nothing about how fast runs train."""
        if self.preparation is not None:
            self.prepared, self.preparation_seconds = self.preparation.what, now - self._began
            self.preparation, self._began = None, now

    def _begin(self, batch: PackedBatch) -> None:
        digests = _digests(batch)
        for run in batch.runs:
            self._take_back(run)
        for name in {self._homes[digest] for digest in digests if digest in self._homes}:
            self._waiting.pop(name, None)
        # A packed batch that is tried again in halves takes its own place.
        self._training = {
            name: other for name, other in self._training.items() if digests.isdisjoint(_digests(other.batch))
        }
        work = max((self._works.get(digest, batch.work) for digest in digests), default=batch.work)
        training = _InTraining(batch=batch, work=work, position=batch.position, left=digests)
        self._training[_name(batch)] = training
        self._locate(training)

    def _advance(self, event: Progress, now: float) -> None:
        training = self._training.get(_name(event.batch))
        if training is None:
            return
        before = self._done(training)
        training.position = event.position
        self._work_done += self._done(training) - before
        self._recent.append((now, event.images))
        self._images_done += event.images
        self._locate(training)

    def _done(self, training: _InTraining) -> float:
        """Give the share of a packed batch's work that is done, in the unit of `StudyStarted`."""
        specification = training.batch.runs[0].specification
        epochs = specification.training.epochs - training.batch.position.epoch
        images = share(self._training_images, specification.data.fraction)
        steps = max(1, -(-images // specification.training.batch_size))
        passed = training.position.epoch - training.batch.position.epoch + training.position.step / steps
        return training.work * self._trained(training.batch) * passed / epochs if epochs else 0.0

    def _trained(self, batch: PackedBatch) -> float:
        """Give the share of a packed batch's time that goes by before it scores the test images, at the end."""
        specification = batch.runs[0].specification
        epoch = share(self._training_images, specification.data.fraction)
        epochs = (epoch + FORWARD_SHARE * self._validation_images) * specification.training.epochs
        return epochs / (epochs + FORWARD_SHARE * self._test_images) if epochs else 1.0

    def _locate(self, training: _InTraining) -> None:
        for run in training.batch.runs:
            if run.digest in training.left:
                row = self.rows[run.variation]
                row.epoch = min(training.position.epoch + 1, row.epochs)

    def _end(self, run: Run) -> None:
        """Take a run out of its packed batch, and forget the packed batch as soon as none is left in it."""
        self._ended += 1
        self._take_back(run)
        for name, training in list(self._training.items()):
            training.left.discard(run.digest)
            if not training.left:
                if training.position.epoch == training.batch.runs[0].specification.training.epochs:
                    self._work_done += training.work - self._done(training)
                del self._training[name]
        others = (other for one in self._training.values() for other in one.batch.runs if other.digest in one.left)
        if not any(run.variation == other.variation for other in others):
            self.rows[run.variation].epoch = None

    def _leave(self, run: Run) -> None:
        """Leave a run to another process; if it was in training here, that has taken it over."""
        self._held.add(run.digest)
        self.rows[run.variation].held += 1
        for training in self._training.values():
            training.left.discard(run.digest)
        self._training = {name: training for name, training in self._training.items() if training.left}

    def _take_back(self, run: Run) -> None:
        if run.digest in self._held:
            self._held.remove(run.digest)
            self.rows[run.variation].held -= 1


def _name(batch: PackedBatch) -> str:
    return batch.runs[0].digest


def _digests(batch: PackedBatch) -> set[str]:
    return {run.digest for run in batch.runs}
