"""The kernels against PyTorch in float64: every kind of layer, forward and backward, in one step of one run."""

from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet, usable_instruction_sets
from ceteris.engines.streams import initial_weights, order
from ceteris.engines.torch.network import BatchPosition, LayeredNetwork
from ceteris.networks.activation import Activation, ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.shape import Shape
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

CLASSES = 4
BATCH = 19  # two whole groups of images and a part of one
TOLERANCE = 1e-5  # the bits of the kernels are the same on every machine, and the reference is in float64

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

CLASSIFIER = Dense(dense="classes")
TWO = (Convolution(conv=6, padding="same", activation="relu"), Convolution(conv=6, padding="same"))
NORMALISED = (
    Convolution(conv=6, padding="same", bias=False),
    BatchNorm(batch_norm=True),
    Convolution(conv=6, padding="same", bias=False),
    BatchNorm(batch_norm=True),
)
NETWORKS = {
    "dense": (CLASSIFIER,),
    "hidden dense relu": (Dense(dense=13, activation="relu"), CLASSIFIER),
    "hidden dense tanh": (Dense(dense=21, activation="tanh"), Dropout(dropout=0.5), CLASSIFIER),
    "one convolution": (Convolution(conv=5, kernel=3), CLASSIFIER),
    "relu": (Convolution(conv=7, kernel=3, activation="relu"), CLASSIFIER),
    "leaky relu": (Convolution(conv=9, kernel=3, activation="leaky_relu"), CLASSIFIER),
    "tanh": (Convolution(conv=3, kernel=3, activation="tanh"), CLASSIFIER),
    "average pool": (
        Convolution(conv=5, kernel=3, activation="relu"),
        AveragePool(average_pool=2),
        Convolution(conv=4, kernel=2),
        AveragePool(average_pool=3),
        CLASSIFIER,
    ),
    "kernel 1": (Convolution(conv=6, kernel=1, activation="relu"), Convolution(conv=4, kernel=1), CLASSIFIER),
    "kernel 2": (Convolution(conv=6, kernel=2, activation="relu"), Convolution(conv=4, kernel=2), CLASSIFIER),
    "kernel 5": (Convolution(conv=11, kernel=5, activation="relu"), Convolution(conv=2, kernel=5), CLASSIFIER),
    "kernel 7": (Convolution(conv=7, kernel=7, activation="relu"), Convolution(conv=9, kernel=3), CLASSIFIER),
    "same padding": (
        Convolution(conv=4, kernel=3, padding="same", activation="relu"),
        Convolution(conv=5, kernel=5, padding="same", activation="tanh"),
        MaxPool(max_pool=2),
        Convolution(conv=3, kernel=3, padding="same"),
        CLASSIFIER,
    ),
    "max pool": (Convolution(conv=5, kernel=3, activation="leaky_relu"), MaxPool(max_pool=2), CLASSIFIER),
    "max pool of 3 with a rest": (Convolution(conv=5, kernel=2), MaxPool(max_pool=3), CLASSIFIER),
    "max pool first": (MaxPool(max_pool=2), Convolution(conv=5, kernel=3), CLASSIFIER),
    "dropout": (Convolution(conv=5, kernel=3, activation="tanh"), Dropout(dropout=0.3), CLASSIFIER),
    "two dropouts": (
        Dropout(dropout=0.2),
        Convolution(conv=5, kernel=3),
        MaxPool(max_pool=2),
        Dropout(dropout=0.5),
        CLASSIFIER,
    ),
    "batch norm first": (BatchNorm(batch_norm=True), Convolution(conv=7, kernel=3, activation="relu"), CLASSIFIER),
    "batch norm between": (
        Convolution(conv=7, kernel=3, activation="relu"),
        BatchNorm(batch_norm=True),
        Convolution(conv=4, kernel=3),
        BatchNorm(batch_norm=True),
        CLASSIFIER,
    ),
    "batch norm after dense": (Dense(dense=9, activation="relu"), BatchNorm(batch_norm=True), CLASSIFIER),
    "stride": (
        Convolution(conv=7, kernel=3, stride=2, padding="same", activation="relu"),
        Convolution(conv=5, kernel=2, stride=3, activation="tanh"),
        CLASSIFIER,
    ),
    "stride beyond the kernel": (Convolution(conv=4, kernel=3), Convolution(conv=5, kernel=2, stride=4), CLASSIFIER),
    "stride with a rest": (Convolution(conv=4, kernel=2), Convolution(conv=5, kernel=1, stride=2), CLASSIFIER),
    "padding": (
        Convolution(conv=3, kernel=3, padding=2, activation="relu"),
        Convolution(conv=4, kernel=3, padding=4),
        Convolution(conv=5, kernel=5, padding=1, stride=3),
        CLASSIFIER,
    ),
    "no bias": (Convolution(conv=6, bias=False), Convolution(conv=4, bias=False, activation="relu"), CLASSIFIER),
    "groups": (
        Convolution(conv=6, kernel=3, padding="same"),
        Convolution(conv=8, kernel=3, padding="same", groups=2, activation="relu"),
        Convolution(conv=8, kernel=3, groups=8, stride=2, bias=False),
        Convolution(conv=16, kernel=3, groups=8, activation="leaky_relu"),
        CLASSIFIER,
    ),
    "many weights": (
        Convolution(conv=32, padding="same"),
        Convolution(conv=32, kernel=5, padding="same", activation="relu"),
        Convolution(conv=32, kernel=5),
        Convolution(conv=32, kernel=3, stride=2),
        CLASSIFIER,
    ),
    "many channels": (
        Convolution(conv=16, padding="same", activation="relu"),
        Convolution(conv=19, padding="same", activation="leaky_relu", slope=0.3),
        Convolution(conv=34, padding=2, bias=False),
        Convolution(conv=17, activation="tanh"),
        MaxPool(max_pool=2),
        Convolution(conv=20, padding="same", activation="gelu"),
        CLASSIFIER,
    ),
    "many channels in blocks": (
        Convolution(conv=18, kernel=3, bias=False),
        Residual(residual=(Convolution(conv=18, padding="same"),), activation="relu"),
        Residual(
            residual=(
                Convolution(conv=24, padding="same", bias=False),
                BatchNorm(batch_norm=True),
                ActivationLayer(activation="relu"),
                Convolution(conv=24, padding="same", activation="relu"),
            ),
            shortcut="projection",
        ),
        CLASSIFIER,
    ),
    "identity": (
        Convolution(conv=6, kernel=3, activation="relu"),
        Residual(residual=(*TWO, Convolution(conv=6, padding="same", activation="tanh")), activation="relu"),
        Residual(residual=TWO),
        CLASSIFIER,
    ),
    "many weights and strides": (
        Convolution(conv=32, padding="same"),
        Convolution(conv=32, padding="same", stride=2, activation="relu"),
        Convolution(conv=32, padding="same", stride=2),
        CLASSIFIER,
    ),
    "one convolution in a block": (
        Convolution(conv=6, kernel=3),
        Residual(residual=(Convolution(conv=6, padding="same"),), activation="relu"),
        Residual(residual=(Convolution(conv=6, padding="same", activation="tanh"),)),
        CLASSIFIER,
    ),
    "identity around the image": (Residual(residual=(Convolution(conv=3, padding="same"),)), CLASSIFIER),
    "projection": (
        Convolution(conv=4, kernel=3),
        Residual(
            residual=(Convolution(conv=6, padding="same", stride=2), *TWO), shortcut="projection", activation="tanh"
        ),
        CLASSIFIER,
    ),
    "padded shortcut": (
        Convolution(conv=4, kernel=3),
        Residual(
            residual=(Convolution(conv=6, padding="same", stride=2), *TWO), shortcut="padded", activation="leaky_relu"
        ),
        CLASSIFIER,
    ),
    "residual network": (
        Convolution(conv=6, padding="same", bias=False),
        BatchNorm(batch_norm=True),
        Residual(residual=NORMALISED, activation="relu"),
        Residual(residual=NORMALISED, activation="relu"),
        Residual(residual=(Convolution(conv=6, padding="same", stride=2), *NORMALISED), shortcut="projection"),
        Dropout(dropout=0.2),
        CLASSIFIER,
    ),
    "batch norm first in a block": (
        Convolution(conv=6, padding="same"),
        Residual(residual=(BatchNorm(batch_norm=True), *TWO)),
        Residual(residual=(BatchNorm(batch_norm=True), Dropout(dropout=0.5), *TWO)),
        CLASSIFIER,
    ),
    "nested blocks": (
        Convolution(conv=6, padding="same", activation="tanh"),
        Residual(
            residual=(
                Residual(residual=(Residual(residual=TWO, activation="tanh"),)),
                *TWO,
                Residual(residual=(BatchNorm(batch_norm=True), *TWO)),
            ),
        ),
        CLASSIFIER,
    ),
    "pools with strides": (
        Convolution(conv=5, kernel=3, activation="relu"),
        MaxPool(max_pool=3, stride=2),
        AveragePool(average_pool=2, stride=1),
        AveragePool(average_pool=1, stride=2),
        CLASSIFIER,
    ),
    "pools that overlap": (
        Convolution(conv=5, kernel=3, activation="leaky_relu"),
        MaxPool(max_pool=3, stride=1),
        MaxPool(max_pool=2, stride=3),
        CLASSIFIER,
    ),
    "global average pool": (
        Convolution(conv=5, kernel=3, activation="relu"),
        GlobalAveragePool(global_average_pool=True),
        CLASSIFIER,
    ),
    "slope of each kind": (
        Convolution(conv=5, kernel=3, activation="leaky_relu", slope=0.2),
        BatchNorm(batch_norm=True),
        ActivationLayer(activation="leaky_relu", slope=0.5),
        Dense(dense=7, activation="leaky_relu", slope=0.0),
        CLASSIFIER,
    ),
    "batch norm before activations": (
        Convolution(conv=5, kernel=3, bias=False),
        BatchNorm(batch_norm=True),
        ActivationLayer(activation="relu"),
        Convolution(conv=5, kernel=3, bias=False),
        BatchNorm(batch_norm=True),
        ActivationLayer(activation="silu"),
        Residual(
            residual=(
                BatchNorm(batch_norm=True),
                ActivationLayer(activation="relu"),
                Convolution(conv=5, padding="same", bias=False),
                BatchNorm(batch_norm=True),
                ActivationLayer(activation="relu"),
            ),
            activation="gelu",
        ),
        CLASSIFIER,
    ),
    **{
        f"activation {activation}": (
            Convolution(conv=5, kernel=3, activation=activation),
            MaxPool(max_pool=2),
            ActivationLayer(activation=activation),
            Convolution(conv=4, kernel=3, activation=activation),
            Dense(dense=9, activation=activation),
            CLASSIFIER,
        )
        for activation in Activation
    },
    "dense in a block": (
        Dense(dense=6, activation="relu"),
        Residual(residual=(Dense(dense=5, activation="tanh"), Dense(dense=6))),
        CLASSIFIER,
    ),
    "founding study": (
        Convolution(conv=7, kernel=3, activation="relu"),
        Convolution(conv=9, kernel=3, activation="relu"),
        MaxPool(max_pool=2),
        Dropout(dropout=0.3),
        CLASSIFIER,
    ),
}


