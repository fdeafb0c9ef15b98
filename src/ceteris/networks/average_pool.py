"""Average pooling."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ceteris.networks.layer import Fault, Layer, Module, Values
from ceteris.networks.shape import Shape


class AveragePool(Layer):
    """The mean of each square of pixels; what does not fill a square is left out.

    Attributes:
        average_pool: Side of the squares, in pixels.
    """

    key: ClassVar[str] = "average_pool"
    takes_images: ClassVar[bool] = True

    average_pool: Annotated[int, Field(ge=1, le=255)]

    def __str__(self) -> str:
        return f"average pool {self.average_pool}"

    def output(self, before: Shape) -> Shape:
        """One pixel for each square."""
        return Shape(before.height // self.average_pool, before.width // self.average_pool, before.channels)

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A square larger than the image."""
        if self.average_pool > before.side:
            size = f"an image of {before.height} x {before.width} pixels"
            yield Fault(sentence=f"sees {size}, smaller than its square; give average_pool = {before.side} or less.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.AvgPool2d`."""
        return (Module(kind="AvgPool2d", arguments=(self.average_pool,)),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Average the pixels of each square."""
        side = self.average_pool
        n, c = values_nchw.shape[:2]
        h, w = values_nchw.shape[2] // side, values_nchw.shape[3] // side
        squares = values_nchw[:, :, : h * side, : w * side].reshape(n, c, h, side, w, side)
        return np.ascontiguousarray(squares.mean(axis=(3, 5), dtype=np.float32))
