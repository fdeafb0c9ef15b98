"""The kernels against PyTorch in float64: every kind of layer, forward and backward, in one step of one run."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet, usable_instruction_sets
from ceteris.engines.streams import initial_weights, order, words
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.pooling import AveragePool, MaxPool
from ceteris.networks.shape import Shape
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

CLASSES = 4
BATCH = 19  # two whole groups of images and a part of one
TOLERANCE = 1e-5  # the bits of the kernels are the same on every machine, and the reference is in float64

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

CLASSIFIER = Dense(dense="classes")
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


def reference_logits(run, split, pixels_NHWC, weights, *, training):  # noqa: C901, N803 - a case for each kind; shape in the name
    """Follow images through the network in float64; `training` uses masks and statistics of the minibatch."""
    scale, offset = torch.tensor(split.scale, dtype=torch.float64), torch.tensor(split.offset, dtype=torch.float64)
    value = (torch.tensor(pixels_NHWC).double() * scale + offset).permute(0, 3, 1, 2)
    placed = placed_layers(run.specification.network, Shape(*pixels_NHWC.shape[1:]), split.classes)
    for index, (layer, stream) in enumerate((one.layer, one.stream) for one in placed):
        weight, bias = weights.get(f"layers.{index}.weight"), weights.get(f"layers.{index}.bias")
        match layer:
            case Convolution():
                padding = (layer.kernel - 1) // 2 if layer.padding == "same" else 0
                value = functional.conv2d(value, weight, bias, padding=padding)
            case MaxPool():
                value = functional.max_pool2d(value, layer.max_pool)
            case AveragePool():
                value = functional.avg_pool2d(value, layer.average_pool)
            case Dense():
                value = functional.linear(value.flatten(1), weight, bias)
            case BatchNorm():
                mean, variance = weights[f"layers.{index}.running_mean"], weights[f"layers.{index}.running_var"]
                value = functional.batch_norm(value, mean, variance, weight, bias, training=training)
            case Dropout() if training:
                rows = value if value.dim() == 2 else value.permute(0, 2, 1, 3)
                counts = [words(run.seed, stream, rows[0].numel(), position=place) for place in range(len(rows))]
                kept = torch.tensor(np.stack(counts) >= round(layer.dropout * 2**32)).reshape(rows.shape).double()
                value = value * (kept if value.dim() == 2 else kept.permute(0, 2, 1, 3)) / (1 - layer.dropout)
        match getattr(layer, "activation", None):
            case "relu":
                value = functional.relu(value)
            case "leaky_relu":
                value = functional.leaky_relu(value, 0.01)
            case "tanh":
                value = torch.tanh(value)
    return value


def relative_error(found, expected, floor=0.0):
    """Largest difference as a share of the largest number expected, or of `floor` where that is larger."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), floor))


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
        start = initial_weights(run.specification.network, image, CLASSES, run.seed)
        weights = {key: torch.tensor(array, dtype=torch.float64) for key, array in start.items()}
        learnt = {key: array.requires_grad_() for key, array in weights.items() if "running" not in key}
        places = order(run.seed, 0, BATCH)
        labels = torch.tensor(split.training.labels[places].astype(np.int64))
        logits = reference_logits(run, split, split.training.images[places], weights, training=True)
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        assert epoch.training_loss == pytest.approx(float(loss.detach()), rel=TOLERANCE)
        # Some gradients cancel to nothing, such as that of a shift which a batch norm later takes away.
        floor = 1e-2 * max(float(array.grad.abs().max()) for array in learnt.values())
        for key, array in learnt.items():
            # The velocity of the first step of gradient descent is the gradient.
            assert relative_error(state.arrays[f"first_moments.{key}"], array.grad.numpy(), floor) < TOLERANCE, key
        for key in weights.keys() - learnt.keys():
            assert relative_error(state.arrays[key], weights[key].numpy()) < TOLERANCE, key
        after = {key: torch.tensor(array, dtype=torch.float64) for key, array in outcome.weights.items()}
        with torch.no_grad():
            expected = torch.softmax(reference_logits(run, split, split.test.images, after, training=False), dim=1)
        assert relative_error(outcome.probabilities, expected.numpy()) < TOLERANCE
