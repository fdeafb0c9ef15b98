"""A study in miniature for tests: three arms, a few tiny images, and an engine that takes microseconds."""

import hashlib
import math
import os
import signal
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Dataset, ImageKind, LabelledImages, Origin, Split
from ceteris.engines.engine import EpochMetrics, Outcome, Position, RunState
from ceteris.engines.streams import uniform, words
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.study.study import Study

TRAINING_IMAGES = 20
BATCH_SIZE = 8  # Three minibatches an epoch, the last one smaller.


def miniature_study(**changes: Any) -> Study:
    """Give a study of three arms, two of which may share a packed batch; three epochs, three seeds."""
    facts: dict[str, Any] = {
        "title": "A miniature",
        "seeds": 3,
        "analysis": {"margin": 10},  # of twelve test images one is worth 8.33 pp
        "data": {"name": "shapes", "batches": 1, "validation": 0.1, "scaling": "unit"},
        "baseline": {
            "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
            "training": {"learning_rate": 0.1, "batch_size": BATCH_SIZE, "epochs": 3},
        },
        "variation": [
            {"factor": "learning rate", "name": "0.5", "set": {"training.learning_rate": 0.5}},
            {"factor": "pooling", "name": "Pool 4x4", "set": {"network.layers.0.max_pool": 4}},
        ],
    }
    return Study(**(facts | changes))


def miniature_dataset(seed: int = 0) -> Dataset:
    """Give images of noise, the same for the same seed."""
    return Dataset(
        name="shapes",
        training=_images(TRAINING_IMAGES + 10, f"training-{seed}"),
        test=_images(12, f"test-{seed}"),
        class_names=tuple("abcdefghij"),
        digest=hashlib.sha256(b"miniature %d" % seed).hexdigest(),
        origin=Origin.BUILT_IN,
        source="drawn for a test",
        notes=("These images are noise.",),
    )


def miniature_split(dataset: Dataset) -> Split:
    """Split the images of `miniature_dataset`."""
    training = dataset.training
    return Split(
        training=LabelledImages(images=training.images[:TRAINING_IMAGES], labels=training.labels[:TRAINING_IMAGES]),
        validation=LabelledImages(images=training.images[TRAINING_IMAGES:], labels=training.labels[TRAINING_IMAGES:]),
        test=dataset.test,
        classes=10,
        scale=np.full(3, 1 / 255, np.float32),
        offset=np.zeros(3, np.float32),
    )


def miniature_runs(**changes: Any) -> tuple[Run, ...]:
    """Give the runs of the miniature study on its images."""
    return miniature_study(**changes).runs(miniature_dataset().digest)


