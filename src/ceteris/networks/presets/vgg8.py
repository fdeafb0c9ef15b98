"""VGG with eight layers that are trained."""

from ceteris.networks.activation import Activation
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import MaxPool
from ceteris.networks.presets.preset import Preset, normalised


def _layers(width: int, depth: int) -> tuple[Layer, ...]:
    del depth
    stages = (
        (*normalised(channels), *normalised(channels), MaxPool(max_pool=2))
        for channels in (width, 2 * width, 4 * width)
    )
    return (
        *(layer for stage in stages for layer in stage),
        Dense(dense=4 * width, activation=Activation.RELU),
        Dense(dense="classes"),
    )


VGG8 = Preset(
    name="vgg8",
    title="three pairs of 3 x 3 convolutions and two dense layers, after Simonyan and Zisserman 2015, arXiv:1409.1556, "
    "with batch normalisation",
    layers=_layers,
    width=32,
)
