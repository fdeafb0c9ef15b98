"""A network of a study as standard modules of PyTorch, in order, and resizing as two products with matrices.

Both are what every format is written from; neither needs PyTorch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceteris.inference.ensemble import Ensemble
from ceteris.networks.backbone import Backbone
from ceteris.networks.layer import Module, Values
from ceteris.networks.placed import PlacedLayer, placed_layers

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


def resized(images_nhwc: NDArray[np.uint8], side: int, backbone: Backbone) -> NDArray[np.uint8]:
    """Resize images, shape (n, h, w, c), as exported networks do: two products with matrices, whole grey levels."""
    down, across = (resize_matrix(size, side, backbone) for size in images_nhwc.shape[1:3])
    rows = np.einsum("nhwc,sw->nhsc", images_nhwc.astype(np.float32), across, optimize=True)
    rows = np.floor(rows + np.float32(0.5)).clip(0, 255)
    found = np.floor(np.einsum("nhsc,th->ntsc", rows, down, optimize=True) + np.float32(0.5))
    return np.ascontiguousarray(found.clip(0, 255).astype(np.uint8))


def _cubic(distance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * _CUBIC
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One module of `torch.nn`, trained.

    Attributes:
        branches: What it is made with, if it is a layer that holds layers, by the names of its branches.
        join: How that layer combines what they make of its input.
    """

    module: Module
    arrays: Mapping[str, Values] = field(default_factory=dict)
    branches: "Mapping[str, tuple[Piece, ...]]" = field(default_factory=dict)
    join: Callable[[Mapping[str, Any]], Any] | None = None

    @property
    def definitions(self) -> frozenset[str]:
        """Python that defines what PyTorch lacks of it and of what is in it."""
        inner = (piece.definitions for branch in self.branches.values() for piece in branch)
        return frozenset({self.module.definition} - {""}).union(*inner)

    def source(self, indent: str) -> str:
        """Write Python that makes it, in lines that begin so."""
        if not self.branches:
            return f"{indent}{self.module},\n"
        inner = ""
        for branch, pieces in self.branches.items():
            within = "".join(piece.source(f"{indent}        ") for piece in pieces)
            end = f"(\n{within}{indent}    )" if within else "()"
            inner += f"{indent}    {branch}=nn.Sequential{end},\n"
        return f"{indent}{self.module.kind}(\n{inner}{indent}),\n"

    def named(self, prefix: str) -> dict[str, Values]:
        """Name the arrays of it and of what is in it, as PyTorch does."""
        found = {f"{prefix}.{name}": array for name, array in self.arrays.items()}
        for name, branch in self.branches.items():
            for index, piece in enumerate(branch):
                found |= piece.named(f"{prefix}.{name}.{index}")
        return found


def network_pieces(ensemble: Ensemble) -> tuple[Piece, ...]:
    """Write a network as modules that follow each other, from scaled images, or features, to class probabilities.

    Returns:
        The modules; of a network on a pretrained backbone those of its head. Scaling, which PyTorch has no module for,
        is not among them. An image stays an image up to the first dense layer, and is flattened there; no
        convolution or pooling comes after it.
    """
    assert len(ensemble.seeds) == 1, "one network"
    layers = placed_layers(ensemble.network, ensemble.image, len(ensemble.class_names))
    return (*_pieces(layers, ensemble.weights[0]), Piece(module=Module(kind="Softmax", arguments=(1,))))


def _pieces(layers: Sequence[PlacedLayer], weights: Mapping[str, Values]) -> Iterator[Piece]:
    for placed in layers:
        for module in placed.modules:
            names = placed.arrays if module.holds_arrays else ()
            arrays = {name.removeprefix(f"{placed.path}."): weights[name] for name in names}
            if module.holds_branches:
                branches = {name: tuple(_pieces(branch, weights)) for name, branch in placed.branches.items()}
                yield Piece(module=module, branches=branches, join=placed.layer.join)
            else:
                yield Piece(module=module, arrays=arrays)
