"""LeNet-5."""

from ceteris.networks.activation import Activation
from ceteris.networks.convolution import Convolution, Padding
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import AveragePool
from ceteris.networks.presets.preset import Preset


def _layers(width: int, depth: int) -> tuple[Layer, ...]:
    """The paper's digits of 28 x 28 pixels stand in images of 32 x 32, as the margin of the first convolution makes."""
    del width, depth
    return (
        Convolution(conv=6, kernel=5, padding=Padding.SAME, activation=Activation.TANH),
        AveragePool(average_pool=2),
        Convolution(conv=16, kernel=5, activation=Activation.TANH),
        AveragePool(average_pool=2),
        Dense(dense=120, activation=Activation.TANH),
        Dense(dense=84, activation=Activation.TANH),
        Dense(dense="classes"),
    )


LENET5 = Preset(
    name="lenet5",
    title="LeNet-5 (LeCun et al. 1998, https://doi.org/10.1109/5.726791), with tanh and plain averages",
    layers=_layers,
)
