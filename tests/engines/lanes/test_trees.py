"""Networks drawn at random against PyTorch in float64: kinds, shapes and blocks in combinations that nobody listed."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.streams import initial_weights, order
from ceteris.engines.torch.network import BatchPosition
from ceteris.networks.activation import ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.shape import Shape
from tests.engines.lanes.single_steps import SAMPLES, disturb, unit_of
from tests.engines.lanes.test_gradients import BATCH, CLASSES, made_run, made_split, reference, scaled

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

ACTIVATIONS = (None, "relu", "leaky_relu", "tanh", "silu")


def one_of(generator, *choices):
    """Draw one of some values, which keeps its type."""
    return choices[generator.integers(len(choices))]


def drawn_layer(generator, channels, *, is_wide):
    """Draw a layer; a wide one is a 3x3 convolution of stride 1 with 16 and more channels."""
    activation = one_of(generator, *ACTIVATIONS)
    if is_wide:
        padding = one_of(generator, "none", "same", "same", 1, 2)
        wide = int(generator.integers(16, 25))
        return Convolution(conv=wide, padding=padding, activation=activation, bias=bool(generator.integers(2)))
    kind = generator.integers(8)
    if kind <= 2:
        groups = one_of(generator, 1, 1, 2, channels)
        return Convolution(
            conv=groups * int(generator.integers(1, 7)) if channels % groups == 0 else 5,
            kernel=int(generator.integers(1, 6)),
            padding=one_of(generator, "none", "none", 1, 2),
            stride=one_of(generator, 1, 1, 2, 3),
            groups=groups if channels % groups == 0 else 1,
            bias=bool(generator.integers(2)),
            activation=activation,
        )
    if kind == 3:
        side, stride = int(generator.integers(2, 4)), int(generator.integers(1, 4))
        return one_of(generator, MaxPool(max_pool=side, stride=stride), AveragePool(average_pool=side, stride=stride))
    if kind <= 6:
        alone = ActivationLayer(activation=one_of(generator, *ACTIVATIONS[1:]))
        return (BatchNorm(batch_norm=True), Dropout(dropout=0.3), alone)[kind - 4]
    shortcut, stride = one_of(generator, ("identity", 1), ("projection", 1), ("projection", 2), ("padded", 2))
    wide = channels if shortcut == "identity" else channels + int(generator.integers(0, 5))
    inner = [Convolution(conv=wide, padding="same", stride=stride, activation=activation)]
    for _ in range(generator.integers(3)):
        convolution = Convolution(conv=wide, padding="same", activation=one_of(generator, *ACTIVATIONS))
        inner.append(one_of(generator, convolution, BatchNorm(batch_norm=True)))
    if generator.integers(2):
        inner.append(Residual(residual=(Convolution(conv=wide, padding="same"),), activation="relu"))
    return Residual(residual=tuple(inner), shortcut=shortcut, activation=one_of(generator, None, "relu"))


def drawn_network(generator, image, *, is_wide):
    """Draw a network of up to six layers and a classifier; a layer that does not fit where it comes is drawn again."""
    layers, channels = [], image.channels
    for place in range(generator.integers(3, 7)):
        for _ in range(20):
            layer = drawn_layer(generator, channels, is_wide=is_wide and place < 3)
            placed = tuple(every_layer(Network(layers=(*layers, layer, Dense(dense="classes"))), image, CLASSES))
            if not any(True for one in placed for _ in one.layer.faults(one.before, BATCH)):
                layers.append(layer)
                channels = placed[-1].before.channels
                break
    if generator.integers(3) == 0:
        layers.append(GlobalAveragePool(global_average_pool=True))
    elif generator.integers(2):
        layers.append(Dense(dense=int(generator.integers(2, 20)), activation=one_of(generator, *ACTIVATIONS)))
    return Network(layers=(*layers, Dense(dense="classes")))


def step(network, pixels, labels):
    """Give the loss of a minibatch and the gradients of all parameters."""
    place = BatchPosition(epoch=0, positions=torch.arange(BATCH))
    loss = functional.cross_entropy(network(pixels, place), labels)
    loss.backward()
    gradients = {name: parameter.grad.numpy() for name, parameter in network.named_parameters()}
    return {"loss": np.array(float(loss.detach())), **gradients}


def scored(network, pixels):
    """Give the class probabilities of images."""
    with torch.no_grad():
        return {"probabilities": torch.softmax(network.eval()(pixels), dim=1).numpy()}


def check(found, compute, make, unit):
    """Compare numbers with those in float64, as far as rounding errors of the largest size move the latter.

    How far that is, is measured: the network is computed in float64 with errors drawn at random, three times, and the
    largest change of each array counts. Errors of sums are at most of that size, and mostly far smaller: those of these
    networks are a hundredth of what is allowed. Where one turns a ReLU or chooses another pixel of a pool, the drawn
    ones do so a hundred times as often.
    """
    expected = compute(make())
    moved = [compute(disturb(make(), unit, seed)) for seed in range(SAMPLES)]
    largest = max(float(np.abs(array).max()) for array in expected.values())
    for name, array in expected.items():
        tolerance = max(float(np.abs(other[name] - array).max()) for other in moved) + unit * largest
        assert tolerance < 0.03 * largest, f"{name}: a comparison within {tolerance:.1e} of {largest:.1e} says nothing"
        assert np.abs(found[name] - array).max() <= tolerance, name


@pytest.mark.parametrize("number", range(32))
def test_a_random_network_computes_what_pytorch_does_in_float64(number):
    """Loss, gradients and probabilities of a step agree as far as rounding allows; every second network is wide."""
    generator = np.random.default_rng(number)
    height, width = (int(side) for side in generator.integers(6, 15, 2))
    split, image = made_split(height, width), Shape(height, width, 3)
    network = drawn_network(generator, image, is_wide=number % 2 == 0)
    run, unit = made_run(network.layers, number), unit_of(network, image, CLASSES, BATCH)
    engine = LanesEngine(instruction_set=usable_instruction_sets()[0])
    assert engine.unsupported(run.specification) is None
    training = engine.start([run], split)

    (metrics,), (state,), (outcome,) = training.advance(), training.states(), training.outcomes()

    start, places = initial_weights(network, image, CLASSES, number), order(number, 0, BATCH)
    labels = torch.tensor(split.training.labels[places].astype(np.int64))
    pixels = scaled(split, split.training.images[places])
    # The velocity of the first step of gradient descent is the gradient.
    moments = {name.removeprefix("first_moments."): array for name, array in state.arrays.items() if "first_m" in name}
    check(
        {"loss": metrics.training_loss, **moments},
        lambda one: step(one, pixels, labels),
        lambda: reference(run, image, start),
        unit,
    )
    check(
        {"probabilities": outcome.probabilities},
        lambda one: scored(one, scaled(split, split.test.images)),
        lambda: reference(run, image, outcome.weights),
        unit,
    )
