"""What each layer makes of the image before it: sizes, parameters and multiply-adds."""

import math
from dataclasses import dataclass
from typing import assert_never

from ceteris.networks.backbone import FEATURES, AnyNetwork, BackboneNetwork
from ceteris.networks.layers import BatchNorm, Convolution, Dense, Dropout, MaxPool, Padding


@dataclass(frozen=True)
class Shape:
    """The size of an image inside a network; features after a dense layer are channels of a one-pixel image."""

    height: int
    width: int
    channels: int

    @property
    def values(self) -> int:
        """Numbers per image."""
        return self.height * self.width * self.channels


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """One layer with what goes in and what comes out.

    Attributes:
        before: Size of what goes in.
        after: Size of what comes out; a side below 1 means that the layer does not fit.
        parameters: The learnt arrays in PyTorch's names and shapes, for example `weight: (7, 3, 3, 3)`.
        multiply_adds: Multiplications with addition for one image going forward, without activations and pooling.
    """

    before: Shape
    after: Shape
    parameters: dict[str, tuple[int, ...]]
    multiply_adds: int

    @property
    def parameter_count(self) -> int:
        """How many numbers the layer learns."""
        return sum(math.prod(shape) for shape in self.parameters.values())


def layer_shapes(network: AnyNetwork, image: Shape, classes: int) -> tuple[LayerShape, ...]:
    """Follow an image through a network.

    Args:
        network: The layers; of a backbone with a head, the head's.
        image: Size of the images; the head of a backbone sees its features instead.
        classes: Neurons of a layer that says `dense = "classes"`.

    Returns:
        One entry per layer. Sizes are computed even where a layer does not fit; `ceteris.study.check` reports those.
    """
    shapes: list[LayerShape] = []
    before = Shape(1, 1, FEATURES[network.backbone]) if isinstance(network, BackboneNetwork) else image
    for layer in network.layers:
        parameters: dict[str, tuple[int, ...]] = {}
        multiply_adds = 0
        match layer:
            case Convolution():
                shrink = 0 if layer.padding is Padding.SAME else layer.kernel - 1
                after = Shape(before.height - shrink, before.width - shrink, layer.conv)
                parameters = {
                    "weight": (layer.conv, before.channels, layer.kernel, layer.kernel),
                    "bias": (layer.conv,),
                }
                multiply_adds = after.values * before.channels * layer.kernel**2
            case MaxPool():
                after = Shape(before.height // layer.max_pool, before.width // layer.max_pool, before.channels)
            case Dropout():
                after = before
            case BatchNorm():
                after = before
                parameters = {"weight": (before.channels,), "bias": (before.channels,)}
                multiply_adds = before.values
            case Dense():
                after = Shape(1, 1, classes if layer.dense == "classes" else layer.dense)
                parameters = {"weight": (after.channels, before.values), "bias": (after.channels,)}
                multiply_adds = after.channels * before.values
            case _:
                assert_never(layer)
        shapes.append(LayerShape(before=before, after=after, parameters=parameters, multiply_adds=multiply_adds))
        before = after
    return tuple(shapes)
