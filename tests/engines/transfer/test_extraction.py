import copy

import numpy as np
import pytest
import torch

from ceteris.engines.transfer.backbone import load_backbone, pooled
from ceteris.engines.transfer.extraction import Extractor, prepared
from ceteris.networks.backbone import Backbone
from tests.rounding import rounding


@pytest.fixture(scope="module")
def network(weights):
    """The backbone, loaded once."""
    return load_backbone(weights, Backbone.MOBILENET_V2)


def features(network, images, *, precision="float32", threads=1, mirrored=False):
    """Extract features of images at 64 x 64."""
    extractor = Extractor(
        network=network,
        backbone=Backbone.MOBILENET_V2,
        resolution=64,
        precision=precision,
        device="cpu",
        threads=threads,
    )
    out = np.full((len(images), 1280), np.nan, np.float32)
    assert list(extractor.extract(images, out, mirrored=mirrored))[-1] == len(images)
    return out


def test_features_are_the_networks_own(network, split):
    """Folded, channels last and in minibatches, they are what the plain network gives; in float64, to float32."""
    images, exact = split.training.images, copy.deepcopy(network).double()
    with torch.no_grad():
        pixels = prepared(torch.from_numpy(images.copy()), Backbone.MOBILENET_V2, 64, torch.float64)
        expected = pooled(exact(pixels)).numpy()

    # Both average over the image in float32: four pixels, each rounded before.
    found = features(exact, images, precision="float64")
    np.testing.assert_allclose(found, expected, rtol=2 * rounding(5), atol=1e-9)


def test_grey_images_are_seen_as_three_equal_channels(network, split):
    """The features of one channel are those of the same image in colour."""
    grey = np.ascontiguousarray(split.training.images[..., :1])

    assert np.array_equal(features(network, grey), features(network, grey.repeat(3, axis=3)))


def test_threads_change_no_bit(network, split):
    """Each minibatch is computed on one core, however many there are."""
    images = split.training.images

    assert np.array_equal(features(network, images), features(network, images, threads=3))


def test_a_mirrored_view_is_that_of_mirrored_images(network, split):
    """Left and right are swapped before anything else."""
    images = split.training.images
    mirrored = np.ascontiguousarray(images[:, :, ::-1])

    assert np.array_equal(features(network, images, mirrored=True), features(network, mirrored))
    assert not np.array_equal(features(network, images, mirrored=True), features(network, images))


def test_the_error_of_a_precision_is_measured(network, split):
    """Bfloat16 has eight bits: some hundredths off, never nothing; float32 is off by nothing."""
    errors = {
        precision: Extractor(
            network=network,
            backbone=Backbone.MOBILENET_V2,
            resolution=64,
            precision=precision,
            device="cpu",
            threads=1,
        ).precision_error(split.training.images)
        for precision in ("float32", "bfloat16")
    }

    assert errors["float32"] == 0
    assert 0.001 < errors["bfloat16"] < 0.2


def test_pixels_are_normalised_as_torchvision_does():
    """A grey image of ImageNet's mean becomes zeros; the size is the resolution."""
    image = np.broadcast_to(np.round(255 * np.array([0.485, 0.456, 0.406])), (1, 8, 8, 3)).astype(np.uint8)

    values = prepared(torch.from_numpy(image.copy()), Backbone.RESNET18, 24, torch.float32)

    assert values.shape == (1, 3, 24, 24)
    assert values.abs().max() < 0.01
