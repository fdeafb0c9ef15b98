import numpy as np
import pytest

from ceteris.engines.streams import initial_weights
from ceteris.engines.torch.batches import fill, weight_tensors
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.inference.forward import layer_outputs
from ceteris.networks.activation import Activation, ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.kinds import opening_key
from ceteris.networks.network import Network
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.sample_norm import GroupNorm, LayerNorm
from ceteris.networks.shape import Shape
from tests.rounding import DOUBLE, rounding

torch = pytest.importorskip("torch")
functional = torch.nn.functional

WRITTEN = [
    ({"conv": 7}, Convolution(conv=7), "conv 7, kernel 3"),
    ({"conv": 7, "kernel": 5, "padding": "same", "activation": "tanh"},
     Convolution(conv=7, kernel=5, padding="same", activation="tanh"), "conv 7, kernel 5, padding same, tanh"),
    ({"conv": 8, "padding": 2, "stride": 2, "groups": 4, "bias": False},
     Convolution(conv=8, padding=2, stride=2, groups=4, bias=False),
     "conv 8, kernel 3, padding 2, stride 2, groups 4, no bias"),
    ({"max_pool": 2}, MaxPool(max_pool=2), "max pool 2"),
    ({"max_pool": 3, "stride": 2}, MaxPool(max_pool=3, stride=2), "max pool 3, stride 2"),
    ({"average_pool": 2}, AveragePool(average_pool=2), "average pool 2"),
    ({"average_pool": 2, "stride": 1}, AveragePool(average_pool=2, stride=1), "average pool 2, stride 1"),
    ({"global_average_pool": True}, GlobalAveragePool(global_average_pool=True), "global average pool"),
    ({"group_norm": 4}, GroupNorm(group_norm=4), "group norm 4"),
    ({"layer_norm": True}, LayerNorm(layer_norm=True), "layer norm"),
    ({"activation": "gelu"}, ActivationLayer(activation="gelu"), "gelu"),
    ({"activation": "leaky_relu", "slope": 0.2}, ActivationLayer(activation="leaky_relu", slope=0.2),
     "leaky_relu, slope 0.2"),
    ({"dropout": 0.3}, Dropout(dropout=0.3), "dropout 0.3"),
    ({"batch_norm": True}, BatchNorm(batch_norm=True), "batch norm"),
    ({"dense": "classes"}, Dense(dense="classes"), "dense classes"),
    ({"dense": 5, "activation": "leaky_relu", "slope": 0.2}, Dense(dense=5, activation="leaky_relu", slope=0.2),
     "dense 5, leaky_relu, slope 0.2"),
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


def test_an_activation_in_a_table_with_another_layer_is_its_setting():
    """In whatever order the keys stand."""
    assert Network(layers=[{"activation": "relu", "conv": 7}]).layers == (Convolution(conv=7, activation="relu"),)


SIZE = Shape(9, 7, 6)
FAULTS = [
    (GroupNorm(group_norm=4), SIZE, "sees 6 channels, which 4 groups do not divide; give group_norm = 3."),
    (GroupNorm(group_norm=6), Shape(1, 1, 6), "sees one value per group, and makes it 0; give fewer groups than 6."),
    (LayerNorm(layer_norm=True), Shape(1, 1, 1), "sees one value of each image, and makes it 0; remove it."),
    (
        MaxPool(max_pool=8, stride=2),
        SIZE,
        "sees an image of 9 x 7 pixels, smaller than its square; give max_pool = 7 or less.",
    ),
    *(
        (
            kind(activation="relu", slope=0.5, **settings),
            SIZE,
            "has slope = 0.5, which is for leaky_relu, and its activation is relu; remove one of the two.",
        )
        for kind, settings in (
            (ActivationLayer, {}),
            (Convolution, {"conv": 3}),
            (Dense, {"dense": 3}),
            (Residual, {"residual": [{"batch_norm": True}]}),
        )
    ),
]


@pytest.mark.parametrize(("layer", "before", "sentence"), FAULTS, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_refused(layer, before, sentence):
    """With what to do about it."""
    assert [fault.sentence for fault in layer.faults(before, 8)] == [sentence]


BY_HAND = [
    (MaxPool(max_pool=3, stride=2), lambda values, _: functional.max_pool2d(values, 3, 2)),
    (MaxPool(max_pool=2, stride=3), lambda values, _: functional.max_pool2d(values, 2, 3)),
    (AveragePool(average_pool=3, stride=1), lambda values, _: functional.avg_pool2d(values, 3, 1)),
    (GlobalAveragePool(global_average_pool=True), lambda values, _: values.mean((2, 3), keepdim=True)),
    (GroupNorm(group_norm=2), lambda values, arrays: functional.group_norm(values, 2, *arrays)),
    (LayerNorm(layer_norm=True), lambda values, arrays: functional.layer_norm(values, values.shape[1:], *arrays)),
    (ActivationLayer(activation="leaky_relu", slope=0.3), lambda values, _: functional.leaky_relu(values, 0.3)),
    (ActivationLayer(activation="elu"), lambda values, _: functional.elu(values)),
    (ActivationLayer(activation="sigmoid"), lambda values, _: torch.sigmoid(values)),
    (ActivationLayer(activation="gelu"), lambda values, _: functional.gelu(values)),
    (ActivationLayer(activation="silu"), lambda values, _: functional.silu(values)),
    (ActivationLayer(activation="hard_swish"), lambda values, _: functional.hardswish(values)),
    (ActivationLayer(activation="softplus"), lambda values, _: functional.softplus(values)),
]


@pytest.mark.parametrize(("layer", "function"), BY_HAND, ids=lambda value: "" if callable(value) else str(value))
def test_forward_and_backward_are_those_of_pytorch(layer, function):
    """PyTorch's own functions in float64, with arrays that change something; NumPy gives the same in float32."""
    network = Network(layers=[layer])
    weights = initial_weights(network, SIZE, 10, seed=1)
    generator = np.random.default_rng(0)
    weights = {name: generator.normal(1, 1, one.shape).astype(np.float32) for name, one in weights.items()}
    module = LayeredNetwork(network, SIZE, 10, seed=1)
    fill(weight_tensors(module), weights)
    module.double()
    shown = generator.normal(0, 4, (3, 6, 9, 7)).astype(np.float32)
    seen, other = (torch.from_numpy(shown).double().requires_grad_() for _ in range(2))
    arrays = [torch.from_numpy(one).double().requires_grad_() for one in weights.values()]

    found, expected = module.layers(seen), function(other, arrays)
    found.square().sum().backward()
    expected.square().sum().backward()

    after, apart = layer.output(SIZE), rounding(400, 1e3, unit=DOUBLE)
    assert expected.shape == (3, after.channels, after.height, after.width)
    torch.testing.assert_close(found, expected, rtol=apart, atol=apart)
    torch.testing.assert_close(seen.grad, other.grad, rtol=apart, atol=apart)
    for parameter, array in zip(module.parameters(), arrays, strict=True):
        torch.testing.assert_close(parameter.grad, array.grad, rtol=apart, atol=apart)
    (computed,) = layer_outputs(network, weights, shown)
    np.testing.assert_allclose(computed, expected.detach(), rtol=0, atol=rounding(60, 20))


def test_features_are_normalised_as_images_of_one_pixel():
    """Behind a dense layer too, where PyTorch has rows."""
    network = Network(
        layers=[{"dense": 6}, {"layer_norm": True}, {"group_norm": 2}, {"activation": "silu"}, {"dense": "classes"}]
    )
    weights = initial_weights(network, SIZE, 10, seed=1)
    module = LayeredNetwork(network, SIZE, 10, seed=1)
    fill(weight_tensors(module), weights)
    shown = np.random.default_rng(0).normal(0, 1, (3, 6, 9, 7)).astype(np.float32)

    found = layer_outputs(network, weights, shown)[-1]

    with torch.no_grad():
        np.testing.assert_allclose(found[:, :, 0, 0], module(torch.from_numpy(shown)), rtol=0, atol=rounding(400, 4))
