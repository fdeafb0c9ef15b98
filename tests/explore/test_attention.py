import sys
from dataclasses import replace

import numpy as np
import pytest

from ceteris.explore.attention import grad_cam
from ceteris.networks.network import Network
from ceteris.prediction.ensemble import gather

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
    assert found.layer == "layer 4 (conv 4, kernel 5, padding same, tanh)"
    np.testing.assert_allclose(found.share, expected / expected.max(), atol=1e-5)


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
