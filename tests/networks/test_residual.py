import numpy as np
import pytest

from ceteris.engines.streams import initial_draws, initial_weights
from ceteris.inference.forward import layer_outputs
from ceteris.networks.cost import network_cost
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.networks.residual import Residual
from ceteris.networks.shape import Shape
from tests.rounding import DOUBLE, rounding

IMAGE, CLASSES = Shape(6, 5, 3), 4
BLOCK = {
    "residual": [
        {"conv": 4, "padding": "same", "activation": "relu"},
        {"batch_norm": True},
        {"residual": [{"dropout": 0.3}, {"conv": 4, "kernel": 1}]},
    ]
}
NETWORK = Network(layers=[{"conv": 4, "padding": "same"}, BLOCK, {"conv": 2}, {"dense": "classes"}])
FEATURES = Network(layers=[{"dense": 6}, {"residual": [{"dense": 6, "activation": "tanh"}]}, {"dense": "classes"}])
POOLED = Network(layers=[{"max_pool": 5}, {"residual": [{"dense": 3}]}, {"dense": "classes"}])


def trained(network):
    """Give weights that no layer leaves as it began."""
    generator = np.random.default_rng(5)
    weights = initial_weights(network, IMAGE, CLASSES, seed=3)
    return {name: abs(one + generator.normal(0, 0.1, one.shape).astype(np.float32)) for name, one in weights.items()}


def test_layers_in_a_block_have_paths_and_streams_of_their_own():
    """Ranks count through the block, so that wrapping a layer leaves the weights of all layers as they were."""
    found = [(one.path, one.stream, str(one.after)) for one in every_layer(NETWORK, IMAGE, CLASSES)]

    assert found == [
        ("layers.0", "conv-0", "6 x 5 x 4"),
        ("layers.1", None, "6 x 5 x 4"),
        ("layers.1.residual.0", "conv-1", "6 x 5 x 4"),
        ("layers.1.residual.1", None, "6 x 5 x 4"),
        ("layers.1.residual.2", None, "6 x 5 x 4"),
        ("layers.1.residual.2.residual.0", "dropout-0", "6 x 5 x 4"),
        ("layers.1.residual.2.residual.1", "conv-2", "6 x 5 x 4"),
        ("layers.2", "conv-3", "4 x 3 x 2"),
        ("layers.3", "dense-0", "1 x 1 x 4"),
    ]
    assert [name for name, _ in initial_draws(NETWORK, IMAGE, CLASSES)] == [
        f"{stream}.{name}"
        for stream in ("conv-0", "conv-1", "conv-2", "conv-3", "dense-0")
        for name in ("weight", "bias")
    ]
    assert [name for name in initial_weights(NETWORK, IMAGE, CLASSES, 1) if ".residual." in name] == [
        "layers.1.residual.0.weight",
        "layers.1.residual.0.bias",
        "layers.1.residual.1.weight",
        "layers.1.residual.1.bias",
        "layers.1.residual.1.running_mean",
        "layers.1.residual.1.running_var",
        "layers.1.residual.2.residual.1.weight",
        "layers.1.residual.2.residual.1.bias",
    ]


def test_a_block_costs_what_is_in_it():
    """Parameters and multiply-adds are those of its layers."""
    cost = network_cost(NETWORK, IMAGE, CLASSES)
    flat = Network(
        layers=[
            {"conv": 4, "padding": "same"},
            {"conv": 4, "padding": "same", "activation": "relu"},
            {"batch_norm": True},
            {"conv": 4, "kernel": 1},
            {"conv": 2},
            {"dense": "classes"},
        ]
    )

    assert cost == network_cost(flat, IMAGE, CLASSES)


