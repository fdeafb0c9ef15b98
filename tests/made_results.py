"""Made-up studies, and results folders of them whose accuracies a test chooses."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from ceteris.analysis.comparison import compare_results
from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, Split
from ceteris.engines.engine import EpochMetrics, Outcome
from ceteris.engines.streams import words
from ceteris.networks.shape import Shape
from ceteris.results.epochs import EpochRecord
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.record import conclude
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study

DIVERGED = -1
TEST_IMAGES = 100  # so that as many right answers are as many per cent


def made_study(**changes) -> Study:
    """Give a study of a baseline and two variations."""
    facts = {
        "title": "A made-up study",
        "seeds": 4,
        "data": {"name": "shapes", "batches": 1},
        "baseline": {
            "network": {"layers": [{"conv": 4}, {"max_pool": 8}, {"dense": "classes"}]},
            "training": {"learning_rate": 0.1, "epochs": 2},
        },
        "variation": [
            {"factor": "kernel", "name": "5x5", "set": {"network.layers.0.kernel": 5}},
            {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}},
        ],
    }
    return Study(**(facts | changes))


def made_dataset(images: str = "these") -> Dataset:
    """Give a hundred test images, and next to nothing to train on; other words are other images."""
    pixels = words(0, images, TEST_IMAGES * 32 * 32 * 3 // 4).view(np.uint8).reshape(TEST_IMAGES, 32, 32, 3)
    labelled = LabelledImages(images=pixels, labels=(np.arange(TEST_IMAGES) % 10).astype(np.int32))
    return Dataset(
        name="shapes",
        training=labelled,
        test=labelled,
        class_names=tuple("abcdefghij"),
        digest=hashlib.sha256(images.encode()).hexdigest(),
        origin=Origin.BUILT_IN,
        source=f"{images} images",
    )


def made_manifest(study: Study | None = None, images: str = "these") -> Manifest:
    """Describe a study and its images."""
    dataset = made_dataset(images)
    return Manifest.of(study or made_study(), dataset, made_split(dataset))


def made_split(dataset: Dataset) -> Split:
    """Learn from what is tested on: nothing here is trained."""
    return Split(
        training=dataset.training,
        validation=dataset.training,
        test=dataset.test,
        classes=10,
        scale=np.ones(3, np.float32),
        offset=np.zeros(3, np.float32),
    )


def made_metrics(right: int, epochs: int) -> list[EpochMetrics]:
    """Say what each epoch came to: a diverged run has no loss in its first."""
    loss = math.inf if right == DIVERGED else 1.0
    return [
        EpochMetrics(
            epoch=epoch, training_loss=loss, training_accuracy=0.5, validation_loss=loss, validation_accuracy=0.5
        )
        for epoch in range(1, epochs + 1)
    ]


def made_outcome(right: int, shift: int, labels, weight: float) -> Outcome | None:
    """Answer so many test images right, beginning with a certain one, and the others one class too high."""
    if right == DIVERGED:
        return None
    is_right = np.roll(np.arange(TEST_IMAGES) < right, shift)
    answers = np.where(is_right, labels, (labels + 1) % 10)
    return Outcome(
        probabilities=np.eye(10, dtype=np.float32)[answers],
        test_loss=1.0,
        test_accuracy=right / TEST_IMAGES,
        weights={"layers.0.weight": np.array([weight], np.float32)},
    )


_TICKS = count(1)
"""Milliseconds that a training took: no two are alike."""


def write_results(
    path: Path,
    right: Mapping[str, Sequence[int | None]],
    *,
    study: Study | None = None,
    images: str = "these",
    engine: str = "lanes",
    arithmetic: str = "float32",
    shift: int = 0,
    weight: float = 1.0,
    lengths: Mapping[str, Sequence[int]] | None = None,
) -> Path:
    """Write a results folder.

    Args:
        path: The folder.
        right: Right answers of 100 by arm, one per seed, `DIVERGED`, or nothing for a run that is missing.
        study: From `made_study`; if it adds seeds, each arm has been given as many as it has answers.
        images: Other words are other images.
        engine: Name of the engine.
        arithmetic: As it says it.
        shift: By how many images the right answers begin later, so that equal accuracies are of other answers.
        weight: One of each network's weights.
        lengths: Epochs by arm, one per seed, where training was stopped early.
    """
    study, dataset = study or made_study(), made_dataset(images)
    folder = ResultsFolder(path)
    adds_seeds = isinstance(study.seeds, PlannedSeeds)
    asked = {name: len(answers) for name, answers in right.items()} if adds_seeds else {}
    folder.prepare(Manifest.of(study, dataset, made_split(dataset), asked=asked), dataset.test)
    for run in study.runs(dataset.digest, asked):
        answers = right.get(run.variation, ())
        place = study.seeds_of(run.variation, asked).index(run.seed)
        if place >= len(answers) or answers[place] is None:
            continue
        own = (lengths or {}).get(run.variation, {})
        length = own[place] if own else run.specification.training.epochs
        metrics = made_metrics(answers[place], length)
        result = conclude(
            run,
            metrics,
            made_outcome(answers[place], shift, dataset.test.labels, weight),
            engine=engine,
            arithmetic=arithmetic,
            data_origin="built in",
            image=Shape(32, 32, 3),
            classes=10,
        )
        taken = next(_TICKS) / 1000
        epochs = [
            EpochRecord(metrics=one, seconds=taken, packed_batch_runs=1) for one in metrics[: result.record.epochs]
        ]
        folder.run_folder(run).publish(result, epochs, {"instruction set": "none"})
    return path


@pytest.fixture
def make_results(tmp_path):
    """Write a results folder under a name; the rest is said at `write_results`."""

    def make(name, right, **description):
        return write_results(tmp_path / name, right, **description)

    return make


@pytest.fixture
def compared(make_results):
    """Write two folders, each described by right answers and the keywords of `write_results`, and compare them."""

    def compare(first, second):
        (one, one_more), (other, other_more) = first, second
        return compare_results(make_results("one", one, **one_more), make_results("two", other, **other_more))

    return compare
