import numpy as np
import pytest

from ceteris.engines.streams import initial_weights
from ceteris.errors import StudyError
from ceteris.inference.forward import class_probabilities
from ceteris.networks.cost import network_cost
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer, placed_layers
from ceteris.networks.presets.choice import PRESETS, PresetName, PresetNetwork, expanded
from ceteris.networks.residual import Residual
from ceteris.networks.shape import Shape
from ceteris.study.specification import Baseline
from ceteris.training.training import Training

COLOUR, GREY = Shape(32, 32, 3), Shape(28, 28, 1)


def preset(name, **settings):
    """Expand a preset."""
    return expanded(PresetNetwork(preset=name, **settings))


def parameters(network, image=COLOUR, classes=10):
    """Count the parameters of a network."""
    return network_cost(network, image, classes).parameters


def test_every_preset_has_a_name_that_a_study_may_give():
    """And no name stands for nothing."""
    assert list(PRESETS) == list(PresetName)


@pytest.mark.parametrize("name", PresetName)
@pytest.mark.parametrize("image", [COLOUR, GREY], ids=["colour", "grey"])
def test_presets_fit_small_images(name, image):
    """Without a fault, of one channel or three; untrained, they give probabilities of ten classes."""
    network = preset(name, **({"width": 4} if PRESETS[name].width else {}))
    layers = every_layer(network, image, 10)
    shown = np.random.default_rng(0).normal(0, 1, (2, image.channels, image.height, image.width)).astype(np.float32)

    assert [fault.sentence for one in layers for fault in one.layer.faults(one.before, 32)] == []
    assert class_probabilities(network, initial_weights(network, image, 10, 0), shown).shape == (2, 10)


@pytest.mark.parametrize(
    ("depth", "count"), [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)]
)
def test_residual_networks_have_the_parameters_of_the_paper(depth, count):
    """0.27, 0.46, 0.66, 0.85 and 1.7 million, table 6 of He et al. 2016."""
    assert parameters(preset("resnet20", depth=depth)) == count


def test_a_residual_network_is_as_deep_as_its_name_says():
    """Convolutions and dense layers are counted, and the images halve where channels double."""
    network = preset("resnet20")
    keys = [one.layer.key for one in every_layer(network, COLOUR, 10)]
    blocks = [one.after for one in placed_layers(network, COLOUR, 10) if isinstance(one.layer, Residual)]

    assert keys.count("conv") + keys.count("dense") == 20
    assert [str(after) for after in blocks] == ["32 x 32 x 16"] * 3 + ["16 x 16 x 32"] * 3 + ["8 x 8 x 64"] * 3


def test_lenet_has_the_layers_of_the_paper():
    """61,706 parameters on digits of 28 x 28 pixels, with a full second convolution."""
    assert parameters(preset("lenet5"), GREY) == 61_706


@pytest.mark.parametrize(
    ("name", "trained_layers"), [("lenet5", 5), ("vgg8", 8), ("resnet9", 9), ("mobilenet_small", 12)]
)
def test_other_presets_are_as_deep_as_they_say(name, trained_layers):
    """Convolutions and dense layers are counted; convolutions within blocks too."""
    keys = [one.layer.key for one in every_layer(preset(name), COLOUR, 10)]

    assert keys.count("conv") + keys.count("dense") == trained_layers


def test_width_multiplies_all_channels():
    """But those of the image and of the classes."""
    one, two = (placed_layers(preset("resnet9", width=width), COLOUR, 10)[:-1] for width in (4, 8))

    assert [2 * layer.after.channels for layer in one] == [layer.after.channels for layer in two]


def test_a_study_holds_the_layers_that_a_preset_expands_to():
    """So that the digest of a run is theirs, and paths lead to them."""
    table = {"preset": "resnet20", "width": 2, "depth": 8, "initialisation": "he"}
    baseline = Baseline(network=table, training=Training())

    assert isinstance(baseline.network, Network)
    written = baseline.model_dump()["network"]
    assert set(written) == {"layers", "initialisation"}
    assert Baseline(network=written, training=Training()) == baseline


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"preset": "resnet-20"},
            (
                'network.preset = "resnet-20" must be "lenet5", "vgg8", "resnet20", "resnet9" or "mobilenet_small"; '
                'did you mean "resnet20"?'
            ),
        ),
        ({"preset": "lenet5", "width": 8}, 'network: preset = "lenet5" has no width to choose; remove width = 8.'),
        ({"preset": "vgg8", "depth": 9}, 'network: preset = "vgg8" has no depth to choose; remove depth = 9.'),
        (
            {"preset": "resnet20", "depth": 18},
            (
                'network: preset = "resnet20" has no depth = 18, its depths are 8, 14, 20 and so on to 110; '
                "give depth = 20."
            ),
        ),
        ({"preset": "resnet20", "width": 0}, "network.width = 0 must be an integer from 1 to 512."),
        ({"preset": "resnet20", "widht": 8}, "network: unknown key 'widht'; did you mean 'width'?"),
    ],
)
def test_what_no_preset_has_is_refused(table, sentence):
    """With what is nearest to it."""
    with pytest.raises(StudyError) as caught:
        Baseline(network=table, training=Training())

    assert str(caught.value) == sentence
