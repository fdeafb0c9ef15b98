"""Small images whose class can be seen, and runs that look at them."""

from collections.abc import Callable

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.networks.activation import Activation
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.layer import Layer
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

SMALL = (
    Convolution(conv=4, kernel=3, activation=Activation.RELU),
    MaxPool(max_pool=2),
    Dropout(dropout=0.25),
    Dense(dense="classes"),
)


def _images(count: int, seed: int) -> LabelledImages:
    """Draw noise with a brighter band, whose place is the class."""
    generator = np.random.default_rng(seed)
    labels = (np.arange(count) % 3).astype(np.int32)
    images = generator.integers(0, 120, (count, 9, 9, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 3] += 100
    images.flags.writeable = labels.flags.writeable = False
    return LabelledImages(images=images, labels=labels)


@pytest.fixture
def split() -> Split:
    """75 training, 30 validation and 21 test images of three classes, 9 by 9 pixels; none can be written to."""
    return Split(
        training=_images(75, 0),
        validation=_images(30, 1),
        test=_images(21, 2),
        classes=3,
        scale=np.array([1 / 255, 0.016, 0.017], np.float32),
        offset=np.array([0, -1.9, -1.7], np.float32),
    )


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Build a run of the given layers, seed and training settings."""

    def make(layers: tuple[Layer, ...] = SMALL, seed: int = 7, **training: object) -> Run:
        settings = Training.model_validate({"batch_size": 16, "epochs": 3, "learning_rate": 0.01} | training)
        specification = Specification(data=DataChoice(), network=Network(layers=layers), training=settings)
        return Run(factor="width", variation="narrow", seed=seed, specification=specification, data_digest="0" * 64)

    return make
