"""The miniature study of `ceteris.testing`, trained: results and checkpoints for tests of what reads them."""

from collections.abc import Iterator

import numpy as np

from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import EpochMetrics, Outcome
from ceteris.networks.shape import Shape
from ceteris.results.checkpoint import Checkpoint
from ceteris.results.epochs import EpochRecord
from ceteris.results.record import Result, conclude, diverged_epoch
from ceteris.study.run import Run
from ceteris.testing.miniature import TRAINING_IMAGES, FakeEngine, miniature_dataset, miniature_split

MINIATURE_IMAGES = ImageKind(
    shape=Shape(32, 32, 3), classes=10, training_images=TRAINING_IMAGES, validation_images=10, test_images=12
)
"""What the images of `miniature_dataset` are like."""


def miniature_result(run: Run, *, engine: "FakeEngine | None" = None) -> tuple[Result, tuple[EpochRecord, ...]]:
    """Train one run alone and sum it up, without a folder."""
    engine = engine or FakeEngine()
    split = miniature_split(miniature_dataset())
    training = engine.start([run], split)
    epochs: list[EpochRecord] = []
    while training.position.epoch < run.specification.training.epochs:
        epochs += _recorded(training.advance())
    diverged = diverged_epoch([epoch.metrics for epoch in epochs])
    epochs = epochs[:diverged]
    result = conclude(
        run,
        [epoch.metrics for epoch in epochs],
        None if diverged else training.outcomes()[0],
        engine=engine.name,
        arithmetic=engine.arithmetic,
        data_origin="built in",
        image=Shape(32, 32, 3),
        classes=10,
    )
    return result, tuple(epochs)


def flipped(content: bytes, count: int) -> Iterator[bytes]:
    """Give `count` copies of a file, each with one bit flipped at random."""
    for bit in np.random.default_rng(1).integers(8 * len(content), size=count):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << int(bit % 8)
        yield bytes(changed)


def miniature_outcome(run: Run) -> Outcome:
    """Train one run alone and score it."""
    training = FakeEngine().start([run], miniature_split(miniature_dataset()))
    while training.position.epoch < run.specification.training.epochs:
        training.advance()
    return training.outcomes()[0]


def miniature_checkpoint(run: Run, *, steps: int = 4) -> Checkpoint:
    """Train one run alone for some minibatches and give its checkpoint."""
    training = FakeEngine().start([run], miniature_split(miniature_dataset()))
    epochs: list[EpochRecord] = []
    for _ in range(steps):
        epochs += _recorded(training.advance())
    return Checkpoint(
        run=run,
        engine="fake",
        arithmetic="float32",
        state=training.states()[0],
        epochs=tuple(epochs),
        seconds=0.125,
    )


def _recorded(metrics: tuple[EpochMetrics, ...] | None) -> list[EpochRecord]:
    return [EpochRecord(metrics=own, seconds=0.25, packed_batch_runs=1) for own in metrics or ()]


class StopAfter:
    """A request to stop that comes after a number of looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def is_set(self) -> bool:
        """Count a look."""
        self.looks -= 1
        return self.looks < 0


class Never:
    """A request to stop that never comes."""

    def is_set(self) -> bool:
        """Go on."""
        return False
