"""Dropout."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.networks.layer import Layer, Module, Values
from ceteris.networks.shape import Shape


class Dropout(Layer):
    """During training, each value is zeroed with some probability p, and the others are multiplied by 1 / (1 - p).

    Attributes:
        dropout: The probability.
    """

    key: ClassVar[str] = "dropout"
    stream: ClassVar[str | None] = "dropout"

    dropout: Annotated[float, Field(ge=0, lt=1)]

    def __str__(self) -> str:
        return f"dropout {self.dropout:g}"

    def output(self, before: Shape) -> Shape:
        """Keep the size."""
        return before

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.Dropout`."""
        return (Module(kind="Dropout", arguments=(self.dropout,)),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Drop nothing."""
        return values_nchw
