import copy

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.engines.streams import initial_weights, stream_key, words
from ceteris.engines.torch.batches import fill, weight_tensors
from ceteris.engines.torch.network import BatchPosition, CountedDropout, ExactBatchNorm, LayeredNetwork, minibatch_words
from ceteris.networks.activation import Activation
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.pooling import MaxPool
from ceteris.networks.shape import Shape
from tests.rounding import DOUBLE, rounding

POSITIONS = torch.tensor([0, 5, 70_000, 2**31])


def test_words_are_those_of_the_stream():
    """The look-up for a minibatch gives what `words` gives image by image."""
    found = minibatch_words(stream_key(9, "dropout-1"), BatchPosition(epoch=300, positions=POSITIONS), 19)

    assert found.dtype == torch.int64
    for row, position in zip(found, POSITIONS, strict=True):
        assert row.tolist() == words(9, "dropout-1", 19, epoch=300, position=int(position)).tolist()


def test_the_mask_is_the_one_that_is_defined():
    """Value i, counted [row][channel][column], is zero if word i is below p * 2**32, and scaled otherwise."""
    values = torch.randn(4, 3, 5, 2, generator=torch.Generator().manual_seed(0))
    dropout = CountedDropout(0.3, seed=4, stream="dropout-0")

    found = dropout(values, BatchPosition(epoch=2, positions=POSITIONS))

    for image, position, result in zip(values, POSITIONS, found, strict=True):
        drawn = words(4, "dropout-0", 30, epoch=2, position=int(position))
        for index, word in enumerate(drawn):
            row, channel, column = np.unravel_index(index, (5, 3, 2))
            value = image[channel, row, column]
            expected = value * 0 if word < round(0.3 * 2**32) else value * float(np.float32(1 / 0.7))
            assert result[channel, row, column] == expected


def test_the_share_dropped_is_the_probability():
    """As many values are dropped as the probability says, and the mean stays."""
    ones = torch.ones(4, 8, 40, 40)

    found = CountedDropout(0.3, seed=1, stream="dropout-0")(ones, BatchPosition(epoch=0, positions=torch.arange(4)))

    assert abs((found == 0).double().mean().item() - 0.3) < 4 * (0.21 / ones.numel()) ** 0.5
    assert abs(found.mean().item() - 1) < 4 * (0.3 / 0.7 / ones.numel()) ** 0.5


def test_probability_zero_and_scoring_drop_nothing():
    """With probability 0, and without a place in training, every value passes unchanged."""
    values = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    place = BatchPosition(epoch=0, positions=torch.arange(2))

    assert torch.equal(CountedDropout(0.0, seed=1, stream="dropout-0")(values, place), values)
    assert torch.equal(CountedDropout(0.9, seed=1, stream="dropout-0")(values, None), values)


def test_the_gradient_passes_where_the_value_passed():
    """The gradient is scaled by the same mask as the values."""
    values = torch.ones(2, 3, 4, 4, requires_grad=True)

    found = CountedDropout(0.5, seed=1, stream="dropout-0")(values, BatchPosition(epoch=0, positions=torch.arange(2)))
    found.sum().backward()

    assert torch.equal(values.grad, found.detach())


