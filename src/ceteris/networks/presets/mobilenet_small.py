"""A small network of depthwise separable convolutions."""

from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import GlobalAveragePool
from ceteris.networks.presets.preset import Preset, normalised

_BLOCKS = ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1))
"""Output channels of each block, in widths, and its stride."""


def _layers(width: int, depth: int) -> tuple[Layer, ...]:
    del depth
    layers, channels = [*normalised(width)], width
    for factor, stride in _BLOCKS:
        layers += normalised(channels, stride=stride, groups=channels)
        channels = factor * width
        layers += normalised(channels, kernel=1)
    return (*layers, GlobalAveragePool(global_average_pool=True), Dense(dense="classes"))


MOBILENET_SMALL = Preset(
    name="mobilenet_small",
    title="five depthwise separable convolutions for small images, after Howard et al. 2017, arXiv:1704.04861",
    layers=_layers,
    width=16,
)
