"""The layers of a network, each named by the key that opens it in a study file: `{ conv = 7, kernel = 3 }`."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from ceteris.study.frozen import Frozen


class Activation(StrEnum):
    """What a layer does to its sums: PyTorch's definitions, leaky ReLU with slope 0.01."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    TANH = "tanh"


class Padding(StrEnum):
    """What surrounds the image of a convolution: nothing, or enough zeros to keep its size."""

    NONE = "none"
    SAME = "same"


# pydantic's strict mode asks for the enum itself; a study file can only hold its name.
ActivationName = Annotated[Activation, Field(strict=False)]
PaddingName = Annotated[Padding, Field(strict=False)]


class Convolution(Frozen):
    """A two-dimensional convolution with stride 1 and a bias, then an activation.

    Attributes:
        conv: Output channels.
        kernel: Side of the square kernel, in pixels.
        padding: `none`, or `same` (odd kernels only).
        activation: What follows the convolution, or nothing.
    """

    conv: Annotated[int, Field(ge=1, le=4096)]
    kernel: Annotated[int, Field(ge=1, le=255)] = 3
    padding: PaddingName = Padding.NONE
    activation: ActivationName | None = None


class MaxPool(Frozen):
    """The largest value of each square of `max_pool` by `max_pool` pixels; what does not fill a square is left out."""

    max_pool: Annotated[int, Field(ge=1, le=255)]


class Dropout(Frozen):
    """During training, each value is zeroed with probability `dropout` and the others scaled by 1 / (1 - dropout)."""

    dropout: Annotated[float, Field(ge=0, lt=1, strict=False)]


class BatchNorm(Frozen):
    """Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) with PyTorch's defaults: momentum 0.1, epsilon 1e-5."""

    batch_norm: Literal[True]


class Dense(Frozen):
    """A fully connected layer with a bias, then an activation; an image before it is flattened.

    Attributes:
        dense: Neurons, or `"classes"` for as many as the data has classes.
        activation: What follows, or nothing; the softmax belongs to the loss.
    """

    dense: Annotated[int, Field(ge=1, le=65536)] | Literal["classes"]
    activation: ActivationName | None = None


Layer = Convolution | MaxPool | Dropout | BatchNorm | Dense
