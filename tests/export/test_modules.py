import numpy as np
import pytest

from ceteris.export.check import LARGEST_LEVELS
from ceteris.export.modules import resized
from ceteris.networks.backbone import Backbone


@pytest.mark.parametrize("backbone", [Backbone.MOBILENET_V2, Backbone.EFFICIENTNET_B0])
@pytest.mark.parametrize("sizes", [(32, 32, 96), (33, 33, 33), (100, 60, 32), (17, 150, 64)])
def test_two_products_resize_as_torchvision_does(backbone, sizes):
    """Larger and smaller, linear and cubic: every grey level is the same; without AVX, in float32, nearly so."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    from torchvision.transforms.v2 import InterpolationMode  # noqa: PLC0415 - needs torch
    from torchvision.transforms.v2.functional import resize  # noqa: PLC0415

    height, width, side = sizes
    images = np.random.default_rng(0).integers(0, 256, (4, 3, height, width), np.uint8)
    images[:2] = np.where(images[:2] > 127, 255, 0)

    found = resized(images.transpose(0, 2, 3, 1), side, backbone).transpose(0, 3, 1, 2).astype(np.int16)

    mode = InterpolationMode.BICUBIC if backbone is Backbone.EFFICIENTNET_B0 else InterpolationMode.BILINEAR
    expected = resize(torch.from_numpy(images), [side, side], mode, antialias=True).numpy()
    is_whole = backbone is Backbone.EFFICIENTNET_B0 or "AVX" in torch.backends.cpu.get_cpu_capability()
    assert np.abs(found - expected).max() <= (0 if is_whole else LARGEST_LEVELS)
