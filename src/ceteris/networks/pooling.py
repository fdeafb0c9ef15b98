"""Pooling: one pixel of each square of pixels, or of the whole image."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ceteris.networks.layer import Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

Side = Annotated[int, Field(ge=1, le=255)]


class _Pool(Layer):
    """One pixel for each square; what does not fill a square is left out. The field that is called `key` is its side.

    Attributes:
        torch: The class of `torch.nn` that it is.
        stride: Distance of the squares, in pixels; their side if not given.
    """

    takes_images: ClassVar[bool] = True
    torch: ClassVar[str]
    later: ClassVar[frozenset[str]] = frozenset({"stride"})

    @property
    def _side(self) -> int:
        side: int = getattr(self, self.key)
        return side

    @property
    def step(self) -> int:
        """Distance of the squares, in pixels."""
        stride: int | None = getattr(self, "stride")  # noqa: B009 - a field of each kind, behind the one that opens it
        return stride or self._side

    def __str__(self) -> str:
        stride = f", stride {self.step}" if self.step != self._side else ""
        return f"{self.key.replace('_', ' ')} {self._side}{stride}"

    def output(self, before: Shape) -> Shape:
        """One pixel for each square."""
        height, width = ((side - self._side) // self.step + 1 for side in (before.height, before.width))
        return Shape(height, width, before.channels)

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A square larger than the image."""
        if self._side > before.side:
            size = f"an image of {before.height} x {before.width} pixels"
            yield Fault(sentence=f"sees {size}, smaller than its square; give {self.key} = {before.side} or less.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as a module of PyTorch."""
        keywords = {"stride": self.step} if self.step != self._side else {}
        return (Module(kind=self.torch, arguments=(self._side,), keywords=keywords),)

    def _pixels(self, values_nchw: Values) -> Iterator[Values]:
        """Yield one pixel of all squares after the other. Shape (n, c, squares down, squares across) each."""
        side, step = self._side, self.step
        bottom, right = (size - side + 1 for size in values_nchw.shape[2:])
        for y in range(side):
            for x in range(side):
                yield values_nchw[:, :, y : y + bottom : step, x : x + right : step]


class MaxPool(_Pool):
    """The largest value of each square of pixels; what does not fill a square is left out.

    Attributes:
        max_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "max_pool"
    torch: ClassVar[str] = "MaxPool2d"

    max_pool: Side
    stride: Side | None = None

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Take the largest of every pixel of a square."""
        first, *others = self._pixels(values_nchw)
        largest = first.copy()
        for pixel in others:
            np.maximum(largest, pixel, out=largest)
        return largest


class AveragePool(_Pool):
    """The mean of each square of pixels; what does not fill a square is left out.

    Attributes:
        average_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "average_pool"
    torch: ClassVar[str] = "AvgPool2d"

    average_pool: Side
    stride: Side | None = None

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Average the pixels of each square."""
        first, *others = self._pixels(values_nchw)
        total = first.copy()
        for pixel in others:
            total += pixel
        return total / np.float32(self.average_pool**2)


class GlobalAveragePool(Layer):
    """The mean of each channel, an image of one pixel (Lin et al. 2014, arXiv:1312.4400).

    Attributes:
        global_average_pool: `true`.
    """

    key: ClassVar[str] = "global_average_pool"
    takes_images: ClassVar[bool] = True

    global_average_pool: Literal[True]

    def __str__(self) -> str:
        return "global average pool"

    def output(self, before: Shape) -> Shape:
        """One pixel."""
        return Shape(1, 1, before.channels)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.AdaptiveAvgPool2d`."""
        return (Module(kind="AdaptiveAvgPool2d", arguments=(1,)),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Average all pixels of a channel."""
        means: Values = values_nchw.mean(axis=(2, 3), keepdims=True)
        return means
