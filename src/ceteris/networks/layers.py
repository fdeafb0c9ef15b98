"""The layers of a network, each named by the key that opens it in a study file: `{ conv = 7, kernel = 3 }`."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from ceteris.values.frozen import Frozen


class Activation(StrEnum):
    """What a layer does to its sums: PyTorch's definitions, leaky ReLU with slope 0.01."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    TANH = "tanh"


class Padding(StrEnum):
    """What surrounds the image of a convolution: nothing, or enough zeros to keep its size."""

    NONE = "none"
    SAME = "same"


# pydantic's strict mode asks for the enum itself; a study file can only hold its name. TOML has no null: "none" it is.
ActivationName = Annotated[
    Annotated[Activation, Field(strict=False)] | None,
    BeforeValidator(lambda name: None if name == "none" else name),
    WithJsonSchema({"enum": [*Activation, "none"]}),
]
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
    activation: ActivationName = None

    def __str__(self) -> str:
        padding = ", padding same" if self.padding is Padding.SAME else ""
        return f"conv {self.conv}, kernel {self.kernel}{padding}{_after(self.activation)}"


class MaxPool(Frozen):
    """The largest value of each square of pixels; what does not fill a square is left out.

    Attributes:
        max_pool: Side of the squares, in pixels.
    """

    max_pool: Annotated[int, Field(ge=1, le=255)]

    def __str__(self) -> str:
        return f"max pool {self.max_pool}"


class Dropout(Frozen):
    """During training, each value is zeroed with some probability p, and the others are multiplied by 1 / (1 - p).

    Attributes:
        dropout: The probability.
    """

    dropout: Annotated[float, Field(ge=0, lt=1)]

    def __str__(self) -> str:
        return f"dropout {self.dropout:g}"


class BatchNorm(Frozen):
    """Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) with PyTorch's defaults.

    Attributes:
        batch_norm: `true`; momentum is 0.1 and epsilon 1e-5.
    """

    batch_norm: Literal[True]

    def __str__(self) -> str:
        return "batch norm"


class Dense(Frozen):
    """A fully connected layer with a bias, then an activation; an image before it is flattened.

    Attributes:
        dense: Neurons, or `"classes"` for as many as the data has classes.
        activation: What follows, or nothing; the softmax belongs to the loss.
    """

    dense: Annotated[int, Field(ge=1, le=65536)] | Literal["classes"]
    activation: ActivationName = None

    def __str__(self) -> str:
        return f"dense {self.dense}{_after(self.activation)}"


Layer = Convolution | MaxPool | Dropout | BatchNorm | Dense


def opening_key(layer: object) -> str | None:
    """Give the key that says what a layer is, the first known one, of a table or of a layer that is built."""
    keys = layer if isinstance(layer, dict) else type(layer).model_fields if isinstance(layer, Frozen) else ()
    return next((key for key in keys if key in {"conv", "max_pool", "dropout", "batch_norm", "dense"}), None)


# Chosen by the opening key before anything else is looked at, so that a mistake is told once and not five times.
LayerField = Annotated[
    Annotated[Convolution, Tag("conv")]
    | Annotated[MaxPool, Tag("max_pool")]
    | Annotated[Dropout, Tag("dropout")]
    | Annotated[BatchNorm, Tag("batch_norm")]
    | Annotated[Dense, Tag("dense")],
    Discriminator(opening_key),
]


def _after(activation: Activation | None) -> str:
    return "" if activation is None else f", {activation}"
