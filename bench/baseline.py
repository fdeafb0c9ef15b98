"""What every contender trains: the baseline of the founding study or a residual network, on the same images."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.choice import DataChoice, load_dataset
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.networks.activation import Activation
from ceteris.networks.convolution import Convolution
from ceteris.networks.cost import network_cost
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.pooling import MaxPool
from ceteris.networks.presets.choice import PresetNetwork, expanded
from ceteris.networks.shape import Shape
from ceteris.study.reader import read_study
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

CLASSES = 10
LEARNING_RATE, MOMENTUM = 0.01, 0.9
DATA = DataChoice(name="cifar10", batches=1)
STUDY = Path(__file__).parent.parent / "studies" / "residual.toml"
"""The study whose network is called `residual`."""


class Workload(StrEnum):
    """A network to train."""

    BASELINE = "baseline"
    RESNET20 = "resnet20"
    RESIDUAL = "residual"


BASELINE = Network(
    layers=(
        Convolution(conv=7, kernel=3, activation=Activation.RELU),
        Convolution(conv=9, kernel=3, activation=Activation.RELU),
        MaxPool(max_pool=2),
        Dropout(dropout=0.3),
        Dense(dense="classes"),
    )
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """The training images of CIFAR-10's first batch, 10,000 of them.

    Attributes:
        pixels: Shape (images, height, width, channels), uint8.
        labels: Shape (images,), uint8.
        description: What they are, for the table.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    description: str


def read_images(location: Path | None) -> Images:
    """Read them from where `--data` says, `CETERIS_DATA` or the cache; nothing is downloaded."""
    dataset = load_dataset(DATA, location=location, download=False)
    description = f"CIFAR-10, first training batch ({len(dataset.training):,} images), {dataset.origin}"
    return Images(pixels=dataset.training.images, labels=dataset.training.labels, description=description)


@cache
def network_of(workload: Workload) -> Network:
    """Give the layers of what is to be trained."""
    match workload:
        case Workload.BASELINE:
            return BASELINE
        case Workload.RESNET20:
            return expanded(PresetNetwork(preset="resnet20"))
        case Workload.RESIDUAL:
            network = read_study(STUDY).baseline.network
            assert isinstance(network, Network)
            return network


def runs_of(workload: Workload, seeds: range, batch_size: int) -> tuple[Run, ...]:
    """Give a network with each seed, and more epochs than any measurement reaches; residual networks by momentum."""
    optimizer = {} if workload is Workload.BASELINE else {"optimizer": "sgd", "momentum": MOMENTUM}
    training = Training(learning_rate=LEARNING_RATE, batch_size=batch_size, epochs=100_000, **optimizer)
    specification = Specification(data=DATA, network=network_of(workload), training=training)
    return tuple(
        Run(factor="baseline", variation="baseline", seed=seed, specification=specification, data_digest="")
        for seed in seeds
    )


def training_split(images: Images) -> Split:
    """Give all images for training, and ten for scoring, because contenders only train."""
    few = LabelledImages(images=images.pixels[:10], labels=images.labels[:10])
    return Split(
        training=LabelledImages(images=images.pixels, labels=images.labels),
        validation=few,
        test=few,
        classes=CLASSES,
        scale=np.full(3, 1 / 255, np.float32),
        offset=np.zeros(3, np.float32),
    )


def operations_per_image(workload: Workload) -> int:
    """Count the floating-point operations that training on one image needs, two for each multiply-add.

    Forward, gradient of the weights, and gradient of the input, which the first layer does without; activations,
    pooling, dropout and the optimiser are not counted.
    """
    network, image = network_of(workload), Shape(32, 32, 3)
    first = placed_layers(network, image, CLASSES)[0].multiply_adds
    return 2 * (3 * network_cost(network, image, CLASSES).multiply_adds - first)
