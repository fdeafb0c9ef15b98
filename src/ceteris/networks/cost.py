"""What a network costs: how many numbers it holds and learns, and what an image takes in multiply-adds and memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import assert_never

from ceteris.networks.backbone import AnyNetwork, Backbone, BackboneNetwork
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape


@dataclass(frozen=True, kw_only=True)
class NetworkCost:
    """The size of a network, and the work in it.

    Attributes:
        parameters: Numbers that decide what it answers: weights and biases, the pretrained ones too.
        trainable: Those that training changes: the layers, and the blocks of a backbone that are fine-tuned.
        multiply_adds: Multiplications with addition for one image going forward through all of it.
        head_multiply_adds: Those of the layers after the backbone; all of them where there is no backbone.
        values: The most numbers of one image that a layer reads and writes: convolution, pooling or dense layer.
    """

    parameters: int
    trainable: int
    multiply_adds: int
    head_multiply_adds: int
    values: int

    @property
    def memory(self) -> int:
        """Bytes that a prediction of one image needs in float32: all weights, and the largest input and output."""
        return 4 * (self.parameters + self.values)


def network_cost(network: AnyNetwork, image: Shape, classes: int) -> NetworkCost:
    """Count without building the network; a module of the user's own tells nothing of itself, and counts 0.

    Args:
        network: Layers, or a backbone with a head.
        image: Size of the images of the data set; a backbone sees them at its own resolution.
        classes: Neurons of a layer that says `dense = "classes"`.

    Example:
        >>> network_cost(BackboneNetwork(backbone="mobilenet_v2", resolution=224), Shape(32, 32, 3), 1000).parameters
        3504872
    """
    layers = placed_layers(network, image, classes)
    parameters = sum(layer.parameter_count for layer in layers)
    multiply_adds = sum(layer.multiply_adds for layer in layers)
    values = max((one.before.values + one.after.values for layer in layers for one in layer.tree()), default=0)
    if not isinstance(network, BackboneNetwork):
        return NetworkCost(
            parameters=parameters,
            trainable=parameters,
            multiply_adds=multiply_adds,
            head_multiply_adds=multiply_adds,
            values=values,
        )
    blocks = _blocks(network.backbone, network.resolution)
    trained = blocks[len(blocks) - network.trained_blocks :]
    return NetworkCost(
        parameters=parameters + sum(block.parameters for block in blocks),
        trainable=parameters + sum(block.parameters for block in trained),
        multiply_adds=multiply_adds + sum(block.multiply_adds for block in blocks),
        head_multiply_adds=multiply_adds,
        values=max(values, *(block.values for block in blocks)),
    )


@dataclass(kw_only=True)
class _Block:
    """One block of a backbone; `side` is that of the image between its convolutions."""

    side: int
    parameters: int = 0
    multiply_adds: int = 0
    values: int = 0

    def convolve(self, inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, groups: int = 1) -> None:
        """Add a convolution without bias, padded to keep the size, and its batch norm's weight and bias."""
        self._shrink(inputs, outputs, stride)
        weights = outputs * (inputs // groups) * kernel**2
        self.parameters += weights + 2 * outputs
        self.multiply_adds += weights * self.side**2 + outputs * self.side**2

    def pool(self, channels: int) -> None:
        """Add a max pool of stride 2."""
        self._shrink(channels, channels, 2)

    def _shrink(self, inputs: int, outputs: int, stride: int) -> None:
        before, self.side = self.side, ceil(self.side / stride)
        self.values = max(self.values, inputs * before**2 + outputs * self.side**2)

    def excite(self, channels: int, squeezed: int) -> None:
        """Add a squeeze-and-excitation: two 1x1 convolutions with bias on the averaged image."""
        self.parameters += 2 * channels * squeezed + channels + squeezed
        self.multiply_adds += 2 * channels * squeezed + channels * self.side**2


def _blocks(backbone: Backbone, resolution: int) -> list[_Block]:
    match backbone:
        case Backbone.MOBILENET_V2:
            return list(_inverted_residuals(_MOBILENET_V2, resolution, excites=False))
        case Backbone.RESNET18:
            return list(_resnet18(resolution))
        case Backbone.EFFICIENTNET_B0:
            return list(_inverted_residuals(_EFFICIENTNET_B0, resolution, excites=True))
        case _:
            assert_never(backbone)


# Expansion, kernel, stride, channels and repeats of each group of inverted residuals: tables 2 and 1 of the papers.
_MOBILENET_V2 = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 3, 2, 32, 3),
    (6, 3, 2, 64, 4),
    (6, 3, 1, 96, 3),
    (6, 3, 2, 160, 3),
    (6, 3, 1, 320, 1),
)
_EFFICIENTNET_B0 = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def _inverted_residuals(
    groups: tuple[tuple[int, int, int, int, int], ...], resolution: int, *, excites: bool
) -> Iterator[_Block]:
    """Count the blocks of EfficientNet, each a whole group that excites, or of MobileNetV2, one for each repeat."""
    block = _Block(side=resolution)
    block.convolve(3, 32, 3, stride=2)
    yield block
    inputs = 32
    for expansion, kernel, first_stride, channels, repeats in groups:
        for repeat in range(repeats):
            if not (excites and repeat):
                block = _Block(side=block.side)
            hidden = inputs * expansion
            if expansion > 1:
                block.convolve(inputs, hidden)
            block.convolve(hidden, hidden, kernel, stride=1 if repeat else first_stride, groups=hidden)
            if excites:
                block.excite(hidden, inputs // 4)
            block.convolve(hidden, channels)
            inputs = channels
            if not excites or repeat == repeats - 1:
                yield block
    block = _Block(side=block.side)
    block.convolve(inputs, 1280)
    yield block


def _resnet18(resolution: int) -> Iterator[_Block]:
    block = _Block(side=resolution)
    block.convolve(3, 64, 7, stride=2)
    block.pool(64)
    yield block
    inputs, side = 64, block.side
    for channels in (64, 128, 256, 512):
        for repeat in range(2):
            stride = 2 if inputs != channels and not repeat else 1
            block = _Block(side=side)
            block.convolve(inputs, channels, 3, stride=stride)
            block.convolve(channels, channels, 3)
            if inputs != channels:
                block.convolve(inputs, channels)
            yield block
            inputs, side = channels, block.side
