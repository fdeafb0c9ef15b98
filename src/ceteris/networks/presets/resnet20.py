"""ResNet-20 and its deeper kin for small images."""

from ceteris.networks.activation import Activation
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import GlobalAveragePool
from ceteris.networks.presets.preset import Preset, normalised
from ceteris.networks.residual import Residual, Shortcut


def _layers(width: int, depth: int) -> tuple[Layer, ...]:
    """Three stages of blocks of two convolutions, besides the first convolution and the dense layer."""
    blocks = []
    for stage in range(3):
        for block in range((depth - 2) // 6):
            shrinks = stage > 0 and block == 0
            channels = width * 2**stage
            inner = (*normalised(channels, stride=2 if shrinks else 1), *normalised(channels)[:-1])
            shortcut = Shortcut.PADDED if shrinks else Shortcut.IDENTITY
            blocks.append(Residual(residual=inner, shortcut=shortcut, activation=Activation.RELU))
    return (*normalised(width), *blocks, GlobalAveragePool(global_average_pool=True), Dense(dense="classes"))


RESNET20 = Preset(
    name="resnet20",
    title="the residual networks of He et al. 2016, arXiv:1512.03385, section 4.2, with shortcuts of option A",
    layers=_layers,
    width=16,
    depths=range(8, 111, 6),
    depth=20,
)
