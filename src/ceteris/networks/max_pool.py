"""Max pooling."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ceteris.networks.layer import Fault, Layer, Module, Values
from ceteris.networks.shape import Shape


class MaxPool(Layer):
    """The largest value of each square of pixels; what does not fill a square is left out.

    Attributes:
        max_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "max_pool"
    takes_images: ClassVar[bool] = True

    max_pool: Annotated[int, Field(ge=1, le=255)]

    def __str__(self) -> str:
        return f"max pool {self.max_pool}"

    def output(self, before: Shape) -> Shape:
        """One pixel for each square."""
        return Shape(before.height // self.max_pool, before.width // self.max_pool, before.channels)

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A square larger than the image."""
        if self.max_pool > before.side:
            size = f"an image of {before.height} x {before.width} pixels"
            yield Fault(sentence=f"sees {size}, smaller than its square; give max_pool = {before.side} or less.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.MaxPool2d`."""
        return (Module(kind="MaxPool2d", arguments=(self.max_pool,)),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Take the largest of every pixel of a square, one pixel of all squares after the other."""
        side = self.max_pool
        h, w = values_nchw.shape[2] // side * side, values_nchw.shape[3] // side * side
        largest = values_nchw[:, :, :h:side, :w:side].copy()
        for y in range(side):
            for x in range(side):
                np.maximum(largest, values_nchw[:, :, y:h:side, x:w:side], out=largest)
        return largest
