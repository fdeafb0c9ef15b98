import numpy as np
import pytest

from ceteris.engines.initial import initial_weights
from ceteris.networks import convolution
from ceteris.networks.activation import Activation
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.max_pool import MaxPool
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.prediction import forward
from ceteris.prediction.forward import class_probabilities, layer_outputs, network_input

IMAGE, CLASSES = Shape(13, 11, 3), 10
END = Dense(dense="classes")

NETWORKS = {
    "convolution": (Convolution(conv=5, kernel=3), END),
    "even kernel": (Convolution(conv=4, kernel=2), END),
    "same padding": (Convolution(conv=5, kernel=5, padding=Padding.SAME), END),
    "relu": (Convolution(conv=5, activation=Activation.RELU), END),
    "leaky relu": (Convolution(conv=5, activation=Activation.LEAKY_RELU), END),
    "tanh": (Convolution(conv=5, activation=Activation.TANH), END),
    "max pool that leaves pixels out": (MaxPool(max_pool=3), END),
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
    """What comes out of each layer agrees with the reference engine's network to 1e-5, for every kind of layer."""
    torch = pytest.importorskip("torch")
    from ceteris.engines.torch.dropout import CountedDropout  # noqa: PLC0415 - it needs torch
    from ceteris.engines.torch.network import LayeredNetwork  # noqa: PLC0415
    from ceteris.engines.torch.state import fill, weight_tensors  # noqa: PLC0415

    network = Network(layers=NETWORKS[name])
    weights = trained(network)
    reference = LayeredNetwork(network, IMAGE, CLASSES, seed=3)
    fill(weight_tensors(reference), weights)
    reference.eval()
    shown = images()
    outputs = layer_outputs(network, weights, shown)

    np.testing.assert_array_equal(shown, images())
    values = torch.from_numpy(images())
    with torch.no_grad():
        for chain, found in zip(reference.layers.chains, outputs, strict=True):
            for module in chain:
                values = module(values, None) if isinstance(module, CountedDropout) else module(values)
            np.testing.assert_allclose(found, values.numpy().reshape(found.shape), rtol=1e-5, atol=1e-5)


def test_probabilities_add_up_to_one_however_many_are_looked_at_together(monkeypatch):
    """The softmax of the logits, the same for any number of images at once, also for logits that would overflow."""
    network = Network(layers=NETWORKS["all of them"])
    weights = trained(network)
    weights["layers.8.weight"] = weights["layers.8.weight"] * np.float32(1000)
    together = class_probabilities(network, weights, images(7))
    monkeypatch.setattr(forward, "_VALUES_AT_ONCE", 3000)
    monkeypatch.setattr(convolution, "_VALUES_IN_CACHE", 1)
    found = class_probabilities(network, weights, images(7))

    assert found.shape == (7, CLASSES)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found, together, rtol=1e-4, atol=1e-6)
    logits = layer_outputs(network, weights, images(7))[-1][:, :, 0, 0]
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
