"""A study that is really trained, in a second: noise with a bright band, whose place and colour are the class."""

import hashlib
from pathlib import Path

import numpy as np

from ceteris.datasets.dataset import Dataset, LabelledImages, Origin
from ceteris.execution.engines import choose_engines
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.study.study import Study

CLASSES = tuple("abcdefghij")
SEEDS = 3

LAYERS = (
    {"conv": 5, "kernel": 3, "activation": "relu"},
    {"max_pool": 2},
    {"batch_norm": True},
    {"conv": 4, "kernel": 5, "padding": "same", "activation": "tanh"},
    {"max_pool": 4},
    {"dropout": 0.1},
    {"dense": 12, "activation": "leaky_relu"},
    {"dense": "classes"},
)
"""Every kind of layer and activation; the last square of pixels is left out by the second pooling."""


def trained_study(**changes) -> Study:
    """Give a study of two arms with three seeds, whose network has every kind of layer."""
    facts = {
        "title": "Bands of colour",
        "seeds": SEEDS,
        "analysis": {"margin": 10},  # of thirty test images one is worth 3.33 pp
        "data": {"name": "shapes", "batches": 1, "validation": 0.2, "scaling": "standard"},
        "baseline": {
            "network": {"layers": LAYERS},
            "training": {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 10, "epochs": 2},
        },
        "variation": [{"factor": "kernel", "name": "Kernel 1x1", "set": {"network.layers.0.kernel": 1}}],
    }
    return Study(**(facts | changes))


def trained_dataset(**changes) -> Dataset:
    """Give a hundred images of ten classes to learn from, and thirty to be scored on."""
    facts = {
        "name": "shapes",
        "training": _images(100, 0),
        "test": _images(30, 1),
        "class_names": CLASSES,
        "digest": hashlib.sha256(b"bands").hexdigest(),
        "origin": Origin.BUILT_IN,
        "source": "drawn for a test",
        "notes": ("These images are bands of colour.",),
    }
    return Dataset(**(facts | changes))


def train(folder: Path, *, study: Study | None = None, dataset: Dataset | None = None) -> Path:
    """Train a study into a results folder, with the fastest engine that is here."""
    for _ in run_study(
        study or trained_study(),
        dataset or trained_dataset(),
        folder=folder,
        engines=choose_engines().engines,
        executor=LocalExecutor(threads=1),
    ):
        pass
    return folder


def _images(count: int, seed: int) -> LabelledImages:
    generator = np.random.default_rng(seed)
    labels = (np.arange(count) % len(CLASSES)).astype(np.int32)
    images = generator.integers(0, 120, (count, 32, 32, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        band = label % 5
        image[6 * band : 6 * band + 6, :, label // 5] += 110
    return LabelledImages(images=images, labels=labels)
