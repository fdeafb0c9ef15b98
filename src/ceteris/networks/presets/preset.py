"""What a preset is: a name, and how its width and depth become layers."""

from collections.abc import Callable
from dataclasses import dataclass

from ceteris.networks.activation import Activation, ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.layer import Layer


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A network that a study calls by name.

    Attributes:
        title: What it is, and where it comes from.
        layers: Gives its layers, the last one with as many neurons as there are classes, for a width and a depth; a
            number that it does not have is 0.
        width: Channels of its first convolution if a study gives none; None if it has no width to choose.
        depths: How many convolutions and dense layers it may have; empty if there is nothing to choose.
        depth: How many it has if a study gives none.
    """

    name: str
    title: str
    layers: Callable[[int, int], tuple[Layer, ...]]
    width: int | None = None
    depths: range = range(0)
    depth: int = 0

    def fault(self, width: int | None, depth: int | None) -> str | None:
        """Say what a study asks of it that it does not have, or None."""
        for key, value, has in (("width", width, self.width), ("depth", depth, self.depths)):
            if value is not None and not has:
                return f'preset = "{self.name}" has no {key} to choose; remove {key} = {value}'
        if depth is not None and depth not in self.depths:
            close = min(self.depths, key=lambda known: abs(known - depth))
            known = f"{self.depths[0]}, {self.depths[1]}, {self.depths[2]} and so on to {self.depths[-1]}"
            return f'preset = "{self.name}" has no depth = {depth}, its depths are {known}; give depth = {close}'
        return None


def normalised(channels: int, kernel: int = 3, *, stride: int = 1, groups: int = 1) -> tuple[Layer, ...]:
    """Give a convolution that keeps the size at stride 1, batch normalisation in place of its bias, and ReLU."""
    convolution = Convolution(
        conv=channels, kernel=kernel, padding=Padding.SAME, stride=stride, groups=groups, bias=False
    )
    return (convolution, BatchNorm(batch_norm=True), ActivationLayer(activation=Activation.RELU))
