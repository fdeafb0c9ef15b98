import numpy as np
import pytest

from ceteris.export.modules import resize_matrix
from ceteris.networks.backbone import Backbone


@pytest.mark.parametrize("backbone", [Backbone.MOBILENET_V2, Backbone.EFFICIENTNET_B0])
@pytest.mark.parametrize("sizes", [(32, 32, 96), (33, 33, 33), (100, 60, 32), (17, 150, 64)])
def test_two_products_resize_as_torchvision_does(backbone, sizes):
    """Larger and smaller, linear and cubic: every grey level is the same, black and white edges too."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    from torchvision.transforms.v2 import InterpolationMode  # noqa: PLC0415 - needs torch
    from torchvision.transforms.v2.functional import resize  # noqa: PLC0415

    if backbone is Backbone.MOBILENET_V2 and "AVX" not in torch.backends.cpu.get_cpu_capability():
        pytest.skip("here torchvision resizes in float32")
    height, width, side = sizes
    images = np.random.default_rng(0).integers(0, 256, (4, 3, height, width), np.uint8)
    images[:2] = np.where(images[:2] > 127, 255, 0)

    rows = np.floor(images.astype(np.float32) @ resize_matrix(width, side, backbone).T + np.float32(0.5)).clip(0, 255)
    found = np.floor(resize_matrix(height, side, backbone) @ rows + np.float32(0.5)).clip(0, 255)

    mode = InterpolationMode.BICUBIC if backbone is Backbone.EFFICIENTNET_B0 else InterpolationMode.BILINEAR
    expected = resize(torch.from_numpy(images), [side, side], mode, antialias=True).numpy()
    np.testing.assert_array_equal(found, expected)
