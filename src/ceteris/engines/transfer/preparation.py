"""From images to what a pretrained backbone sees, as torchvision prepares them for its weights."""

# b = images of a minibatch, h, w, c = height, width, channels, r = resolution

import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from ceteris.networks.backbone import Backbone

VERSION = 1
"""Raised whenever the same image would be prepared differently, so that features kept before are not taken for new."""

# Mean and standard deviation of ImageNet's channels, by which torchvision normalises for all its weights.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

_INTERPOLATION = {
    Backbone.MOBILENET_V2: InterpolationMode.BILINEAR,
    Backbone.RESNET18: InterpolationMode.BILINEAR,
    Backbone.EFFICIENTNET_B0: InterpolationMode.BICUBIC,
}


def prepared(pixels_bhwc: Tensor, backbone: Backbone, resolution: int, dtype: torch.dtype) -> Tensor:
    """Resize whole images, without cropping them, and normalise their channels.

    Args:
        pixels_bhwc: Shape (b, h, w, 3), uint8.
        backbone: Which one is to see them.
        resolution: Side of the square that they become.
        dtype: Of what comes out.

    Returns:
        Shape (b, 3, r, r); in memory channels stay last, which convolutions like best.
    """
    resized = resized_images(pixels_bhwc, backbone, resolution)
    mean = 255 * torch.tensor(MEAN, device=pixels_bhwc.device)[:, None, None]
    deviation = 255 * torch.tensor(DEVIATION, device=pixels_bhwc.device)[:, None, None]
    return ((resized.float() - mean) / deviation).to(dtype, memory_format=torch.channels_last)


def resized_images(pixels_bhwc: Tensor, backbone: Backbone, resolution: int) -> Tensor:
    """Resize whole images to the square that a backbone sees. Shape (b, 3, r, r), uint8."""
    sides = [resolution, resolution]
    resized: Tensor = resize(pixels_bhwc.permute(0, 3, 1, 2), sides, _INTERPOLATION[backbone], antialias=True)
    return resized
