"""ResNet-9, a wide and shallow residual network that is trained fast."""

from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import GlobalAveragePool, MaxPool
from ceteris.networks.presets.preset import Preset, normalised
from ceteris.networks.residual import Residual


def _layers(width: int, depth: int) -> tuple[Layer, ...]:
    del depth
    pool = MaxPool(max_pool=2)
    return (
        *normalised(width),
        *normalised(2 * width),
        pool,
        Residual(residual=(*normalised(2 * width), *normalised(2 * width))),
        *normalised(4 * width),
        pool,
        *normalised(8 * width),
        pool,
        Residual(residual=(*normalised(8 * width), *normalised(8 * width))),
        GlobalAveragePool(global_average_pool=True),
        Dense(dense="classes"),
    )


RESNET9 = Preset(
    name="resnet9",
    title="eight convolutions, two residual blocks and a dense layer, after Page 2018, "
    "https://github.com/davidcpage/cifar10-fast, with an average of the image at its end",
    layers=_layers,
    width=64,
)