@pytest.mark.parametrize("network", [NETWORK, FEATURES, POOLED], ids=["images", "features", "images of one pixel"])
def test_numpy_gives_what_pytorch_gives(network):
    """Each layer, blocks among them, is the one of the reference engine in float64, as far as float32 can tell."""
    torch = pytest.importorskip("torch")
    from ceteris.engines.torch.batches import fill, weight_tensors  # noqa: PLC0415
    from ceteris.engines.torch.network import LayeredNetwork, PlacedModule  # noqa: PLC0415

    weights = trained(network)
    reference = LayeredNetwork(network, IMAGE, CLASSES, seed=3)
    assert set(weight_tensors(reference)) == set(weights)
    fill(weight_tensors(reference), weights)
    reference.eval().double()
    shown = abs(np.random.default_rng(1).normal(0, 1, (6, 3, 6, 5))).astype(np.float32)
    values = torch.from_numpy(shown).double()
    with torch.no_grad():
        for chain, found in zip(reference.layers.chains, layer_outputs(network, weights, shown), strict=True):
            for module in chain:
                values = module(values, None) if isinstance(module, PlacedModule) else module(values)
            # All numbers are positive, so that nothing cancels; a hundred roundings a layer.
            np.testing.assert_allclose(found.reshape(values.shape), values, rtol=rounding(600))


def test_a_block_adds_its_input():
    """With weights of 0 the layers in it make nothing, and the input is left."""
    block = Residual(residual=[{"conv": 3, "padding": "same"}])
    shown = np.random.default_rng(1).normal(0, 1, (2, 3, 6, 5)).astype(np.float32)
    arrays = {name: np.zeros(array.shape, np.float32) for name, array in block.arrays(IMAGE).items()}

    np.testing.assert_array_equal(block.forward(shown, arrays), shown)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([], "holds no layers; give it some, or remove it."),
        (
            [{"conv": 4, "padding": "same"}],
            (
                "makes 6 x 5 x 4 of 6 x 5 x 3, and the two are added, which takes one size; give its last "
                'convolution or dense layer 3 channels, or give it shortcut = "padded".'
            ),
        ),
        (
            [{"conv": 2, "padding": "same", "stride": 2}],
            (
                "makes 3 x 3 x 2 of 6 x 5 x 3, and the two are added, which takes one size; use "
                'padding = "same" and no pooling in it, and end with 3 channels, or give it shortcut = "projection".'
            ),
        ),
        (
            [{"conv": 3}],
            (
                'makes 4 x 3 x 3 of 6 x 5 x 3, and the two are added, which takes one size; use padding = "same" '
                "and no pooling in it, and end with 3 channels."
            ),
        ),
    ],
)
def test_what_cannot_be_added_is_refused(layers, sentence):
    """With what to do about it."""
    assert [fault.sentence for fault in Residual(residual=layers).faults(IMAGE, 8)] == [sentence]


SHORTCUTS = [
    (
        {"residual": [{"conv": 3}], "shortcut": "projection"},
        (
            "makes 4 x 3 x 3 of 6 x 5 x 3, and a shortcut takes every pixel, or every second or third; "
            'use padding = "same" in it.'
        ),
    ),
    (
        {"residual": [{"conv": 2, "padding": "same"}], "shortcut": "padded"},
        (
            "makes 6 x 5 x 2 of 6 x 5 x 3, and a padded shortcut can only add channels; give it "
            'shortcut = "projection", or end with 3 channels or more.'
        ),
    ),
]


@pytest.mark.parametrize(("block", "sentence"), SHORTCUTS)
def test_a_shortcut_that_cannot_be_is_refused(block, sentence):
    """Pixels are taken at equal distances, and channels of the input are never dropped."""
    assert [fault.sentence for fault in Residual(**block).faults(IMAGE, 8)] == [sentence]


def test_a_block_without_a_shortcut_of_its_own_is_written_as_before():
    """So that the digests of runs stay."""
    assert Residual(**BLOCK).model_dump() == {"residual": tuple(one.model_dump() for one in Residual(**BLOCK).residual)}
    assert str(Residual(**BLOCK)).startswith("residual (conv 4, kernel 3, padding same, relu; batch norm; residual (")
    block = Residual(residual=[{"batch_norm": True}], shortcut="projection", activation="relu")
    assert str(block) == "residual (batch norm), projection shortcut, relu"


