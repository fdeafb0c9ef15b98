import pytest

from ceteris.engines.streams import initial_weights
from ceteris.errors import StudyError
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from tests.rounding import DOUBLE, rounding

IMAGE = Shape(9, 7, 6)
SETTINGS = [
    {"stride": 2},
    {"stride": 3, "padding": "same"},
    {"kernel": 5, "padding": "same", "stride": 2},
    {"kernel": 4, "padding": 3},
    {"kernel": 2, "groups": 3, "bias": False},
    {"groups": 6, "padding": 1, "stride": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_forward_and_backward_are_those_of_pytorch(settings):
    """In float64, with the sizes, arrays and multiply-adds that are computed without PyTorch."""
    torch = pytest.importorskip("torch")
    from ceteris.engines.torch.batches import fill, weight_tensors  # noqa: PLC0415
    from ceteris.engines.torch.network import LayeredNetwork  # noqa: PLC0415

    layer = Convolution(conv=6, **settings)
    weights = initial_weights(Network(layers=[layer]), IMAGE, 10, seed=1)
    network = LayeredNetwork(Network(layers=[layer]), IMAGE, 10, seed=1)
    fill(weight_tensors(network), weights)
    network.double()
    by_hand = {
        name.rpartition(".")[2]: torch.from_numpy(one).double().requires_grad_() for name, one in weights.items()
    }
    pairs = [torch.randn(2, 6, 9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    shown, other = (one.requires_grad_() for one in pairs)
    margin = {"same": layer.kernel // 2, "none": 0}.get(layer.padding, layer.padding)

    found = network.layers(shown)
    expected = torch.nn.functional.conv2d(other, **by_hand, stride=layer.stride, padding=margin, groups=layer.groups)
    found.square().sum().backward()
    expected.square().sum().backward()

    after, apart = layer.output(IMAGE), rounding(150, 1e3, unit=DOUBLE)
    assert expected.shape == (2, after.channels, after.height, after.width)
    assert layer.multiply_adds(IMAGE) == after.height * after.width * by_hand["weight"].numel()
    torch.testing.assert_close(found, expected, rtol=apart, atol=apart)
    torch.testing.assert_close(shown.grad, other.grad, rtol=apart, atol=apart)
    for name, parameter in network.layers[0].named_parameters():
        torch.testing.assert_close(parameter.grad, by_hand[name].grad, rtol=apart, atol=apart)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"groups": 4},
            "has groups = 4, 6 channels before it and 8 after it; give a number that divides both, for example 2.",
        ),
        (
            {"kernel": 12, "padding": 2},
            (
                "sees an image of 9 x 7 pixels and padding of 2 on each side, smaller than its kernel; "
                'give kernel = 11 or less, or padding = "same".'
            ),
        ),
        (
            {"padding": 3},
            "has padding = 3 and kernel = 3, so that its outermost values see zeros alone; give padding = 2 or less.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(settings, sentence):
    """With what to do about it."""
    assert [fault.sentence for fault in Convolution(conv=8, **settings).faults(IMAGE, 8)] == [sentence]


def test_a_margin_of_no_pixels_is_no_padding():
    """Equal networks are written alike."""
    assert Convolution(conv=8, padding=0) == Convolution(conv=8)
    assert Convolution(conv=8, padding=0).padding is Padding.NONE


def test_padding_is_a_word_or_pixels():
    """A slip is answered with all that it may be."""
    with pytest.raises(StudyError) as caught:
        Convolution(conv=8, padding="sane")

    expected = '"none", "same" or an integer from 0 to 255; did you mean "same"?'
    assert str(caught.value) == f'padding = "sane" must be {expected}'
