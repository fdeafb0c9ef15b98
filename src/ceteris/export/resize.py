"""Resizing as two products with matrices, which every format can hold: level for level what torchvision does."""

import numpy as np

from ceteris.networks.backbone import Backbone
from ceteris.networks.layer import Values

_CUBIC = -0.5
"""The coefficient of Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711, that torchvision and Pillow use."""

_HIGHEST = 2**15
"""Weights are whole multiples of a power of two, the largest below this: PyTorch keeps them in 16 bits."""


def resize_matrix(size: int, side: int, backbone: Backbone) -> Values:
    """Give the weights by which each pixel of a resized row is made of those of the row before it.

    PyTorch resizes uint8 images with antialiasing in whole numbers, first every row and then every column, and rounds
    to whole grey levels after each. All sums are exact in float32, so that the order of their terms does not matter.

    Args:
        size: Pixels of a row.
        side: Pixels that it becomes.
        backbone: EfficientNet is shown images resized with cubic weights, the others with linear ones.

    Returns:
        Each row adds up to nearly 1. Shape (side, size).

    Example:
        >>> resize_matrix(2, 4, Backbone.RESNET18)
        array([[1.  , 0.  ],
               [0.75, 0.25],
               [0.25, 0.75],
               [0.  , 1.  ]], dtype=float32)
    """
    step = size / side
    reach = (2 if backbone is Backbone.EFFICIENTNET_B0 else 1) * max(step, 1.0)
    weights = np.zeros((side, size))
    for place in range(side):
        centre = step * (place + 0.5)
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size)
        distance = np.abs((np.arange(first, last) - centre + 0.5) / max(step, 1.0))
        found = _cubic(distance) if backbone is Backbone.EFFICIENTNET_B0 else np.maximum(1 - distance, 0)
        weights[place, first:last] = found / found.sum()
    digits = next(digits for digits in range(22) if int(0.5 + weights.max() * 2 ** (digits + 1)) >= _HIGHEST)
    whole = np.trunc(weights * 2**digits + np.copysign(0.5, weights))
    exact: Values = (whole / 2**digits).astype(np.float32)
    return exact


def _cubic(distance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * _CUBIC
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
