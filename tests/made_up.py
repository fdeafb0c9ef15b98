"""Results folders made up for the tests of the report: written in a moment through the real runs room, trained never.

Every arm has a mean accuracy and every run a little luck, so that verdicts of all four kinds come out; predictions,
records and epochs agree with each other as those of a real run do.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, Split
from ceteris.engines.engine import EpochMetrics, Outcome, Position, RunState
from ceteris.engines.streams import initial_weights
from ceteris.networks.shape import Shape
from ceteris.results.checkpoint import Checkpoint
from ceteris.results.epochs import EpochRecord
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.record import RunFailure, conclude
from ceteris.study.run import Run
from ceteris.study.study import Study

EPOCHS, TEST_IMAGES = 5, 400
IMAGE = Shape(32, 32, 3)
CLASSES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

BASELINE_MEAN = 0.5
MEANS = {
    "deeper": 0.06,
    "shallow": -0.08,
    "tanh": 0.0,
    "noisy": 0.02,
    "head": 0.2,
    "head, a tenth": 0.1,
    "small, a tenth": -0.25,
    "weak head": -0.15,
}
"""By how much each variation is better than the baseline."""

SPREADS = {"tanh": 0.002, "noisy": 0.08}
"""Standard deviation of the luck of a single run, where it is not 0.01."""

SPEEDS = {"deeper": 1.6, "shallow": 0.4}
"""How fast the validation accuracy rises, where it is not 0.9 an epoch."""

VARIATIONS = (
    {"factor": "depth", "name": "deeper", "insert": {"after": "network.layers.0", "layer": {"conv": 3, "kernel": 1}}},
    {"factor": "depth", "name": "shallow", "set": {"network.layers.0.conv": 2}},
    {"factor": "activation", "name": "tanh", "set": {"network.layers.0.activation": "tanh"}},
    {"factor": "learning rate", "name": "noisy", "set": {"training.learning_rate": 0.3}},
)


def made_up_study(**changes) -> Study:
    """Give a study of a baseline and four variations with eight seeds each."""
    facts = {
        "title": "What depth does",
        "question": "Does a deeper network see more?",
        "seeds": 8,
        "data": {"name": "shapes", "batches": 1},
        "baseline": {
            "network": {
                "layers": [
                    {"conv": 4, "kernel": 3, "activation": "relu"},
                    {"max_pool": 5},
                    {"dropout": 0.2},
                    {"dense": "classes"},
                ]
            },
            "training": {"learning_rate": 0.01, "batch_size": 32, "epochs": EPOCHS},
        },
        "variation": VARIATIONS,
        "analysis": {"margin": 1.5},
    }
    facts |= changes
    own = {} if isinstance(facts["seeds"], dict) else {"baseline_seeds": facts["seeds"]}
    return Study(**(own | facts))


def made_up_dataset(**changes) -> Dataset:
    """Give images of noise under the name of the built-in ones."""
    facts = {
        "name": "shapes",
        "training": _images(40, 1),
        "test": _images(TEST_IMAGES, 2),
        "class_names": CLASSES,
        "digest": hashlib.sha256(b"made up").hexdigest(),
        "origin": Origin.BUILT_IN,
        "source": "shapes drawn by the program",
        "notes": ("These images were drawn by the program.",),
    }
    return Dataset(**(facts | changes))


def made_up_folder(
    path: Path,
    *,
    study: Study | None = None,
    dataset: Dataset | None = None,
    became: Mapping[tuple[str, int], str] | str = "finished",
    measured: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    skipped: Mapping[str, str] = MappingProxyType({}),
    asked: Mapping[str, int] = MappingProxyType({}),
) -> Path:
    """Write a results folder.

    Args:
        path: Where.
        study: What was asked; `made_up_study` if not given.
        dataset: Its images.
        became: What became of a run, by variation and seed: `finished`, `guessing` (finished, but learnt nothing),
            `diverged`, `failed`, `unfinished` or `missing`. Runs not named finished. One word stands for all runs.
        measured: What the engine measured on the way, by variation.
        skipped: Variations that are left out, and why; none of their runs is written.
        asked: How many seeds each arm has been given, if the study adds seeds.
    """
    study, dataset = study or made_up_study(), dataset or made_up_dataset()
    split = Split(
        training=dataset.training,
        validation=dataset.test,
        test=dataset.test,
        classes=len(dataset.class_names),
        scale=np.full(3, 2 / 255, np.float32),
        offset=np.full(3, -1, np.float32),
    )
    folder = ResultsFolder(path)
    folder.prepare(Manifest.of(study, dataset, split, skipped=skipped, asked=asked), dataset.test)
    for run in study.runs(dataset.digest, asked):
        fate = became if isinstance(became, str) else became.get((run.variation, run.seed), "finished")
        fate = "missing" if run.variation in skipped else fate
        _write(folder, run, fate, dataset, measured.get(run.variation))
    return path


def _write(folder: ResultsFolder, run: Run, fate: str, dataset: Dataset, measured: Mapping[str, float] | None) -> None:
    place = folder.run_folder(run)
    match fate:
        case "finished" | "guessing" | "diverged":
            is_diverged = fate == "diverged"
            final = 0.1 if fate == "guessing" else _accuracy(run)
            epochs = _epochs(run, final, 2 if is_diverged else EPOCHS, is_diverged=is_diverged)
            result = conclude(
                run,
                [epoch.metrics for epoch in epochs],
                None if is_diverged else _outcome(run, final, dataset),
                engine="lanes",
                arithmetic="float32, fused multiply-add",
                data_origin=dataset.origin.value,
                image=IMAGE,
                classes=len(dataset.class_names),
            )
            place.publish(result, epochs, {"instruction set": "AVX-512"}, measured)
        case "failed":
            failure = RunFailure(
                run=run,
                engine="lanes",
                error="MemoryError: cannot allocate 3 GB",
                where=("worker.py, line 120, in train_bank",),
                position=Position(epoch=1, step=3),
            )
            place.write_failure(failure)
        case "unfinished":
            state = RunState(position=Position(epoch=2), arrays={"layers.0.weight": np.zeros(3, np.float32)})
            epochs = _epochs(run, _accuracy(run), 2, is_diverged=False)
            place.write_checkpoint(
                Checkpoint(run=run, engine="lanes", arithmetic="float32", state=state, epochs=epochs, seconds=0.0)
            )
        case _:
            assert fate == "missing", fate


def _luck(run: Run) -> np.random.Generator:
    """Give random numbers of a run's own."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{run.variation} {run.seed}".encode()).digest()[:8]))


