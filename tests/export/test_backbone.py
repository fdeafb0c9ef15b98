"""Exports of networks on a pretrained backbone."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
models = pytest.importorskip("torchvision.models")

from torchvision.models.efficientnet import MBConvConfig  # noqa: E402

from ceteris.datasets.weights import OFFICIAL_WEIGHTS  # noqa: E402
from ceteris.errors import ResultsError  # noqa: E402
from ceteris.export.card import backbone_inside, backbone_limits  # noqa: E402
from ceteris.export.check import (  # noqa: E402
    LARGEST_DIFFERENCE,
    ExportFormat,
    Rounding,
    as_exported,
    check,
)
from ceteris.export.modules import resized  # noqa: E402
from ceteris.export.onnx_model import onnx_model  # noqa: E402
from ceteris.export.safetensors_model import safetensors_loader, safetensors_weights  # noqa: E402
from ceteris.export.torch_program import torch_program  # noqa: E402
from ceteris.inference.ensemble import ensemble_probabilities  # noqa: E402
from ceteris.networks.shape import Shape  # noqa: E402
from tests.inference.pretrained import fine_tuned  # noqa: E402 - needs torch

HEAD = ({"dropout": 0.3}, {"dense": 5, "activation": "leaky_relu"}, {"dense": "classes"})


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet18", "efficientnet_b0"])
def ensemble(request, tmp_path_factory):
    """Give a network with random weights, its last block trained further: other numbers than the file has."""
    return fine_tuned(tmp_path_factory.mktemp("weights"), request.param, resolution=33, head=HEAD)


SMALL = {
    "mobilenet_v2": lambda: models.MobileNetV2(inverted_residual_setting=[[1, 16, 1, 1], [6, 24, 2, 2]]),
    "resnet18": models.resnet18,
    "efficientnet_b0": lambda: models.EfficientNet(
        [MBConvConfig(1, 3, 1, 32, 16, 1), MBConvConfig(6, 5, 2, 16, 24, 2)], dropout=0.2, last_channel=1280
    ),
}
"""The architectures, ResNet-18 whole and of the others blocks of every kind: PyTorch traces a whole one for seconds."""


@pytest.fixture(params=SMALL)
def small(request, tmp_path, monkeypatch):
    """Give a network as `ensemble` does, on a backbone of few blocks."""
    for module in ("ceteris.engines.transfer.backbone", "torchvision.models"):
        monkeypatch.setattr(f"{module}.{request.param}", SMALL[request.param])
    return fine_tuned(tmp_path, request.param, resolution=33, head=HEAD)


@pytest.fixture(scope="module")
def images():
    """Give images that are not square."""
    return np.random.default_rng(2).integers(0, 256, (5, 36, 40, 3), np.uint8)


WRITERS = {
    ExportFormat.ONNX: lambda ensemble: onnx_model(ensemble, {}),
    ExportFormat.TORCH: torch_program,
    ExportFormat.SAFETENSORS: safetensors_weights,
}


def test_every_format_says_what_the_network_says(small, images):
    """From uint8 images of the data's size to probabilities, resizing and backbone inside, to 1e-5."""
    expected, _ = as_exported(small, images, ensemble_probabilities(small, images)[0])

    assert np.ptp(expected, axis=0).max() > 5 * LARGEST_DIFFERENCE, (
        "a network that says one thing of all images would prove nothing"
    )
    for kind, write in WRITERS.items():
        if kind is not ExportFormat.ONNX or importlib.util.find_spec("onnxruntime"):
            assert check(kind, write(small), small, images, expected).difference <= LARGEST_DIFFERENCE


def test_the_loader_takes_the_architecture_from_torchvision(ensemble, images, tmp_path):
    """The Python file beside the weights needs torch, torchvision and safetensors, and is short."""
    loader = safetensors_loader(ensemble).decode()
    (tmp_path / "model.py").write_text(loader)
    (tmp_path / "model.safetensors").write_bytes(safetensors_weights(ensemble))
    specification = importlib.util.spec_from_file_location("exported_backbone", tmp_path / "model.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    with torch.no_grad():
        found = module.load()(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))).numpy()

    expected, _ = as_exported(ensemble, images, ensemble_probabilities(ensemble, images)[0])
    np.testing.assert_allclose(found, expected, rtol=0, atol=LARGEST_DIFFERENCE)
    assert "ceteris" not in loader
    assert len([line for line in loader.splitlines() if line and not line.startswith("        nn.")]) <= 33


