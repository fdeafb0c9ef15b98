"""Normalisation of each image by itself, whatever else is in the minibatch: group and layer normalisation."""

# n stands for images, c for channels, h and w for height and width

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ceteris.networks.batch_norm import EPSILON
from ceteris.networks.layer import Array, Fault, Layer, Module, Values
from ceteris.networks.shape import Shape


class _SampleNorm(Layer):
    """Values of an image are shifted and scaled to mean 0 and variance 1, then by trained numbers."""

    def output(self, before: Shape) -> Shape:
        """Keep the size."""
        return before

    def multiply_adds(self, before: Shape) -> int:
        """One for each value."""
        return before.values


class GroupNorm(_SampleNorm):
    """Group normalisation (Wu and He 2018, arXiv:1803.08494) with PyTorch's defaults.

    Attributes:
        group_norm: Parts that the channels are divided into; each part of an image is normalised by itself. As many as
            channels make instance normalisation.
    """

    key: ClassVar[str] = "group_norm"

    group_norm: Annotated[int, Field(ge=1, le=4096)]

    def __str__(self) -> str:
        return f"group norm {self.group_norm}"

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of 1 and a bias of 0 per channel."""
        shape = (before.channels,)
        return {"weight": Array(shape=shape, value=1.0), "bias": Array(shape=shape)}

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """Groups that do not divide the channels, or that have one value each, which has no variance."""
        channels = before.channels
        if channels % self.group_norm:
            divisor = max(number for number in range(1, self.group_norm + 1) if channels % number == 0)
            found = f"sees {channels} channels, which {self.group_norm} groups do not divide"
            yield Fault(sentence=f"{found}; give group_norm = {divisor}.")
        elif before.values == self.group_norm:
            text = f"sees one value per group, and makes it 0; give fewer groups than {self.group_norm}."
            yield Fault(sentence=text, blocks=False)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.GroupNorm`."""
        return (Module(kind="GroupNorm", arguments=(self.group_norm, before.channels), holds_arrays=True),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Normalise each group of channels of each image."""
        n, *shape = values_nchw.shape
        normalised_nchw = _normalised(values_nchw.reshape(n, self.group_norm, -1)).reshape(n, *shape)
        return normalised_nchw * arrays["weight"][:, None, None] + arrays["bias"][:, None, None]


class LayerNorm(_SampleNorm):
    """Layer normalisation (Ba et al. 2016, arXiv:1607.06450) over channels, rows and columns, with PyTorch's defaults.

    Attributes:
        layer_norm: `true`; every value of an image has a weight and a bias of its own.
    """

    key: ClassVar[str] = "layer_norm"

    layer_norm: Literal[True]

    def __str__(self) -> str:
        return "layer norm"

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of 1 and a bias of 0 per value, each of shape (c, h, w)."""
        shape = (before.channels, before.height, before.width)
        return {"weight": Array(shape=shape, value=1.0), "bias": Array(shape=shape)}

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A single value, which has no variance."""
        if before.values == 1:
            yield Fault(sentence="sees one value of each image, and makes it 0; remove it.", blocks=False)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.LayerNorm`; rows of features are images of one pixel meanwhile."""
        shape = (before.channels, before.height, before.width)
        norm = Module(kind="LayerNorm", arguments=(shape,), holds_arrays=True)
        if not is_flat:
            return (norm,)
        return (Module(kind="Unflatten", arguments=(1, shape)), norm, Module(kind="Flatten"))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Normalise each image."""
        normalised_nchw = _normalised(values_nchw.reshape(len(values_nchw), -1)).reshape(values_nchw.shape)
        return normalised_nchw * arrays["weight"] + arrays["bias"]


def _normalised(values: Values) -> Values:
    """Normalise along the last axis; the variance is that of the values, as in PyTorch."""
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(EPSILON)))