IMAGE = Shape(11, 9, 3)
NETWORK = Network(
    layers=(
        BatchNorm(batch_norm=True),
        Convolution(conv=5, kernel=3, padding=Padding.SAME, activation=Activation.RELU),
        Convolution(conv=4, kernel=2, activation=Activation.LEAKY_RELU),
        MaxPool(max_pool=3),
        Dropout(dropout=0.4),
        Dense(dense=8, activation=Activation.TANH),
        Dropout(dropout=0.2),
        BatchNorm(batch_norm=True),
        Dense(dense="classes"),
    )
)
BY_HAND = nn.Sequential(
    nn.BatchNorm2d(3),
    nn.Conv2d(3, 5, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(5, 4, 2),
    nn.LeakyReLU(0.01),
    nn.MaxPool2d(3),
    nn.Flatten(),
    nn.Linear(24, 8),
    nn.Tanh(),
    nn.BatchNorm1d(8),
    nn.Linear(8, 10),
)
# No sum has more than 6 x 11 x 9 terms, and their magnitudes add up to less than 1e4; ten layers, there and back.
TOLERANCE = 20 * rounding(6 * 11 * 9, 1e4, unit=DOUBLE)
INDEX_BY_HAND = {0: 0, 1: 1, 2: 3, 5: 7, 7: 9, 8: 10}


@pytest.fixture
def network():
    """The network with the initial weights of seed 3."""
    network = LayeredNetwork(NETWORK, IMAGE, 10, seed=3)
    fill(weight_tensors(network), initial_weights(NETWORK, IMAGE, 10, seed=3))
    return network


@pytest.fixture
def images():
    """Six images of noise."""
    return torch.randn(6, 3, 11, 9, generator=torch.Generator().manual_seed(1))


def test_parameters_have_the_names_of_the_initial_weights(network):
    """Exactly the arrays of `initial_weights` can be loaded, under the same names."""
    expected = initial_weights(NETWORK, IMAGE, 10, seed=3)
    found = weight_tensors(network)

    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == {
        name: array.shape for name, array in expected.items()
    }


def test_every_layer_gives_the_shape_that_the_study_computes(network, images):
    """What each layer passes on has the size that `placed_layers` says, features as rows after a dense layer."""
    values = images
    for chain, placed in zip(network.layers.chains, placed_layers(NETWORK, IMAGE, 10), strict=True):
        place = BatchPosition(epoch=0, positions=torch.arange(6))
        for module in chain:
            values = module(values, place) if "Dropout" in type(module).__name__ else module(values)
        after, is_flat = placed.after, placed.is_flat or placed.layer.flattens
        assert values.shape == ((6, after.channels) if is_flat else (6, after.channels, after.height, after.width))


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_the_one_built_by_hand(network, images, training):
    """Without dropout, logits, gradients and running statistics are those of PyTorch's own layers in a row.

    In float64, where the two orders of summation that the same formulas may be computed in differ by 1e-13 or so.
    """
    network, by_hand, images = network.double(), copy.deepcopy(BY_HAND).double(), images.double()
    weights = weight_tensors(network)
    with torch.no_grad():
        for index, hand in INDEX_BY_HAND.items():
            for name, tensor in by_hand[hand].state_dict().items():
                if name != "num_batches_tracked":
                    tensor.copy_(weights[f"layers.{index}.{name}"])
    network.train(training)
    by_hand.train(training)

    found, expected = network(images), by_hand(images)
    found.square().sum().backward()
    expected.square().sum().backward()

    apart = {"rtol": TOLERANCE, "atol": TOLERANCE}
    torch.testing.assert_close(found, expected, **apart)
    for index, hand in INDEX_BY_HAND.items():
        torch.testing.assert_close(network.layers[index].weight.grad, by_hand[hand].weight.grad, **apart)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(weight_tensors(network)[f"layers.7.{name}"], getattr(by_hand[9], name), **apart)


def test_batch_norm_keeps_the_precision_of_float32():
    """Normalising many pixels, channels innermost as minibatches come, costs no more than rounding each pixel does."""
    layer = ExactBatchNorm(3)
    images = torch.rand(64, 32, 32, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 4 - 2.5
    images = images.permute(0, 3, 1, 2)
    expected = nn.functional.batch_norm(images, None, None, training=True)

    found = layer(images.to(torch.float32, memory_format=torch.preserve_format))

    assert found.is_contiguous(memory_format=torch.channels_last)
    # A pixel is rounded when it is read, shifted, scaled and written; mean and deviation of many pixels may be off by
    # twice as much again. Summed value by value they are off by 4e-6 and more.
    assert (found.double() - expected).abs().max() < rounding(8, expected.abs().max().item() + 1)


def test_building_a_network_leaves_the_global_generator_alone():
    """PyTorch's random state is the caller's: no layer draws from it."""
    before = torch.get_rng_state()

    LayeredNetwork(NETWORK, IMAGE, 10, seed=3)

    assert torch.equal(torch.get_rng_state(), before)
