"""What a layer does to its sums: PyTorch's definitions."""

from enum import StrEnum
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema

from ceteris.networks.layer import Module, Values

SLOPE = 0.01
"""Of leaky ReLU below 0: PyTorch's default."""


class Activation(StrEnum):
    """What a layer does to its sums: PyTorch's definitions, leaky ReLU with slope 0.01."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    TANH = "tanh"

    @property
    def module(self) -> Module:
        """PyTorch's module for it."""
        match self:
            case Activation.RELU:
                return Module(kind="ReLU")
            case Activation.LEAKY_RELU:
                return Module(kind="LeakyReLU", arguments=(SLOPE,))
            case Activation.TANH:
                return Module(kind="Tanh")

    def apply(self, values: Values) -> Values:
        """Compute it with NumPy."""
        match self:
            case Activation.RELU:
                return np.maximum(values, np.float32(0))
            case Activation.LEAKY_RELU:
                return np.where(values > 0, values, values * np.float32(SLOPE))
            case Activation.TANH:
                bent: Values = np.tanh(values)
                return bent


# pydantic's strict mode asks for the enum itself; a study file can only hold its name. TOML has no null: "none" it is.
ActivationName = Annotated[
    Annotated[Activation, Field(strict=False)] | None,
    BeforeValidator(lambda name: None if name == "none" else name),
    WithJsonSchema({"enum": [*Activation, "none"]}),
]


def modules_of(activation: Activation | None) -> tuple[Module, ...]:
    """Give the modules for an activation that may be None."""
    return () if activation is None else (activation.module,)


def activated(values: Values, activation: Activation | None) -> Values:
    """Compute an activation that may be None."""
    return values if activation is None else activation.apply(values)


def written_after(activation: Activation | None) -> str:
    """Write an activation behind the description of its layer."""
    return "" if activation is None else f", {activation}"
