"""Residual block: layers, and a shortcut around them."""

# n stands for images, c for channels, h and w for height and width

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
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
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import LARGEST_STRIDE, Convolution
from ceteris.networks.layer import Array, Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

if TYPE_CHECKING:
    LayerField = Layer  # the union of all kinds, which `kinds.py` puts in once they are there

_DEFINITION = """\
class Residual(nn.Module):
    def __init__(self, residual, shortcut):
        super().__init__()
        self.residual, self.shortcut = residual, shortcut

    def forward(self, values):
        passed = self.shortcut(values)
        return passed + self.residual(values).reshape(passed.shape)
"""


class Shortcut(StrEnum):
    """What is added to the output of a residual block: its input, or options A and B of He et al. 2016."""

    IDENTITY = "identity"
    PADDED = "padded"
    PROJECTION = "projection"


class PaddedShortcut(Layer):
    """Option A: every s-th pixel of the input, and zeros for the channels that it lacks. No study declares it.

    Attributes:
        padded: Channels that come out.
        stride: Distance of the pixels that are taken.
    """

    key: ClassVar[str] = "padded"

    padded: int
    stride: int

    def __str__(self) -> str:
        return f"padded {self.padded}, stride {self.stride}"

    def output(self, before: Shape) -> Shape:
        """Take pixels, and add channels."""
        return Shape(-(-before.height // self.stride), -(-before.width // self.stride), self.padded)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as pooling of single pixels, and padding of channels; features have channels alone."""
        added = self.padded - before.channels
        sampled = Module(kind="AvgPool2d", arguments=(1,), keywords={"stride": self.stride})
        kind, sides = ("ConstantPad1d", (0, added)) if is_flat else ("ConstantPad3d", (0, 0, 0, 0, 0, added))
        padding = Module(kind=kind, arguments=(sides, 0.0))
        return (*((sampled,) if self.stride > 1 else ()), *((padding,) if added else ()))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Copy what is kept into zeros."""
        taken_nchw = values_nchw[:, :, :: self.stride, :: self.stride]
        n, c, h, w = taken_nchw.shape
        padded_nchw = np.zeros((n, self.padded, h, w), np.float32)
        padded_nchw[:, :c] = taken_nchw
        return padded_nchw


class Residual(Layer):
    """Layers whose output is added to their input or to what a shortcut makes of it (He et al. 2016, arXiv:1512.03385).

    Attributes:
        residual: The layers, in order.
        shortcut: `identity` adds the input, which must have the size of the output. `padded` takes every s-th pixel of
            it and adds channels of zeros; `projection` is a 1 x 1 convolution without bias, with stride s, and batch
            normalisation. The stride s follows from the two sizes.
        activation: What follows the addition; none if not given.
        slope: Of leaky ReLU, for sums below 0.
    """

    key: ClassVar[str] = "residual"
    holds: ClassVar[str | None] = "residual"
    later: ClassVar[frozenset[str]] = frozenset({"shortcut", "activation", "slope"})

    residual: Annotated[tuple["LayerField", ...], Field(strict=False)]
    shortcut: Annotated[Shortcut, Field(strict=False)] = Shortcut.IDENTITY
    activation: ActivationName = None
    slope: Slope = SLOPE

    def __str__(self) -> str:
        return self._written(f" ({'; '.join(map(str, self.residual))})")

    @property
    def title(self) -> str:
        """What it is, without the layers that it holds."""
        return self._written("")

    def _written(self, layers: str) -> str:
        shortcut = "" if self.shortcut is Shortcut.IDENTITY else f", {self.shortcut} shortcut"
        return f"residual{layers}{shortcut}{written_after(self.activation, self.slope)}"

    def resolved(self, classes: int) -> Self:
        """Resolve the layers that it holds."""
        return self.model_copy(update={"residual": tuple(layer.resolved(classes) for layer in self.residual)})

    def branches(self, before: Shape) -> Mapping[str, tuple[Layer, ...]]:
        """The layers that a study gives it, and those of the shortcut: none if the input is added as it is."""
        after, shortcut = _last_size(self.residual, before), tuple[Layer, ...]()
        stride = _stride(before, after) or 1
        if self.shortcut is Shortcut.PADDED and after != before:
            shortcut = (PaddedShortcut(padded=after.channels, stride=stride),)
        elif self.shortcut is Shortcut.PROJECTION:
            projection = Convolution.model_construct(conv=after.channels, kernel=1, stride=stride, bias=False)
            shortcut = (projection, BatchNorm(batch_norm=True))
        return {"residual": self.residual, "shortcut": shortcut}

    @staticmethod
    def join(outputs: Mapping[str, Any]) -> Any:
        """Add; a dense layer may have left rows of features where images of one pixel came in."""
        passed = outputs["shortcut"]
        return passed + outputs["residual"].reshape(passed.shape)

    def output(self, before: Shape) -> Shape:
        """Give the size of the input, or, with another shortcut, of what the layers make of it."""
        return before if self.shortcut is Shortcut.IDENTITY else _last_size(self.residual, before)

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """Those of all layers in it, for example `residual.0.weight` and `shortcut.0.weight`."""
        return {
            f"{path}.{name}": array
            for path, layer, size in self._sized(before)
            for name, array in layer.arrays(size).items()
        }

    def multiply_adds(self, before: Shape) -> int:
        """The sum over the layers in it."""
        return sum(layer.multiply_adds(size) for _, layer, size in self._sized(before))

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """No layers, or an output that cannot be added to what the shortcut makes of the input."""
        yield from slope_faults(self.activation, self.slope)
        if not self.residual:
            yield Fault(sentence="holds no layers; give it some, or remove it.")
            return
        after = _last_size(self.residual, before)
        stride = _stride(before, after)
        found = f"makes {after} of {before}"
        if self.shortcut is Shortcut.IDENTITY and after != before:
            found = f"{found}, and the two are added, which takes one size"
            advice = f"give its last convolution or dense layer {before.channels} channels"
            if (after.height, after.width) != (before.height, before.width):
                advice = f'use padding = "same" and no pooling in it, and end with {before.channels} channels'
            if stride:
                fitting = Shortcut.PADDED if after.channels >= before.channels else Shortcut.PROJECTION
                advice = f'{advice}, or give it shortcut = "{fitting}"'
            yield Fault(sentence=f"{found}; {advice}.")
        elif not stride:
            yield Fault(
                sentence=f"{found}, and a shortcut takes every pixel, or every second or third; "
                'use padding = "same" in it.'
            )
        elif self.shortcut is Shortcut.PADDED and after.channels < before.channels:
            yield Fault(
                sentence=f"{found}, and a padded shortcut can only add channels; give it "
                f'shortcut = "projection", or end with {before.channels} channels or more.'
            )

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as a class that PyTorch lacks, which is made with the modules of its branches."""
        block = Module(kind="Residual", definition=_DEFINITION, holds_branches=True)
        return (block, *modules_of(self.activation, self.slope))

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Follow images through both branches, and add."""
        _, c, h, w = values_nchw.shape
        outputs: dict[str, Values] = {}
        for name, branch in self.branches(Shape(h, w, c)).items():
            outputs[name] = values_nchw
            for index, layer in enumerate(branch):
                start = f"{name}.{index}."
                own = {path.removeprefix(start): array for path, array in arrays.items() if path.startswith(start)}
                outputs[name] = layer.forward(outputs[name], own)
        return activated(self.join(outputs), self.activation, self.slope)

    def _sized(self, before: Shape) -> Iterator[tuple[str, Layer, Shape]]:
        for name, branch in self.branches(before).items():
            size = before
            for index, layer in enumerate(branch):
                yield f"{name}.{index}", layer, size
                size = layer.output(size)


def _last_size(layers: tuple[Layer, ...], before: Shape) -> Shape:
    for layer in layers:
        before = layer.output(before)
    return before


def _stride(before: Shape, after: Shape) -> int | None:
    """Give the smallest stride that takes an image of one size to the other; None if none does."""
    for stride in range(1, LARGEST_STRIDE + 1):
        if (-(-before.height // stride), -(-before.width // stride)) == (after.height, after.width):
            return stride
    return None
