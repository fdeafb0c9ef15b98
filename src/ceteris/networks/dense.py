"""Fully connected layer."""

# n stands for images, o for neurons

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

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


class Dense(Layer):
    """A fully connected layer with a bias, then an activation; an image before it is flattened.

    Attributes:
        dense: Neurons, or `"classes"` for as many as the data has classes.
        activation: What follows; none if not given. The softmax belongs to the loss.
        slope: Of leaky ReLU, for sums below 0.
    """

    key: ClassVar[str] = "dense"
    stream: ClassVar[str | None] = "dense"
    flattens: ClassVar[bool] = True
    later: ClassVar[frozenset[str]] = frozenset({"slope"})

    dense: Annotated[int, Field(ge=1, le=65536)] | Literal["classes"]
    activation: ActivationName = None
    slope: Slope = SLOPE

    def __str__(self) -> str:
        return f"dense {self.dense}{written_after(self.activation, self.slope)}"

    @property
    def neurons(self) -> int:
        """Its neurons, of a resolved layer."""
        assert self.dense != "classes", "resolved"
        return self.dense

    def resolved(self, classes: int) -> Self:
        """Put a number in the place of `"classes"`."""
        return self.model_copy(update={"dense": classes}) if self.dense == "classes" else self

    def output(self, before: Shape) -> Shape:
        """One pixel with a channel for each neuron."""
        return Shape(1, 1, self.neurons)

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """A weight of shape (o, inputs) and a bias, drawn as `torch.nn.Linear` draws them.

        Inputs lie in the order (channel, row, column).
        """
        fan_in = before.values
        return {
            "weight": Array(shape=(self.neurons, fan_in), fan_in=fan_in),
            "bias": Array(shape=(self.neurons,), fan_in=fan_in),
        }

    def multiply_adds(self, before: Shape) -> int:
        """One for each weight."""
        return self.neurons * before.values

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A slope that nothing has."""
        yield from slope_faults(self.activation, self.slope)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as `torch.nn.Linear`, after `torch.nn.Flatten` where images come in."""
        linear = Module(kind="Linear", arguments=(before.values, self.neurons), holds_arrays=True)
        flatten = () if is_flat else (Module(kind="Flatten"),)
        return (*flatten, linear, *modules_of(self.activation, self.slope))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Multiply flat images by the weight."""
        sums_no = values_nchw.reshape(len(values_nchw), -1) @ arrays["weight"].T + arrays["bias"]
        return activated(sums_no[:, :, None, None], self.activation, self.slope)