@dataclass(frozen=True, kw_only=True)
class FakeEngine:
    """Honours the contract of an engine with eight numbers for a network; seeds decide what goes wrong.

    Attributes:
        diverging: Seeds whose loss is not finite from the second epoch on.
        failing: Seeds that raise in the second step of the second epoch.
        dying: Seeds that kill their process there.
        before_step: Called with the runs and their position before each minibatch.
        home: The process that must not be killed.
    """

    name: str = "fake"
    packed_runs: int = 4
    threaded: bool = True
    arithmetic: str = "float32"
    facts: Mapping[str, str] = field(default_factory=lambda: {"instruction set": "none"})
    device: str = "cpu"
    diverging: frozenset[int] = frozenset()
    failing: frozenset[int] = frozenset()
    dying: frozenset[int] = frozenset()
    before_step: Callable[[Sequence[Run], Position], None] | None = None
    home: int = field(default_factory=os.getpid)

    def unsupported(self, specification: Specification) -> str | None:
        """Refuse momentum, so that a test can ask for a fallback."""
        if specification.training.scored_epoch != "last":
            return "it keeps no best epoch"
        if specification.training.test_time_flip:
            return "it mirrors no image"
        return "it knows no momentum" if dict(specification.training)["momentum"] else None

    def packing_key(self, specification: Specification) -> Hashable:
        """Let runs share a packed batch if they differ in learning rate only."""
        return (specification.data, specification.network, specification.training.batch_size)

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Take a thousand bytes for each run."""
        return Requirements(memory=1000 * runs, device=self.device)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "FakeTraining":
        """Begin at the beginning, or where the states stopped."""
        assert 0 < len(runs) <= self.packed_runs
        assert len({self.packing_key(run.specification) for run in runs}) == 1
        if states is None:
            weights = [uniform(run.seed, "init", 8) for run in runs]
            losses = [np.zeros(1, np.float64) for _ in runs]
            return FakeTraining(self, runs, split, Position(), weights=weights, losses=losses)
        assert len({state.position for state in states}) == 1
        weights = [np.array(state.arrays["layers.1.weight"]) for state in states]
        losses = [np.array(state.arrays["epoch.loss"]) for state in states]
        return FakeTraining(self, runs, split, states[0].position, weights=weights, losses=losses)


class FakeTraining:
    """A packed batch of the fake engine in training; each `advance` is one minibatch."""

    def __init__(
        self,
        engine: FakeEngine,
        runs: Sequence[Run],
        split: Split,
        position: Position,
        *,
        weights: list[NDArray[np.float32]],
        losses: list[NDArray[np.float64]],
    ) -> None:
        self.engine, self.runs, self.split = engine, tuple(runs), split
        self.position, self.weights, self.losses = position, weights, losses
        self.steps = math.ceil(len(split.training) / runs[0].specification.training.batch_size)

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train one minibatch."""
        epoch, step = self.position.epoch, self.position.step
        if self.engine.before_step is not None:
            self.engine.before_step(self.runs, self.position)
        for index, run in enumerate(self.runs):
            if (epoch, step) == (1, 1) and run.seed in self.engine.failing:
                raise RuntimeError(f"seed {run.seed} cannot be trained")
            if (epoch, step) == (1, 1) and run.seed in self.engine.dying:
                assert os.getpid() != self.engine.home, "the process of the tests would die"
                os.kill(os.getpid(), signal.SIGKILL)
            drawn = words(run.seed, "order", 8, epoch=epoch, position=step).astype(np.float32) * np.float32(2.0**-32)
            rate = np.float32(run.specification.training.learning_rate)
            self.weights[index] = self.weights[index] * np.float32(0.9) + rate * drawn
            self.losses[index] = self.losses[index] + float(np.square(self.weights[index]).sum())
        if step + 1 < self.steps:
            self.position = Position(epoch=epoch, step=step + 1)
            return None
        self.position = Position(epoch=epoch + 1)
        metrics = tuple(self._metrics(index, epoch + 1) for index in range(len(self.runs)))
        self.losses = [np.zeros(1, np.float64) for _ in self.runs]
        return metrics

    def states(self) -> tuple[RunState, ...]:
        """Copy the states."""
        return tuple(
            RunState(
                position=self.position,
                arrays={
                    "layers.1.weight": weights.copy(),
                    "epoch.loss": loss.copy(),
                    "steps": np.array(7, np.uint32),
                },
            )
            for weights, loss in zip(self.weights, self.losses, strict=True)
        )

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images."""
        return tuple(self._outcome(self.weights[run]) for run in (range(len(self.runs)) if runs is None else runs))

    def _metrics(self, index: int, epoch: int) -> EpochMetrics:
        diverges = epoch >= 2 and self.runs[index].seed in self.engine.diverging
        share = float(self.weights[index][0]) % 1.0
        return EpochMetrics(
            epoch=epoch,
            training_loss=math.inf if diverges else float(self.losses[index][0]) / self.steps,
            training_accuracy=share,
            validation_loss=float(self.weights[index][1]),
            validation_accuracy=1.0 - share,
        )

    def _outcome(self, weights: NDArray[np.float32]) -> Outcome:
        places = np.arange(len(self.split.test), dtype=np.float32)[:, None]
        scores = np.square(weights[0] + places) + np.arange(10, dtype=np.float32)[None, :]
        probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
        return Outcome(
            probabilities=probabilities,
            test_loss=float(weights[2]),
            test_accuracy=float((probabilities.argmax(axis=1) == self.split.test.labels).mean()),
            weights={"layers.1.weight": weights, "layers.1.bias": weights[:2]},
        )


def _images(count: int, stream: str) -> LabelledImages:
    pixels = words(0, stream, count * 32 * 32 * 3 // 4).view(np.uint8).reshape(count, 32, 32, 3)
    return LabelledImages(images=pixels, labels=(np.arange(count) % 10).astype(np.int32))
