"""Pooling: one pixel of each square of pixels."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ceteris.networks.layer import Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

Side = Annotated[int, Field(ge=1, le=255)]


class _Pool(Layer):
    """One pixel for each square; what does not fill a square is left out. The field that is called `key` is its side.

    Attributes:
        torch: The class of `torch.nn` that it is.
    """

    takes_images: ClassVar[bool] = True
    torch: ClassVar[str]

    @property
    def _side(self) -> int:
        side: int = getattr(self, self.key)
        return side

    def __str__(self) -> str:
        return f"{self.key.replace('_', ' ')} {self._side}"

    def output(self, before: Shape) -> Shape:
        """One pixel for each square."""
        return Shape(before.height // self._side, before.width // self._side, before.channels)

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A square larger than the image."""
        if self._side > before.side:
            size = f"an image of {before.height} x {before.width} pixels"
            yield Fault(sentence=f"sees {size}, smaller than its square; give {self.key} = {before.side} or less.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as a module of PyTorch."""
        return (Module(kind=self.torch, arguments=(self._side,)),)


class MaxPool(_Pool):
    """The largest value of each square of pixels; what does not fill a square is left out.

    Attributes:
        max_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "max_pool"
    torch: ClassVar[str] = "MaxPool2d"

    max_pool: Side

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Take the largest of every pixel of a square, one pixel of all squares after the other."""
        side = self.max_pool
        h, w = values_nchw.shape[2] // side * side, values_nchw.shape[3] // side * side
        largest = values_nchw[:, :, :h:side, :w:side].copy()
        for y in range(side):
            for x in range(side):
                np.maximum(largest, values_nchw[:, :, y:h:side, x:w:side], out=largest)
        return largest


class AveragePool(_Pool):
    """The mean of each square of pixels; what does not fill a square is left out.

    Attributes:
        average_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "average_pool"
    torch: ClassVar[str] = "AvgPool2d"

    average_pool: Side

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Average the pixels of each square."""
        side = self.average_pool
        n, c = values_nchw.shape[:2]
        h, w = values_nchw.shape[2] // side, values_nchw.shape[3] // side
        squares = values_nchw[:, :, : h * side, : w * side].reshape(n, c, h, side, w, side)
        return np.ascontiguousarray(squares.mean(axis=(3, 5), dtype=np.float32))