def test_what_another_precision_changes_is_counted(ensemble, images):
    """A run on features of bfloat16 is exported in float32; how far that is from the run is told, not hidden."""
    frozen = ensemble.pretrained.network.model_copy(update={"train": "head"})
    exact = replace(ensemble, pretrained=replace(ensemble.pretrained, network=frozen))
    rough = replace(exact, pretrained=replace(exact.pretrained, precisions=("bfloat16",)))
    expected, told = (ensemble_probabilities(one, images)[0] for one in (exact, rough))
    expected, resizing = as_exported(exact, images, expected)

    found, rounding = as_exported(rough, images, told)

    np.testing.assert_array_equal(found, expected)
    assert rounding == Rounding(
        precision="bfloat16",
        levels=0 if resizing is None else 1,
        images=5,
        largest=float(np.abs(expected - told).max()),
        changed=int((expected.argmax(1) != told.argmax(1)).sum()),
    )
    assert rounding.largest > 0


def test_a_card_says_whose_weights_they_are(ensemble):
    """Torchvision's own by name, data set and licence; of other files that nothing is known of them."""
    pretrained = ensemble.pretrained
    backbone = pretrained.network.backbone
    own = pretrained.network.model_copy(update={"weights_sha256": OFFICIAL_WEIGHTS[backbone].sha256})
    other = pretrained.network.model_copy(update={"weights_sha256": "ab" * 32})

    first, licence = backbone_limits(replace(pretrained, network=own))
    (unknown,) = backbone_limits(replace(pretrained, network=other))

    assert f"torchvision's {backbone} with the weights {OFFICIAL_WEIGHTS[backbone].name} (SHA-256 " in first
    assert "trained on ImageNet-1k" in first
    assert "BSD-3-Clause" in licence
    assert unknown == (
        f"It is built on a {backbone} with pretrained weights from a file (SHA-256 {'ab' * 32}) that is not "
        "torchvision's own. Who trained them, on which images and under which licence is not known here: find out "
        "before you use it or pass it on."
    )
    assert backbone_inside(pretrained, Shape(32, 32, 3)).startswith("From there, resizing to 33 x 33 pixels (b")
    assert backbone_inside(pretrained, Shape(32, 32, 1)).startswith(
        "From there, copying the grey channel to three, resizing to 33 x 33 pixels (b"
    )


def test_a_processor_that_resizes_in_float32_gets_its_files_too(ensemble, images, monkeypatch):
    """Without AVX2 a resized pixel is off by one grey level at most, which is told; more is refused."""

    def resize_off_by(levels):
        for module in ("ceteris.engines.transfer.extraction", "ceteris.inference.backbone"):
            monkeypatch.setattr(f"{module}.resized_images", off_by(levels))

    def off_by(levels):
        def changed(pixels, backbone, resolution):
            if pixels.shape[1:3] == (resolution, resolution):  # is left as it is
                return pixels.permute(0, 3, 1, 2)
            side = torch.from_numpy(resized(pixels.numpy(), resolution, backbone)).permute(0, 3, 1, 2)
            return (side.int() + levels).clamp(0, 255).to(torch.uint8)

        return changed

    expected = ensemble_probabilities(ensemble, resized(images, 33, ensemble.network.backbone))[0]
    resize_off_by(0)
    assert as_exported(ensemble, images, expected) == (expected, None)

    resize_off_by(1)
    told = ensemble_probabilities(ensemble, images)[0]
    found, rounding = as_exported(ensemble, images, told)
    assert rounding.levels == 1
    assert rounding.largest == float(np.abs(found - told).max()) > 0

    resize_off_by(2)
    with pytest.raises(ResultsError) as error:
        as_exported(ensemble, images, told)
    assert str(error.value) == (
        "images that the exported network resizes differ by 2 grey levels from those of the run, expected at most 1. "
        "Nothing was exported; install another version of torchvision."
    )
