"""Two-dimensional convolution."""

# n = images, c = channels, o = output channels, h, w = height, width, y, x = row and column in a kernel

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from ceteris.networks.layer import (
    ActivationName,
    Array,
    Fault,
    Layer,
    Module,
    Values,
    activated,
    modules_of,
    written_after,
)
from ceteris.networks.shape import Shape

_VALUES_IN_CACHE = 2**18
"""Values of unfolded windows that are multiplied together: 1 MiB, what the second cache of a core holds."""


class Padding(StrEnum):
    """What surrounds the image of a convolution: nothing, or enough zeros to keep its size."""

    NONE = "none"
    SAME = "same"


class Convolution(Layer):
    """A two-dimensional convolution with stride 1 and a bias, then an activation.

    Attributes:
        conv: Output channels.
        kernel: Side of the square kernel, in pixels.
        padding: `none`, or `same` (odd kernels only).
        activation: What follows the convolution; none if not given.
    """

    key: ClassVar[str] = "conv"
    stream: ClassVar[str | None] = "conv"
    takes_images: ClassVar[bool] = True

    conv: Annotated[int, Field(ge=1, le=4096)]
    kernel: Annotated[int, Field(ge=1, le=255)] = 3
    padding: Annotated[Padding, Field(strict=False)] = Padding.NONE
    activation: ActivationName = None

    def __str__(self) -> str:
        padding = ", padding same" if self.padding is Padding.SAME else ""
        return f"conv {self.conv}, kernel {self.kernel}{padding}{written_after(self.activation)}"

    @property
    def margin(self) -> int:
        """Zeros on each side of the image, in pixels."""
        return self.kernel // 2 if self.padding is Padding.SAME else 0

    def output(self, before: Shape) -> Shape:
        """Shrink the image by what the kernel does not reach."""
        shrink = 0 if self.padding is Padding.SAME else self.kernel - 1
        return Shape(before.height - shrink, before.width - shrink, self.conv)

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of shape (o, c, y, x) and a bias, drawn as `torch.nn.Conv2d` draws them."""
        fan_in = before.channels * self.kernel**2
        return {
            "weight": Array(shape=(self.conv, before.channels, self.kernel, self.kernel), fan_in=fan_in),
            "bias": Array(shape=(self.conv,), fan_in=fan_in),
        }

    def multiply_adds(self, before: Shape) -> int:
        """One for each weight at each pixel."""
        return self.output(before).values * before.channels * self.kernel**2

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A kernel larger than the image, or an even one that should keep its size."""
        if self.padding is Padding.SAME and self.kernel % 2 == 0:
            kernels = f"{self.kernel - 1} or {self.kernel + 1}"
            text = f'has an even kernel, and padding = "same" needs an odd one; give kernel = {kernels}.'
            yield Fault(sentence=text, blocks=False)
        if self.padding is Padding.NONE and self.kernel > before.side:
            size = f"an image of {before.height} x {before.width} pixels"
            text = f'sees {size}, smaller than its kernel; give kernel = {before.side} or less, or padding = "same".'
            yield Fault(sentence=text)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.Conv2d`."""
        keywords = {"padding": self.margin} if self.margin else {}
        arguments = (before.channels, self.conv, self.kernel)
        convolution = Module(kind="Conv2d", arguments=arguments, keywords=keywords, holds_arrays=True)
        return (convolution, *modules_of(self.activation))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Unfold the windows of a few images at a time, so that they stay in the cache, and multiply matrices."""
        weight_ocyx, margin = arrays["weight"], self.margin
        if margin:
            values_nchw = np.pad(values_nchw, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
        windows = sliding_window_view(values_nchw, weight_ocyx.shape[2:], axis=(2, 3))
        windows_ncyxhw = windows.transpose(0, 1, 4, 5, 2, 3)
        n, h, w, o = len(values_nchw), *windows_ncyxhw.shape[4:], len(weight_ocyx)
        weight_of = weight_ocyx.reshape(o, -1)  # f = c, y and x as one
        sums_nop = np.empty((n, o, h * w), np.float32)  # p = h and w as one
        at_once = max(1, _VALUES_IN_CACHE // (weight_of.shape[1] * h * w))
        for start in range(0, n, at_once):
            some_nfp = windows_ncyxhw[start : start + at_once].reshape(-1, weight_of.shape[1], h * w)
            np.matmul(weight_of, some_nfp, out=sums_nop[start : start + at_once])
        sums_nop += arrays["bias"][:, None]
        return activated(sums_nop.reshape(n, o, h, w), self.activation)
