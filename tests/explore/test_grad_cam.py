import sys
from dataclasses import replace

import numpy as np
import pytest

from ceteris.engines.streams import initial_weights
from ceteris.explore.grad_cam import grad_cam
from ceteris.inference.ensemble import gather
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape

torch = pytest.importorskip("torch")


@pytest.fixture
def single(explorer):
    """Give one network of the trained study."""
    return gather(explorer.results, [explorer.finished["baseline"][0]])


def test_grad_cam_is_what_its_definition_says(explorer, single):
    """Maps of the last convolution, weighted by the mean gradient of the logit, summed, cut off at zero, enlarged."""
    pytest.importorskip("captum")
    from ceteris.export.torch_program import torch_module  # noqa: PLC0415 - needs torch

    image = explorer.images[4]
    found = grad_cam(single, image, 7)

    module = torch_module(single)
    maps = module[:7](torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None])).detach().requires_grad_()
    module[7:-1](maps)[0, 7].backward()
    weights = maps.grad.mean(dim=(2, 3), keepdim=True)
    expected = torch.relu((weights * maps).sum(dim=1, keepdim=True))
    expected = torch.nn.functional.interpolate(expected, (32, 32), mode="bilinear")[0, 0].detach().numpy()
    assert found.layer == "layer 4 (conv 4, kernel 5, padding same, tanh), its last convolution"
    assert found.grid == (15, 15)
    np.testing.assert_allclose(found.share, expected / expected.max(), atol=1e-5)


def test_grad_cam_of_a_residual_network_asks_its_last_block(explorer, single):
    """After the addition and the activation behind it: the first convolution, before all blocks, tells little."""
    pytest.importorskip("captum")
    block = {"residual": [{"conv": 4, "stride": 2, "padding": "same"}], "shortcut": "padded", "activation": "relu"}
    layers = [{"conv": 4, "padding": "same", "activation": "gelu"}, block, {"dense": "classes"}]
    network = Network(layers=layers)
    weights = initial_weights(network, Shape(32, 32, 3), 10, 1)
    found = grad_cam(replace(single, network=network, weights=(weights,)), explorer.images[4], 7)

    assert found.layer == "layer 2 (residual, padded shortcut, relu), its last block with a convolution"
    assert found.grid == (16, 16)


@pytest.fixture(params=["mobilenet_v2", "resnet18", "efficientnet_b0"])
def pretrained(request, tmp_path):
    """Give a network on a backbone of random weights, its last block trained further; images have 36 x 40 pixels."""
    pytest.importorskip("torchvision")
    from tests.inference.pretrained import fine_tuned  # noqa: PLC0415 - needs torch

    head = ({"dense": 5, "activation": "tanh"}, {"dense": "classes"})
    return fine_tuned(tmp_path, request.param, resolution=65, head=head)


def test_grad_cam_of_a_backbone_asks_its_last_block(pretrained):
    """The definition at the maps that the head sees averaged, with the weights that the run has trained."""
    pytest.importorskip("captum")
    from ceteris.engines.transfer.extraction import prepared  # noqa: PLC0415 - needs torch
    from ceteris.export.modules import resized  # noqa: PLC0415
    from ceteris.inference.backbone import trained_blocks  # noqa: PLC0415

    network, weights = pretrained.network, pretrained.weights[0]
    image = np.random.default_rng(1).integers(0, 256, (36, 40, 3), np.uint8)
    found = grad_cam(pretrained, image, 2)

    # As exported networks resize: without AVX torchvision does it otherwise, and a pixel may differ by one level.
    small = resized(image[None], network.resolution, network.backbone)
    values = prepared(torch.from_numpy(small), network.backbone, network.resolution, torch.float32)
    with torch.no_grad():
        maps = trained_blocks(pretrained.pretrained.blocks, weights)(values)
    maps = maps.requires_grad_()
    first, bias, second = (torch.from_numpy(weights[f"head.{name}"]) for name in ("0.weight", "0.bias", "1.weight"))
    (torch.tanh(maps.mean((2, 3)) @ first.T + bias) @ second.T)[0, 2].backward()
    expected = torch.relu((maps.grad.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True))
    expected = torch.nn.functional.interpolate(expected, (36, 40), mode="bilinear")[0, 0].detach().numpy()
    last = {"mobilenet_v2": "features.18", "resnet18": "layer4.1", "efficientnet_b0": "features.8"}[network.backbone]
    assert found.layer == f"{last}, its last block"
    assert found.grid == tuple(maps.shape[2:]) == (3, 3)
    np.testing.assert_allclose(found.share, expected / max(expected.max(), 1e-9), atol=1e-3)


def test_a_network_without_a_convolution_has_no_places(explorer, single):
    """The reason is said in place of a picture."""
    pytest.importorskip("captum")
    flat = replace(single, network=Network(layers=single.network.layers[-1:]), weights=(
        {"layers.0.weight": np.zeros((10, 3072), np.float32), "layers.0.bias": np.zeros(10, np.float32)},
    ))  # fmt: skip

    assert grad_cam(flat, explorer.images[0], 0) == "Grad-CAM needs a convolution, and this network has none."


def test_a_missing_package_is_said(explorer, single, monkeypatch):
    """What to install stands where the picture would."""
    monkeypatch.setitem(sys.modules, "captum.attr", None)

    assert grad_cam(single, explorer.images[0], 0) == (
        "Grad-CAM needs captum, which is not installed: `pip install torch captum`."
    )
