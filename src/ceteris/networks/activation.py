"""Activations: what a layer does to each of its sums, or a layer of its own does to each value."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema

from ceteris.networks.layer import Fault, Layer, Module, Values
from ceteris.networks.shape import Shape

SLOPE = 0.01
"""Of leaky ReLU below 0, if a study gives none: PyTorch's default."""

_LINEAR_ABOVE = 20.0
"""Where softplus is the value itself: PyTorch's threshold."""


class Activation(StrEnum):
    """The activations, with PyTorch's definitions and defaults.

    Leaky ReLU: Maas et al. 2013. ELU: Clevert et al. 2016, arXiv:1511.07289. GELU: Hendrycks and Gimpel 2016,
    arXiv:1606.08415, with the error function. SiLU: Elfwing et al. 2018, arXiv:1702.03118. Hard swish: Howard et al.
    2019, arXiv:1905.02244.
    """

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    TANH = "tanh"
    ELU = "elu"
    SIGMOID = "sigmoid"
    GELU = "gelu"
    SILU = "silu"
    HARD_SWISH = "hard_swish"
    SOFTPLUS = "softplus"

    def apply(self, values: Values, slope: float) -> Values:  # noqa: PLR0911 - one for each
        """Compute it with NumPy."""
        from scipy.special import expit, ndtr  # noqa: PLC0415 - slow to load for who only reads a study

        match self:
            case Activation.RELU:
                return np.maximum(values, np.float32(0))
            case Activation.LEAKY_RELU:
                return np.where(values > 0, values, values * np.float32(slope))
            case Activation.TANH:
                return np.asarray(np.tanh(values))
            case Activation.ELU:
                return np.where(values > 0, values, np.expm1(np.minimum(values, np.float32(0))))
            case Activation.SIGMOID:
                return np.asarray(expit(values))
            case Activation.GELU:
                return np.asarray(values * ndtr(values))
            case Activation.SILU:
                return np.asarray(values * expit(values))
            case Activation.HARD_SWISH:
                return np.asarray(values * np.clip(values + np.float32(3), 0, 6) / np.float32(6))
            case Activation.SOFTPLUS:
                below = np.minimum(values, np.float32(_LINEAR_ABOVE))
                return np.where(values > _LINEAR_ABOVE, values, np.log1p(np.exp(below)))


_MODULES = {
    Activation.RELU: "ReLU",
    Activation.LEAKY_RELU: "LeakyReLU",
    Activation.TANH: "Tanh",
    Activation.ELU: "ELU",
    Activation.SIGMOID: "Sigmoid",
    Activation.GELU: "GELU",
    Activation.SILU: "SiLU",
    Activation.HARD_SWISH: "Hardswish",
    Activation.SOFTPLUS: "Softplus",
}

# pydantic's strict mode asks for the enum itself; a study file can only hold its name. TOML has no null: "none" it is.
ActivationName = Annotated[
    Annotated[Activation, Field(strict=False)] | None,
    BeforeValidator(lambda name: None if name == "none" else name),
    WithJsonSchema({"enum": [*Activation, "none"]}),
]

Slope = Annotated[float, Field(ge=0, le=1)]


def modules_of(activation: Activation | None, slope: float = SLOPE) -> tuple[Module, ...]:
    """Give the modules of PyTorch for an activation that may be None."""
    if activation is None:
        return ()
    arguments = (slope,) if activation is Activation.LEAKY_RELU else ()
    return (Module(kind=_MODULES[activation], arguments=arguments),)


def activated(values: Values, activation: Activation | None, slope: float = SLOPE) -> Values:
    """Compute an activation that may be None."""
    return values if activation is None else activation.apply(values, slope)


def written_after(activation: Activation | None, slope: float = SLOPE) -> str:
    """Write an activation behind the description of its layer."""
    return "" if activation is None else f", {_written(activation, slope)}"


def slope_faults(activation: Activation | None, slope: float) -> Iterator[Fault]:
    """Refuse a slope that nothing has."""
    if slope != SLOPE and activation is not Activation.LEAKY_RELU:
        found = f"has slope = {slope:g}, which is for leaky_relu, and its activation is {activation or 'none'}"
        yield Fault(sentence=f"{found}; remove one of the two.", blocks=False)


def _written(activation: Activation, slope: float) -> str:
    return f"{activation}, slope {slope:g}" if slope != SLOPE else str(activation)


class ActivationLayer(Layer):
    """An activation by itself, for example behind batch normalisation.

    Attributes:
        activation: Which one.
        slope: Of leaky ReLU, for values below 0.
    """

    key: ClassVar[str] = "activation"
    later: ClassVar[frozenset[str]] = frozenset({"slope"})

    activation: Annotated[Activation, Field(strict=False)]
    slope: Slope = SLOPE

    def __str__(self) -> str:
        return _written(self.activation, self.slope)

    def output(self, before: Shape) -> Shape:
        """Keep the size."""
        return before

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """A slope that nothing has."""
        yield from slope_faults(self.activation, self.slope)

    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe it as PyTorch's module."""
        return modules_of(self.activation, self.slope)

    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Compute it for each value."""
        return self.activation.apply(values_nchw, self.slope)