def test_the_layers_of_a_shortcut_leave_all_others_their_streams():
    """A variation of the shortcut starts from the same weights, but for those that it adds."""
    names = {}
    for shortcut in ("padded", "projection"):
        block = {"residual": [{"conv": 8, "padding": "same", "stride": 2}], "shortcut": shortcut}
        inner = {"residual": [block, {"conv": 3, "kernel": 1}], "shortcut": "projection"}
        network = Network(layers=[inner, {"conv": 4, "kernel": 1}, {"dense": "classes"}])
        drawn = initial_draws(network, IMAGE, CLASSES)
        names[shortcut] = [(name, shape) for name, shape in drawn if not name.startswith("shortcut-")]
        streams = {one.path: one.stream for one in every_layer(network, IMAGE, CLASSES) if one.stream}

    assert names["padded"] == names["projection"]
    assert streams == {
        "layers.0.residual.0.residual.0": "conv-0",
        "layers.0.residual.0.shortcut.0": "shortcut-conv-0",
        "layers.0.residual.1": "conv-1",
        "layers.0.shortcut.0": "shortcut-conv-1",
        "layers.1": "conv-2",
        "layers.2": "dense-0",
    }


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shortcut", ["padded", "projection"])
def test_a_shortcut_is_the_one_built_by_hand(shortcut, training):
    """Options A and B of He et al. 2016, forward and backward, by PyTorch's functions in float64; then NumPy's."""
    torch = pytest.importorskip("torch")
    from torch.nn import functional  # noqa: PLC0415

    from ceteris.engines.torch.batches import fill, weight_tensors  # noqa: PLC0415
    from ceteris.engines.torch.network import LayeredNetwork  # noqa: PLC0415

    inner = [{"conv": 5, "padding": "same", "stride": 2, "bias": False}, {"batch_norm": True}]
    block = {"residual": inner, "shortcut": shortcut, "activation": "tanh"}
    network = Network(layers=[block, {"dense": "classes"}])
    weights = trained(network)
    module = LayeredNetwork(network, IMAGE, CLASSES, seed=3)
    fill(weight_tensors(module), weights)
    module.double().train(training)
    by_hand = {name: torch.from_numpy(one).double() for name, one in weights.items()}
    for name, tensor in by_hand.items():
        tensor.requires_grad_("running" not in name)

    def normalised(values, name):
        """Normalise as PyTorch does."""
        arrays = [by_hand[f"{name}.{one}"] for one in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(values, *arrays, training=training)

    shown = torch.randn(6, 3, 6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    path = "layers.0.shortcut"
    passed = (
        torch.cat([shown[:, :, ::2, ::2], torch.zeros(6, 2, 3, 3, dtype=torch.float64)], dim=1)
        if shortcut == "padded"
        else normalised(functional.conv2d(shown, by_hand[f"{path}.0.weight"], stride=2), f"{path}.1")
    )
    convolved = functional.conv2d(shown, by_hand["layers.0.residual.0.weight"], stride=2, padding=1)
    joined = torch.tanh(passed + normalised(convolved, "layers.0.residual.1"))
    expected = functional.linear(joined.flatten(1), by_hand["layers.1.weight"], by_hand["layers.1.bias"])
    found = module(shown)
    found.square().sum().backward()
    expected.square().sum().backward()

    apart = rounding(400, 1e3, unit=DOUBLE)
    torch.testing.assert_close(found, expected, rtol=apart, atol=apart)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(parameter.grad, by_hand[name].grad, rtol=apart, atol=apart)
    if not training:
        outputs = layer_outputs(network, weights, shown.float().numpy())
        found = outputs[0].reshape(joined.shape)
        np.testing.assert_allclose(found, joined.detach(), rtol=0, atol=rounding(60, 5))
