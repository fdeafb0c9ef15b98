import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ceteris.engines.initial import initial_weights
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.max_pool import MaxPool
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape

IMAGE = Shape(12, 12, 3)
NETWORK = Network(
    layers=(
        BatchNorm(batch_norm=True),
        Convolution(conv=24, kernel=3),
        Dropout(dropout=0.5),
        Convolution(conv=16, kernel=5),
        MaxPool(max_pool=2),
        Dense(dense=40),
        Dense(dense="classes"),
    )
)


def test_names_and_shapes_are_those_of_pytorch():
    """The arrays would load into the same layers built by hand, under their index in the network."""
    layers = nn.ModuleList(
        [
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 24, 3),
            nn.Dropout(),
            nn.Conv2d(24, 16, 5),
            nn.MaxPool2d(2),
            nn.Linear(144, 40),
            nn.Linear(40, 10),
        ]
    )
    expected = {
        f"layers.{name}": tuple(tensor.shape)
        for name, tensor in layers.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }

    found = initial_weights(NETWORK, IMAGE, 10, seed=1)

    assert {name: array.shape for name, array in found.items()} == expected
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("index", "layer", "bound"),
    [(1, nn.Conv2d(3, 24, 3), 27**-0.5), (3, nn.Conv2d(24, 16, 5), 600**-0.5), (5, nn.Linear(144, 40), 144**-0.5)],
)
def test_weights_are_distributed_as_pytorch_draws_them(index, layer, bound):
    """Weights and biases fill PyTorch's range evenly, and no test tells them from PyTorch's own."""
    torch.manual_seed(0)
    layer.reset_parameters()
    draws = [initial_weights(NETWORK, IMAGE, 10, seed) for seed in range(8)]
    weights = np.concatenate([drawn[f"layers.{index}.weight"].ravel() for drawn in draws])
    biases = np.concatenate([drawn[f"layers.{index}.bias"] for drawn in draws])

    assert 0.99 * bound < abs(weights).max() <= bound * (1 + 1e-7)
    assert 0.9 * bound < abs(biases).max() <= bound * (1 + 1e-7)
    assert stats.ks_2samp(weights, layer.weight.detach().numpy().ravel()).pvalue > 0.001
    assert stats.kstest(biases, stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.001


def test_batch_norm_starts_as_pytorch_starts_it():
    """Batch normalisation begins with weight 1, bias 0, mean 0 and variance 1."""
    found = initial_weights(NETWORK, IMAGE, 10, seed=1)
    expected = nn.BatchNorm2d(3).state_dict()

    for name in ("weight", "bias", "running_mean", "running_var"):
        assert found[f"layers.0.{name}"].tolist() == expected[name].tolist()


def test_a_layer_of_another_kind_leaves_weights_as_they_were():
    """Putting batch normalisation before a convolution leaves the convolution's initial weights, for pairs by seed."""
    bare = Network(layers=NETWORK.layers[1:])
    with_norm, without = initial_weights(NETWORK, IMAGE, 10, 4), initial_weights(bare, IMAGE, 10, 4)

    assert np.array_equal(with_norm["layers.1.weight"], without["layers.0.weight"])
    assert np.array_equal(with_norm["layers.6.bias"], without["layers.5.bias"])


def test_seeds_and_layers_start_differently():
    """No two seeds, layers or parameters of a layer begin with the same numbers."""
    network = Network(layers=(Dense(dense=6), Dense(dense=6), Dense(dense="classes")))
    drawn = [initial_weights(network, Shape(1, 1, 6), 6, seed) for seed in (0, 1)]
    values = np.concatenate([array.ravel() for weights in drawn for array in weights.values()])

    assert len(np.unique(values)) == len(values) == 2 * 3 * 42
