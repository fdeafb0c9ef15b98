import os

import pytest
import torch
from torchvision import models

from ceteris.engines.transfer.backbone import folded, load_backbone, pooled
from ceteris.errors import DataError
from ceteris.networks.backbone import BLOCKS, FEATURES, Backbone
from tests.rounding import rounding

IMAGES = torch.linspace(-2, 2, 2 * 3 * 64 * 64).reshape(2, 3, 64, 64).sin()
ADVICE = "Give a file that torch.save wrote of a state dict, as torchvision offers them."


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch /tmp/ceteris-was-here",)


@pytest.mark.parametrize("backbone", Backbone)
def test_gives_the_features_of_torchvision(tmp_path, backbone):
    """With the same weights: block by block, folded or not, as many features as the head expects.

    In float64: a hundred layers of random weights blow up what float32 rounds differently from machine to machine.
    """
    torch.manual_seed(5)
    whole = getattr(models, backbone.value)().eval()
    for module in whole.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    if backbone is Backbone.RESNET18:
        whole.fc = torch.nn.Identity()
    else:
        whole.classifier = torch.nn.Identity()

    network, whole, images = load_backbone(tmp_path / "weights.pth", backbone).double(), whole.double(), IMAGES.double()
    with torch.no_grad():
        expected, found = whole(images), pooled(network(images))
        found_folded = pooled(folded(network)(images))

    assert len(network) == BLOCKS[backbone]
    assert found.shape == (2, FEATURES[backbone])
    for features in (found, found_folded):
        # `pooled` averages in float32: four pixels, each rounded before.
        torch.testing.assert_close(features.double(), expected, rtol=rounding(5), atol=1e-9)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


def missing(state):
    """Forget one tensor."""
    del state["features.0.0.weight"]
    return state


def narrow(state):
    """Cut one tensor."""
    return state | {"features.0.0.weight": state["features.0.0.weight"][:16]}


def infinite(state):
    """Spoil one tensor."""
    return state | {"features.0.1.bias": torch.full((32,), torch.inf)}


def entire(_):
    """Save the network instead of its state."""
    return models.mobilenet_v2()


def another(_):
    """Save the state of another network."""
    return models.resnet18().state_dict()


def numbers(_):
    """Save something else altogether."""
    return [1, 2]


MORE = f" holds more than tensors, perhaps code, which is not run. {ADVICE}"
OTHER = "so these are not the weights of mobilenet_v2. Name the weights of mobilenet_v2, or change network.backbone."
WRONG = {
    entire: MORE,
    (lambda state: state | {"x": Evil()}): MORE,
    (lambda state: {"model": state}): f" holds a dict, expected a state dict: tensors by name. {ADVICE}",
    numbers: f" holds a list, expected a state dict: tensors by name. {ADVICE}",
    missing: f" has no features.0.0.weight, {OTHER}",
    another: f" has no features.0.0.weight, features.0.1.weight, features.0.1.bias and 257 more, {OTHER}",
    narrow: (
        ": features.0.0.weight has shape (16, 3, 3, 3), expected (32, 3, 3, 3) for mobilenet_v2. Name the weights of "
        "torchvision's mobilenet_v2, of the usual width."
    ),
    infinite: ": features.0.1.bias holds values that are not finite. Bring an intact file.",
}


@pytest.mark.parametrize("spoil", WRONG)
def test_says_what_is_wrong_with_a_file(tmp_path, weights, spoil):
    """One sentence each, and nothing in the file is run."""
    path = tmp_path / "wrong.pth"
    torch.save(spoil(torch.load(weights, weights_only=True)), path)

    with pytest.raises(DataError) as caught:
        load_backbone(path, Backbone.MOBILENET_V2)

    assert str(caught.value) == f"{path}{WRONG[spoil]}"
    assert not os.path.exists("/tmp/ceteris-was-here")  # noqa: S108, PTH110 - what the file would do if it were run


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", b"PK\x03\x04 and no more"])
def test_a_file_of_something_else_is_told(tmp_path, content):
    """A web page, an empty file, the beginning of an archive."""
    path = tmp_path / "weights.pth"
    path.write_bytes(content)

    with pytest.raises(DataError) as caught:
        load_backbone(path, Backbone.MOBILENET_V2)

    assert str(caught.value).startswith(f"{path} ")
    assert str(caught.value).endswith(ADVICE)


def test_a_truncated_file_is_told(tmp_path, weights):
    """Half of the bytes is as good as none."""
    path = tmp_path / "weights.pth"
    path.write_bytes(weights.read_bytes()[:5_000_000])

    with pytest.raises(DataError) as caught:
        load_backbone(path, Backbone.MOBILENET_V2)

    assert str(caught.value) == f"{path} is cut short or damaged, or no file of PyTorch. {ADVICE}"
