"""Bytes that must not change: whatever is rebuilt, the same specification and seed give the same files and digests."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set, load_kernels
from ceteris.engines.streams import words
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.networks.shape import Shape
from ceteris.results.record import conclude, encode_record
from ceteris.study.reader import read_study
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

PINNED = json.loads((Path(__file__).parent / "pinned.json").read_text())
PROJECT = Path(__file__).parents[2]
SEEDS = (0, 7)
BUILD = chosen_instruction_set()
SIDE, CLASSES = 12, 4

SMALL = (
    Convolution(conv=3, kernel=3, activation="relu"),
    MaxPool(max_pool=2),
    Dropout(dropout=0.25),
    Dense(dense="classes"),
)
NORMALISED = (
    BatchNorm(batch_norm=True),
    Convolution(conv=5, kernel=5, padding="same", activation="leaky_relu"),
    MaxPool(max_pool=3),
    Convolution(conv=4, kernel=2),
    BatchNorm(batch_norm=True),
    Dense(dense=9, activation="tanh"),
    Dropout(dropout=0.5),
    Dense(dense="classes"),
)
LINEAR = (Dense(dense="classes"),)

# Every layer kind with every activation and padding, both optimizers with all of their settings, augmentation, and a
# share of the training images. Every minibatch size leaves a smaller last one.
SPECIFICATIONS = {
    "adam": (SMALL, {"learning_rate": 0.01}, {}),
    "adam settings": (SMALL, {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "weight_decay": 0.01}, {}),
    "sgd": (SMALL, {"optimizer": "sgd", "learning_rate": 0.05}, {}),
    "sgd settings": (SMALL, {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.001}, {}),
    "augmented": (SMALL, {"flip": True, "crop": 2}, {}),
    "every layer": (NORMALISED, {"batch_size": 13}, {}),
    "part of the images": (NORMALISED, {"optimizer": "sgd", "momentum": 0.5}, {"fraction": 0.5}),
    "linear": (LINEAR, {"batch_size": 1}, {}),
}


def images(count, stream):
    """Draw images whose class shows in their colour."""
    pixels = words(0, stream, count * SIDE * SIDE * 3 // 4).view(np.uint8).reshape(count, SIDE, SIDE, 3) // 2
    labels = (np.arange(count) % CLASSES).astype(np.int32)
    pixels[np.arange(count), :, :, labels % 3] += np.uint8(80)
    return LabelledImages(images=pixels, labels=labels)


SPLIT = Split(
    training=images(50, "training"),
    validation=images(11, "validation"),
    test=images(19, "test"),
    classes=CLASSES,
    scale=np.full(3, 2 / 255, np.float32),
    offset=np.full(3, -1, np.float32),
)


def files(name):
    """Train the seeds of a specification together, and hash the three files of each run."""
    layers, training, data = SPECIFICATIONS[name]
    specification = Specification(
        data=DataChoice(name="shapes", **data),
        network=Network(layers=layers),
        training=Training(**{"batch_size": 8, "epochs": 2} | training),
    )
    runs = [
        Run(factor="f", variation=name, seed=seed, specification=specification, data_digest="0" * 64) for seed in SEEDS
    ]
    bank = lanes_engine().start(runs, SPLIT)
    epochs = []
    while bank.position.epoch < specification.training.epochs:
        if (ended := bank.advance()) is not None:
            epochs.append(ended)
    found = {}
    for index, (run, outcome) in enumerate(zip(runs, bank.outcomes(), strict=True)):
        result = conclude(
            run,
            [epoch[index] for epoch in epochs],
            outcome,
            engine="lanes",
            arithmetic="float32, fused multiply-add",
            data_origin="built in",
            image=Shape(SIDE, SIDE, 3),
            classes=CLASSES,
        )
        contents = {
            "result.json": encode_record(result.record),
            "predictions.npy": result.predictions,
            "weights.safetensors": result.weights,
        }
        found[str(run.seed)] = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    return found


@pytest.mark.skipif(
    not (BUILD and load_kernels(BUILD).fused), reason="the kernels in use have no fused multiply-add, so other bits"
)
@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_the_files_of_a_run_on_the_lanes_engine(name):
    """Every layer kind and optimizer gives the same `result.json`, predictions and weights as in version 0.1."""
    assert files(name) == PINNED["runs"][name]


def study_digest(path):
    """Hash the digests of all runs of a study on images with a digest of zeros."""
    study = read_study(path)
    # Since these were pinned, the baseline has seeds of its own; the runs that were there are there still.
    runs = [run for run in study.runs("0" * 64) if run.seed in study.seeds]
    return {"runs": len(runs), "sha256": hashlib.sha256("".join(run.digest for run in runs).encode()).hexdigest()}


@pytest.mark.parametrize("name", PINNED["studies"])
def test_the_digests_of_the_shipped_studies(name):
    """The runs of a shipped study keep their names, so that results folders that are there go on."""
    assert study_digest(PROJECT / name) == PINNED["studies"][name]
