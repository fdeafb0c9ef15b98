"""Two-dimensional convolution."""

# n = images, c = channels, o = output channels, g = groups, h, w = height, width, y, x = row and column in a kernel

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import BeforeValidator, Field

from ceteris.networks.activation import (
    SLOPE,
    ActivationName,
    Slope,
    activated,
    modules_of,
    slope_faults,
    written_after,
)
from ceteris.networks.layer import Array, Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

_VALUES_IN_CACHE = 2**18
"""Values of unfolded windows that are multiplied together: 1 MiB, what the second cache of a core holds."""

LARGEST_STRIDE = 255
"""Of a convolution, in pixels."""


class Padding(StrEnum):
    """What surrounds the image of a convolution: nothing, or enough zeros to keep its size at stride 1."""

    NONE = "none"
    SAME = "same"


# A margin of no pixels has one spelling, so that equal networks have one digest.
PaddingField = Annotated[
    Annotated[Padding, Field(strict=False)] | Annotated[int, Field(ge=0, le=255)],
    BeforeValidator(lambda padding: "none" if type(padding) is int and padding == 0 else padding),
]


class Convolution(Layer):
    """A two-dimensional convolution, then an activation.

    Attributes:
        conv: Output channels.
        kernel: Side of the square kernel, in pixels.
        padding: Zeros on each side of the image, in pixels; or `none`, or `same` for half of the kernel, which is odd.
        stride: Distance of the places where the kernel is put, in pixels.
        groups: Parts that the channels of input and output are divided into: a part of the output sees its part of the
            input only. As many as input channels make a depthwise convolution.
        bias: Whether a trained number is added to each output channel, which batch normalisation behind it does too.
        activation: What follows the convolution; none if not given.
        slope: Of leaky ReLU, for sums below 0.
    """

    key: ClassVar[str] = "conv"
    stream: ClassVar[str | None] = "conv"
    takes_images: ClassVar[bool] = True
    later: ClassVar[frozenset[str]] = frozenset({"stride", "groups", "bias", "slope"})

    conv: Annotated[int, Field(ge=1, le=4096)]
    kernel: Annotated[int, Field(ge=1, le=255)] = 3
    padding: PaddingField = Padding.NONE
    stride: Annotated[int, Field(ge=1, le=LARGEST_STRIDE)] = 1
    groups: Annotated[int, Field(ge=1, le=4096)] = 1
    bias: bool = True
    activation: ActivationName = None
    slope: Slope = SLOPE

    def __str__(self) -> str:
        settings = [f"conv {self.conv}", f"kernel {self.kernel}"]
        settings += [f"padding {self.padding}"] if self.padding is not Padding.NONE else []
        settings += [f"stride {self.stride}"] if self.stride > 1 else []
        settings += [f"groups {self.groups}"] if self.groups > 1 else []
        settings += [] if self.bias else ["no bias"]
        return f"{', '.join(settings)}{written_after(self.activation, self.slope)}"

    @property
    def margin(self) -> int:
        """Zeros on each side of the image, in pixels."""
        if isinstance(self.padding, Padding):
            return self.kernel // 2 if self.padding is Padding.SAME else 0
        return self.padding

    def output(self, before: Shape) -> Shape:
        """Count the places of the kernel in the image and its margin."""
        reach = 0 if self.padding is Padding.SAME else self.kernel - 1 - 2 * self.margin
        height, width = ((side - reach - 1) // self.stride + 1 for side in (before.height, before.width))
        return Shape(height, width, self.conv)

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of shape (o, c / g, y, x) and perhaps a bias, drawn as `torch.nn.Conv2d` draws them."""
        seen = before.channels // self.groups
        fan_in = seen * self.kernel**2
        weight = Array(shape=(self.conv, seen, self.kernel, self.kernel), fan_in=fan_in)
        return {"weight": weight, **({"bias": Array(shape=(self.conv,), fan_in=fan_in)} if self.bias else {})}

    def multiply_adds(self, before: Shape) -> int:
        """One for each weight at each pixel."""
        return self.output(before).values * (before.channels // self.groups) * self.kernel**2

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """Groups that do not divide; a kernel larger than the image; an even one that should keep its size."""
        yield from slope_faults(self.activation, self.slope)
        if before.channels % self.groups or self.conv % self.groups:
            common = math.gcd(before.channels, self.conv)
            divisor = max(number for number in range(1, min(self.groups, common) + 1) if common % number == 0)
            found = f"has groups = {self.groups}, {before.channels} channels before it and {self.conv} after it"
            yield Fault(sentence=f"{found}; give a number that divides both, for example {divisor}.")
            return
        if self.padding is Padding.SAME and self.kernel % 2 == 0:
            kernels = f"{self.kernel - 1} or {self.kernel + 1}"
            text = f'has an even kernel, and padding = "same" needs an odd one; give kernel = {kernels}.'
            yield Fault(sentence=text, blocks=False)
        margin = self.margin
        if margin >= self.kernel:
            found = f"has padding = {margin} and kernel = {self.kernel}, so that its outermost values see zeros alone"
            yield Fault(sentence=f"{found}; give padding = {self.kernel - 1} or less.", blocks=False)
        if self.padding is not Padding.SAME and self.kernel > before.side + 2 * margin:
            size = f"an image of {before.height} x {before.width} pixels"
            if margin:
                size += f" and padding of {margin} on each side"
            advice = f'give kernel = {before.side + 2 * margin} or less, or padding = "same"'
            yield Fault(sentence=f"sees {size}, smaller than its kernel; {advice}.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.Conv2d`."""
        usual = {"stride": 1, "padding": 0, "groups": 1, "bias": True}
        own = {"stride": self.stride, "padding": self.margin, "groups": self.groups, "bias": self.bias}
        keywords = {name: value for name, value in own.items() if value != usual[name]}
        arguments = (before.channels, self.conv, self.kernel)
        convolution = Module(kind="Conv2d", arguments=arguments, keywords=keywords, holds_arrays=True)
        return (convolution, *modules_of(self.activation, self.slope))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Unfold the windows of a few images at a time, so that they stay in the cache, and multiply matrices."""
        weight_ocyx, margin, g = arrays["weight"], self.margin, self.groups
        if margin:
            values_nchw = np.pad(values_nchw, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
        windows = sliding_window_view(values_nchw, weight_ocyx.shape[2:], axis=(2, 3))
        windows_ncyxhw = windows[:, :, :: self.stride, :: self.stride].transpose(0, 1, 4, 5, 2, 3)
        n, h, w, o = len(values_nchw), *windows_ncyxhw.shape[4:], len(weight_ocyx)
        weight_gof = weight_ocyx.reshape(g, o // g, -1)  # f = c, y and x as one
        sums_ngop = np.empty((n, g, o // g, h * w), np.float32)  # p = h and w as one
        at_once = max(1, _VALUES_IN_CACHE // (g * weight_gof.shape[2] * h * w))
        for start in range(0, n, at_once):
            some_ngfp = windows_ncyxhw[start : start + at_once].reshape(-1, g, weight_gof.shape[2], h * w)
            np.matmul(weight_gof, some_ngfp, out=sums_ngop[start : start + at_once])
        sums_nohw = sums_ngop.reshape(n, o, h, w)
        if self.bias:
            sums_nohw += arrays["bias"][:, None, None]
        return activated(sums_nohw, self.activation, self.slope)
