"""A small study that is right, for tests to change and to break."""

import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.study.specification import Baseline, Specification
from ceteris.training.training import Training

TEXT = """\
title = "Small"
seeds = 2

[data]
name = "shapes"

[baseline.network]
layers = [
  { conv = 7, kernel = 3, activation = "relu" },
  { conv = 9, kernel = 3, activation = "relu" },
  { max_pool = 2 },
  { dropout = 0.3 },
  { dense = "classes" },
]

[baseline.training]
learning_rate = 0.01
epochs = 3

[[variation]]
factor = "kernel"
name = "5x5"
set = { "network.layers.0.kernel" = 5 }
"""


@pytest.fixture
def study_text():
    """A study file, 23 lines long, its variation from line 20 on."""
    return TEXT


@pytest.fixture
def baseline():
    """The same baseline, built in Python."""
    relu = "relu"
    layers = [
        Convolution(conv=7, kernel=3, activation=relu),
        Convolution(conv=9, kernel=3, activation=relu),
        MaxPool(max_pool=2),
        Dropout(dropout=0.3),
        Dense(dense="classes"),
    ]
    return Baseline(network=Network(layers=layers), training=Training(learning_rate=0.01, epochs=3))


@pytest.fixture
def specification(baseline):
    """The baseline's specification on the built-in images."""
    return Specification(data=DataChoice(name="shapes"), network=baseline.network, training=baseline.training)
