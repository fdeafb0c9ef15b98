import copy

import numpy as np
import pytest

from ceteris.engines.streams import initial_weights
from ceteris.inference import forward
from ceteris.inference.forward import class_probabilities, layer_outputs, network_input
from ceteris.networks import convolution
from ceteris.networks.activation import Activation
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.shape import Shape
from tests.rounding import rounding

IMAGE, CLASSES = Shape(13, 11, 3), 10
END = Dense(dense="classes")

NETWORKS = {
    "convolution": (Convolution(conv=5, kernel=3), END),
    "even kernel": (Convolution(conv=4, kernel=2), END),
    "same padding": (Convolution(conv=5, kernel=5, padding=Padding.SAME), END),
    "stride and padding": (Convolution(conv=5, kernel=4, padding=3, stride=3), END),
    "same padding with stride": (Convolution(conv=5, kernel=5, padding="same", stride=2), END),
    "groups": (Convolution(conv=6, kernel=2, groups=3), END),
    "depthwise": (Convolution(conv=3, groups=3, bias=False, padding=1), END),
    "relu": (Convolution(conv=5, activation=Activation.RELU), END),
    "leaky relu": (Convolution(conv=5, activation=Activation.LEAKY_RELU), END),
    "tanh": (Convolution(conv=5, activation=Activation.TANH), END),
    "max pool that leaves pixels out": (MaxPool(max_pool=3), END),
    "average pool that leaves pixels out": (AveragePool(average_pool=3), END),
    "max pool whose squares overlap": (MaxPool(max_pool=3, stride=2), END),
    "average pool with gaps": (AveragePool(average_pool=2, stride=3), END),
    "global average pool": (GlobalAveragePool(global_average_pool=True), END),
    "dropout": (Dropout(dropout=0.5), END),
    "batch norm": (BatchNorm(batch_norm=True), END),
    "dense": (Dense(dense=7, activation=Activation.RELU), END),
    "batch norm after dense": (Dense(dense=7), BatchNorm(batch_norm=True), END),
    "all of them": (
        BatchNorm(batch_norm=True),
        Convolution(conv=6, kernel=3, padding=Padding.SAME, activation=Activation.RELU),
        Convolution(conv=4, kernel=2, activation=Activation.LEAKY_RELU),
        MaxPool(max_pool=2),
        Dropout(dropout=0.4),
        BatchNorm(batch_norm=True),
        Dense(dense=8, activation=Activation.TANH),
        Dropout(dropout=0.2),
        END,
    ),
}


def trained(network):
    """Give weights that no layer leaves as it began: batch normalisation has seen images."""
    generator = np.random.default_rng(5)
    weights = initial_weights(network, IMAGE, CLASSES, seed=3)
    moved = {name: array + generator.normal(0, 0.05, array.shape).astype(np.float32) for name, array in weights.items()}
    # Variances near 0 show whether something is added before the root is taken.
    return {name: abs(array - 1) + 1e-4 if name.endswith("running_var") else array for name, array in moved.items()}


def images(count=6):
    """Give images of noise."""
    return np.random.default_rng(1).normal(0, 1, (count, 3, 13, 11)).astype(np.float32)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_gives_what_pytorch_gives(name):
    """Each layer makes of the one before what the reference engine's does in float64, as far as float32 can tell."""
    torch = pytest.importorskip("torch")
    from ceteris.engines.torch.batches import fill, weight_tensors  # noqa: PLC0415
    from ceteris.engines.torch.network import CountedDropout, LayeredNetwork  # noqa: PLC0415

    network = Network(layers=NETWORKS[name])
    weights = trained(network)
    reference = LayeredNetwork(network, IMAGE, CLASSES, seed=3)
    fill(weight_tensors(reference), weights)
    reference.eval().double()
    shown = images()
    outputs = layer_outputs(network, weights, shown)

    np.testing.assert_array_equal(shown, images())
    passed = shown.shape[1:]
    with torch.no_grad():
        for chain, seen, found in zip(reference.layers.chains, (shown, *outputs[:-1]), outputs, strict=True):
            values = torch.from_numpy(seen).double()
            values, largest = (each.reshape(-1, *passed) for each in (values, values.abs()))
            for module in chain:
                values = module(values, None) if isinstance(module, CountedDropout) else module(values)
                if not isinstance(module, CountedDropout | torch.nn.Tanh):
                    largest = magnitudes(module)(largest)
            passed = values.shape[1:]
            terms = max([1, *(tensor[0].numel() for module in chain for tensor in module.parameters())])
            apart = np.abs(found.reshape(values.shape) - values.numpy())
            assert (apart <= rounding(terms + 8, largest.numpy())).all()