def made_split(height=12, width=13):
    """Random images of an odd shape, enough for one minibatch and a little scoring."""
    generator = np.random.default_rng(7)

    def images(count):
        return LabelledImages(
            images=generator.integers(0, 256, (count, height, width, 3), dtype=np.uint8),
            labels=generator.integers(0, CLASSES, count, dtype=np.uint8).astype(np.int32),
        )

    return Split(
        training=images(BATCH),
        validation=images(5),
        test=images(19),
        classes=CLASSES,
        scale=np.array([1 / 255, 1 / 128, 1 / 64], np.float32),
        offset=np.array([0, -0.5, 0.25], np.float32),
    )


def made_run(layers, seed, **training):
    """One run of one epoch, which is one step of plain gradient descent."""
    settings = {"optimizer": "sgd", "learning_rate": 0.01, "batch_size": BATCH, "epochs": 1, **training}
    specification = Specification(data=DataChoice(), network=Network(layers=layers), training=Training(**settings))
    return Run(factor="test", variation="test", seed=seed, specification=specification, data_digest="0")


def reference(run, image, weights):
    """The network in PyTorch and float64, with weights of a run."""
    network = LayeredNetwork(run.specification.network, image, CLASSES, run.seed).double()
    state = {name: torch.tensor(array, dtype=torch.float64) for name, array in weights.items()}
    assert not network.load_state_dict(state, strict=False).unexpected_keys
    return network


