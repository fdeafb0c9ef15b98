"""Where each array of a network lies in the flat arrays of a compiled packed batch, and how it is turned round there.

Parameters keep PyTorch's names and shapes everywhere else. In the kernels, dense weights lie [feature][neuron] with the
features of an image in the order [row][channel][column]; all other arrays lie as PyTorch has them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One array of a network inside the flat array.

    Attributes:
        name: PyTorch's name, for example `layers.0.weight`.
        shape: PyTorch's shape.
        start: Place of its first number.
        features: Size of the image that a dense weight reads; None for arrays that keep their order.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    features: Shape | None

    @property
    def stop(self) -> int:
        """Place after its last number."""
        return self.start + math.prod(self.shape)

    def into_lanes(self, array: Floats) -> Floats:
        """Turn one array from PyTorch's order into the kernels', flat."""
        if self.features is None:
            return array.reshape(-1)
        image, neurons = self.features, self.shape[0]
        return array.reshape(neurons, image.channels, image.height, image.width).transpose(2, 1, 3, 0).reshape(-1)

    def from_lanes(self, flat: Floats) -> Floats:
        """Turn one array from the kernels' order into PyTorch's."""
        if self.features is None:
            return np.ascontiguousarray(flat.reshape(self.shape))
        image, neurons = self.features, self.shape[0]
        folded = flat.reshape(image.height, image.channels, image.width, neurons).transpose(3, 1, 0, 2)
        return np.ascontiguousarray(folded.reshape(self.shape))


@dataclass(frozen=True, kw_only=True)
class FlatLayout:
    """The learnt arrays and the batch-norm statistics of a network, each kind in one flat array."""

    learnt: tuple[Slot, ...]
    statistics: tuple[Slot, ...]


def layout(network: Network, image: Shape, classes: int) -> FlatLayout:
    """Lay out a network as `Network::finish` in `network.hpp` does: layer by layer, weights before biases."""
    learnt: list[Slot] = []
    statistics: list[Slot] = []
    for placed in placed_layers(network, image, classes):
        for name, array in placed.arrays.items():
            reads_image = placed.layer.flattens and name.endswith(".weight")
            slots = learnt if array.is_trained else statistics
            slots.append(_next(slots, name, array.shape, placed.before if reads_image else None))
    return FlatLayout(learnt=tuple(learnt), statistics=tuple(statistics))


def pack(slots: tuple[Slot, ...], arrays: Mapping[str, NDArray[np.generic]], prefix: str = "") -> Floats:
    """Put named arrays of one run into one flat array."""
    flat = np.zeros(slots[-1].stop if slots else 0, np.float32)
    for slot in slots:
        flat[slot.start : slot.stop] = slot.into_lanes(np.asarray(arrays[prefix + slot.name], np.float32))
    return flat


def unpack(slots: tuple[Slot, ...], flat: Floats, prefix: str = "") -> dict[str, Floats]:
    """Take one run's flat array apart into named arrays."""
    return {prefix + slot.name: slot.from_lanes(flat[slot.start : slot.stop]) for slot in slots}


def _next(slots: list[Slot], name: str, shape: tuple[int, ...], features: Shape | None) -> Slot:
    return Slot(name=name, shape=shape, start=slots[-1].stop if slots else 0, features=features)
