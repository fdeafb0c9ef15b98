"""Batch normalisation."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np

from ceteris.networks.layer import Array, Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

EPSILON = 1e-5
"""Added to the variance: PyTorch's default, with which every engine trains."""


class BatchNorm(Layer):
    """Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) with PyTorch's defaults.

    Attributes:
        batch_norm: `true`; momentum is 0.1 and epsilon 1e-5.
    """

    key: ClassVar[str] = "batch_norm"

    batch_norm: Literal[True]

    def __str__(self) -> str:
        return "batch norm"

    def output(self, before: Shape) -> Shape:
        """Keep the size."""
        return before

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of 1 and a bias of 0 per channel, a running mean of 0 and a running variance of 1."""
        shape = (before.channels,)
        return {
            "weight": Array(shape=shape, value=1.0),
            "bias": Array(shape=shape),
            "running_mean": Array(shape=shape, is_trained=False),
            "running_var": Array(shape=shape, value=1.0, is_trained=False),
        }

    def multiply_adds(self, before: Shape) -> int:
        """One for each value."""
        return before.values

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A single value per channel in every minibatch, which has no variance."""
        if before.height * before.width == 1 and batch_size == 1:
            text = "sees one value per channel at batch_size = 1, and makes it 0; give batch_size = 2."
            yield Fault(sentence=text, blocks=False)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.BatchNorm1d` or `torch.nn.BatchNorm2d`."""
        kind = "BatchNorm1d" if is_flat else "BatchNorm2d"
        return (Module(kind=kind, arguments=(before.channels,), holds_arrays=True),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Normalise with the running statistics."""
        factor_c = arrays["weight"] / np.sqrt(arrays["running_var"] + np.float32(EPSILON))
        shift_c = arrays["bias"] - arrays["running_mean"] * factor_c
        normalised: Values = values_nchw * factor_c[:, None, None] + shift_c[:, None, None]
        return normalised
