"""Residual block."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import Field

from ceteris.networks.layer import Array, Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

if TYPE_CHECKING:
    LayerField = Layer  # the union of all kinds, which `kinds.py` puts in once they are there

_DEFINITION = """\
class Residual(nn.Sequential):
    def forward(self, values):
        return values + super().forward(values).reshape(values.shape)
"""


class Residual(Layer):
    """Layers whose output is added to their input (He et al. 2016, arXiv:1512.03385); both must have one size.

    Attributes:
        residual: The layers, in order.
    """

    key: ClassVar[str] = "residual"
    holds: ClassVar[str | None] = "residual"

    residual: Annotated[tuple["LayerField", ...], Field(strict=False)]

    def __str__(self) -> str:
        return f"residual ({'; '.join(map(str, self.residual))})"

    def resolved(self, classes: int) -> Self:
        """Resolve the layers that it holds."""
        return self.model_copy(update={"residual": tuple(layer.resolved(classes) for layer in self.residual)})

    def output(self, before: Shape) -> Shape:
        """Keep the size."""
        return before

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """Those of all layers that it holds, for example `residual.0.weight`."""
        return {
            f"residual.{index}.{name}": array
            for index, (layer, size) in enumerate(self._sized(before))
            for name, array in layer.arrays(size).items()
        }

    def multiply_adds(self, before: Shape) -> int:
        """The sum over the layers that it holds."""
        return sum(layer.multiply_adds(size) for layer, size in self._sized(before))

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """No layers, or an output of another size than the input."""
        if not self.residual:
            yield Fault(sentence="holds no layers; give it some, or remove it.")
            return
        last, size = tuple(self._sized(before))[-1]
        after = last.output(size)
        if after == before:
            return
        advice = f"give its last convolution or dense layer {before.channels} channels"
        if (after.height, after.width) != (before.height, before.width):
            advice = f'use padding = "same" and no pooling in it, and end with {before.channels} channels'
        yield Fault(sentence=f"makes {after} of {before}, and the two are added, which takes one size; {advice}.")

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as a class that PyTorch lacks, which is made with the modules of its layers."""
        return (Module(kind="Residual", definition=_DEFINITION),)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Add to images what the layers make of them."""
        inner = values_nchw
        for index, layer in enumerate(self.residual):
            start = f"residual.{index}."
            own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
            inner = layer.forward(inner, own)
        joined: Values = self.join(values_nchw, inner)
        return joined

    @staticmethod
    def join(before: Any, after: Any) -> Any:
        """Add; a dense layer may have left rows of features where images of one pixel came in."""
        return before + after.reshape(before.shape)

    def _sized(self, before: Shape) -> Iterator[tuple[Layer, Shape]]:
        for layer in self.residual:
            yield layer, before
            before = layer.output(before)
