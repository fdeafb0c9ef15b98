import pytest

from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.kinds import opening_key
from ceteris.networks.layer import Activation
from ceteris.networks.network import Network
from ceteris.networks.pooling import AveragePool, MaxPool

WRITTEN = [
    ({"conv": 7}, Convolution(conv=7), "conv 7, kernel 3"),
    ({"conv": 7, "kernel": 5, "padding": "same", "activation": "tanh"},
     Convolution(conv=7, kernel=5, padding="same", activation="tanh"), "conv 7, kernel 5, padding same, tanh"),
    ({"conv": 8, "padding": 2, "stride": 2, "groups": 4, "bias": False},
     Convolution(conv=8, padding=2, stride=2, groups=4, bias=False),
     "conv 8, kernel 3, padding 2, stride 2, groups 4, no bias"),
    ({"max_pool": 2}, MaxPool(max_pool=2), "max pool 2"),
    ({"average_pool": 2}, AveragePool(average_pool=2), "average pool 2"),
    ({"dropout": 0.3}, Dropout(dropout=0.3), "dropout 0.3"),
    ({"batch_norm": True}, BatchNorm(batch_norm=True), "batch norm"),
    ({"dense": "classes"}, Dense(dense="classes"), "dense classes"),
    ({"dense": 5, "activation": "leaky_relu"}, Dense(dense=5, activation="leaky_relu"), "dense 5, leaky_relu"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "layer", "text"), WRITTEN, ids=[text for *_, text in WRITTEN])
def test_a_layer_is_known_by_its_opening_key(table, layer, text):
    """Tables become layers, layers stay what they are, and both read the same."""
    assert Network(layers=[table, layer]).layers == (layer, layer)
    assert str(layer) == text
    assert opening_key(layer) == opening_key(table) == next(iter(table))


def test_no_activation_is_called_none():
    """TOML has no null, so a word stands for it; in Python both will do."""
    assert Convolution(conv=1, activation="none") == Convolution(conv=1, activation=None) == Convolution(conv=1)
    assert Convolution(conv=1, activation=Activation.RELU).activation is Activation.RELU