def magnitudes(module):
    """Give the module that adds up the magnitudes of what a module adds up, so that nothing cancels."""
    bare = copy.deepcopy(module)
    for name, tensor in bare.state_dict().items():
        tensor.copy_(-tensor.abs() if name == "running_mean" else tensor.abs())
    return bare


def test_probabilities_add_up_to_one_however_many_are_looked_at_together(monkeypatch):
    """The softmax of the logits, the same for any number of images at once, also for logits that would overflow."""
    network = Network(layers=NETWORKS["all of them"])
    weights = trained(network)
    large = weights | {"layers.8.weight": weights["layers.8.weight"] * np.float32(1000)}
    together = class_probabilities(network, weights, images(7))
    monkeypatch.setattr(forward, "_VALUES_AT_ONCE", 3000)
    monkeypatch.setattr(convolution, "_VALUES_IN_CACHE", 1)
    apart, found = class_probabilities(network, weights, images(7)), class_probabilities(network, large, images(7))

    # All magnitudes add up to 3,054; rounding 4 layers x 75 terms goes like a random walk, with their square root.
    tolerance = rounding(18, 3054)
    np.testing.assert_allclose(apart, together, rtol=0, atol=tolerance)
    assert np.ptp(together, axis=0).max() > 10 * tolerance, "seven equal answers would prove nothing"
    assert found.shape == (7, CLASSES)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=rounding(CLASSES + 2))
    logits = layer_outputs(network, large, images(7))[-1][:, :, 0, 0]
    assert found.argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()


def test_images_become_what_the_engines_see():
    """Grey levels are scaled and shifted channel by channel, and channels come before rows."""
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)
    found = network_input(image, [2 / 255, 1.0, 0.5], [-1.0, 0.0, 3.0])

    assert (found.shape, found.dtype) == ((1, 3, 2, 3), np.float32)
    assert found[0, 0, 0, 0] == -1
    assert found[0, 1, 1, 2] == image[0, 1, 2, 1]
    assert found[0, 2, 0, 1] == image[0, 0, 1, 2] / 2 + 3


def test_every_arm_gives_again_what_its_engine_predicted(trained_results):
    """On the stored test images every finished run says what its predictions say, to half precision."""
    images, manifest = trained_results.images(), trained_results.manifest
    inputs = network_input(images, manifest.scale, manifest.offset)

    for record in trained_results.records:
        network, weights = record.run.specification.network, trained_results.weights(record.run)
        told = trained_results.predictions(record.run).astype(np.float32)

        np.testing.assert_allclose(class_probabilities(network, weights, inputs), told, rtol=0, atol=5e-4)
        assert len({*told.argmax(1).tolist()}) > 3, "a network that says one thing of all images would prove nothing"


def test_sums_that_overflow_are_no_numbers():
    """A network whose sums leave float32 says nothing, and warns of nothing."""
    network = Network(layers=(Dense(dense="classes"),))
    weights = {"layers.0.weight": np.full((2, 1), 3e38, np.float32), "layers.0.bias": np.zeros(2, np.float32)}

    assert np.isnan(class_probabilities(network, weights, np.full((1, 1, 1, 1), 10, np.float32))).all()
