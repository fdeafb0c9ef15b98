"""Small studies that the tests of the lanes engine train."""

from dataclasses import dataclass

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.networks.residual import Residual
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training


@dataclass(frozen=True)
class Maker:
    """Makes runs that can share a packed batch, and images for them."""

    classes: int = 3

    def split(self, training=50, side=10):
        """Images whose class shows in their colour, so that something can be learnt."""
        generator = np.random.default_rng(11)

        def images(count):
            drawn = np.uint8 if self.classes <= 256 else np.uint16
            labels = generator.integers(0, self.classes, count, dtype=drawn).astype(np.int32)
            noise = generator.integers(0, 180, (count, side, side, 3), dtype=np.uint8)
            noise[np.arange(count), :, :, labels % 3] += 60
            return LabelledImages(images=noise, labels=labels)

        return Split(
            training=images(training),
            validation=images(17),
            test=images(23),
            classes=self.classes,
            scale=np.full(3, 1 / 255, np.float32),
            offset=np.zeros(3, np.float32),
        )

    def run(self, seed, *, dropout=0.3, batch_norm=False, residual=False, **training):
        """One run of two epochs of seven minibatches, the last of them smaller."""
        layers = (
            Convolution(conv=3, kernel=3, activation="relu"),
            Convolution(conv=4, kernel=3, activation="tanh"),
            MaxPool(max_pool=2),
            Dropout(dropout=dropout),
            Dense(dense="classes"),
        )
        if residual:
            inner = (Convolution(conv=6, padding="same", stride=2, bias=False), BatchNorm(batch_norm=True))
            layers = (layers[0], Residual(residual=inner, shortcut="projection", activation="relu"), *layers[2:])
        settings = {"learning_rate": 0.01, "batch_size": 8, "epochs": 2, **training}
        network = Network(layers=(BatchNorm(batch_norm=True), *layers) if batch_norm else layers)
        specification = Specification(data=DataChoice(), network=network, training=Training(**settings))
        return Run(factor="test", variation="test", seed=seed, specification=specification, data_digest="0")


@pytest.fixture
def make():
    """Give the maker of small studies."""
    return Maker()