def scaled(split, pixels_nhwc):
    """Pixels as the network sees them, channels first, in float64."""
    scale, offset = torch.tensor(split.scale, dtype=torch.float64), torch.tensor(split.offset, dtype=torch.float64)
    return (torch.tensor(pixels_nhwc).double() * scale + offset).permute(0, 3, 1, 2)


def relative_error(found, expected, floor=0.0):
    """Largest difference as a share of the largest number expected, or of `floor` where that is larger."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), floor))


@cache
def first_step(name, seed):
    """Give what all builds are held to: the loss of the only step in float64, its gradients, and batch statistics."""
    split, run = made_split(), made_run(NETWORKS[name], seed)
    image = Shape(*split.training.images.shape[1:])
    network = reference(run, image, initial_weights(run.specification.network, image, CLASSES, seed))
    places = order(seed, 0, BATCH)
    labels = torch.tensor(split.training.labels[places].astype(np.int64))
    pixels = scaled(split, split.training.images[places])
    loss = functional.cross_entropy(network(pixels, BatchPosition(epoch=0, positions=torch.arange(BATCH))), labels)
    loss.backward()
    gradients = {key: parameter.grad.numpy() for key, parameter in network.named_parameters()}
    statistics = {key: buffer.numpy() for key, buffer in network.named_buffers() if "running" in key}
    return float(loss.detach()), gradients, statistics


@pytest.mark.parametrize("instruction_set", list(InstructionSet))
@pytest.mark.parametrize("name", NETWORKS)
def test_probabilities_and_gradients_are_those_of_pytorch_in_float64(name, instruction_set):
    """Test probabilities, batch statistics and all gradients of a step agree with float64 within 1e-5."""
    if instruction_set not in usable_instruction_sets():
        pytest.skip(f"this machine has no {instruction_set} kernels")
    split = made_split()
    runs = [made_run(NETWORKS[name], seed) for seed in (3, 4, 5)]
    image = Shape(*split.training.images.shape[1:])
    training = LanesEngine(instruction_set=instruction_set).start(runs, split)

    metrics = training.advance()
    states, outcomes = training.states(), training.outcomes()

    for run, epoch, state, outcome in zip(runs, metrics, states, outcomes, strict=True):
        loss, gradients, statistics = first_step(name, run.seed)
        assert epoch.training_loss == pytest.approx(loss, rel=TOLERANCE)
        # Some gradients cancel to nothing, such as that of a shift which a batch norm later takes away.
        floor = 1e-2 * max(float(np.abs(gradient).max()) for gradient in gradients.values())
        for key, gradient in gradients.items():
            # The velocity of the first step of gradient descent is the gradient.
            assert relative_error(state.arrays[f"first_moments.{key}"], gradient, floor) < TOLERANCE, key
        for key, statistic in statistics.items():
            assert relative_error(state.arrays[key], statistic) < TOLERANCE, key
        with torch.no_grad():
            logits = reference(run, image, outcome.weights).eval()(scaled(split, split.test.images))
        assert relative_error(outcome.probabilities, torch.softmax(logits, dim=1).numpy()) < TOLERANCE