def _accuracy(run: Run) -> float:
    """Draw what a run will come to; runs with one seed share a part of their luck."""
    shared = np.random.default_rng(run.seed).normal(0, 0.01)
    own = _luck(run).normal(0, SPREADS.get(run.variation, 0.01))
    return float(np.clip(BASELINE_MEAN + MEANS.get(run.variation, 0.0) + shared + own, 0, 1))


def _epochs(run: Run, final: float, count: int, *, is_diverged: bool) -> tuple[EpochRecord, ...]:
    speed = SPEEDS.get(run.variation, 0.9)
    records = []
    for epoch in range(1, count + 1):
        is_lost = is_diverged and epoch == count
        validation = round(float(final * (1 - np.exp(-speed * epoch))), 3)
        metrics = EpochMetrics(
            epoch=epoch,
            training_loss=float("nan") if is_lost else 2.3 / epoch,
            training_accuracy=min(1.0, 1.1 * validation),
            validation_loss=float("nan") if is_lost else 2.4 / epoch,
            validation_accuracy=validation,
        )
        records.append(EpochRecord(metrics=metrics, seconds=1.5 + 0.25 * (run.seed % 3), packed_batch_runs=8))
    return tuple(records)


def _outcome(run: Run, accuracy: float, dataset: Dataset) -> Outcome:
    """Answer as many test images correctly as the accuracy says, the same hard ones wrongly for most runs."""
    images, classes, labels = len(dataset.test), len(dataset.class_names), dataset.test.labels
    generator = _luck(run)
    ease = np.linspace(0, 1, images) + generator.normal(0, 0.2, images)
    right = np.zeros(images, bool)
    right[np.argsort(-ease)[: round(accuracy * images)]] = True
    answers = np.where(right, labels, (labels + generator.integers(1, classes, images)) % classes)
    probabilities = np.full((images, classes), 0.3 / (classes - 1), np.float32)
    probabilities[np.arange(images), answers] = 0.7
    initial = initial_weights(run.specification.network, IMAGE, classes, run.seed)
    return Outcome(
        probabilities=probabilities,
        test_loss=1.5,
        test_accuracy=float(right.mean()),
        weights={
            name: (array + generator.normal(0, 0.1, array.shape)).astype(np.float32) for name, array in initial.items()
        },
    )


def _images(count: int, seed: int) -> LabelledImages:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)
    return LabelledImages(images=pixels, labels=(np.arange(count) % len(CLASSES)).astype(np.int32))
