import pytest

from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool


@pytest.fixture
def network():
    """A small network of two convolutions that fits images of 32 x 32 pixels."""
    layers = [
        Convolution(conv=7, kernel=3, activation="relu"),
        Convolution(conv=9, kernel=3, activation="relu"),
        MaxPool(max_pool=2),
        Dropout(dropout=0.3),
        Dense(dense="classes"),
    ]
    return Network(layers=layers)
