"""The layer kinds that a study may use: a new one is a line here."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Discriminator, Tag

from ceteris.networks.activation import ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.sample_norm import GroupNorm, LayerNorm

__all__ = [
    "HEAD_KINDS",
    "LAYER_KINDS",
    "ActivationLayer",
    "AveragePool",
    "BatchNorm",
    "Convolution",
    "Dense",
    "Dropout",
    "GlobalAveragePool",
    "GroupNorm",
    "Layer",
    "LayerNorm",
    "MaxPool",
    "Residual",
]

LAYER_KINDS: tuple[type[Layer], ...] = (
    Convolution,
    MaxPool,
    AveragePool,
    GlobalAveragePool,
    Dropout,
    BatchNorm,
    GroupNorm,
    LayerNorm,
    Dense,
    ActivationLayer,
    Residual,
)
"""All of them."""

HEAD_KINDS: tuple[type[Layer], ...] = (Dropout, Dense)
"""Those that the head on a pretrained backbone may have."""


def opening_key(layer: object) -> str | None:
    """Give the key that says what a layer is, the first known one, of a table or of a layer that is built.

    An activation may be a layer, or a setting of another one, in whatever order the keys stand.

    Example:
        >>> opening_key({"activation": "relu", "conv": 7}), opening_key({"activation": "relu"})
        ('conv', 'activation')
    """
    if isinstance(layer, Layer):
        return layer.key
    keys = layer if isinstance(layer, dict) else ()
    known = {kind.key for kind in LAYER_KINDS}
    found = [key for key in keys if key in known]
    return next((key for key in found if key != ActivationLayer.key), found[0] if found else None)


# Chosen by the opening key before anything else is looked at, so that a mistake gives one message and not five.
if TYPE_CHECKING:
    LayerField = Layer
    HeadLayerField = Layer
else:

    def _one_of(kinds):  # noqa: ANN001, ANN202 - a type made from a list, which type checkers cannot follow
        return Annotated[Union[tuple(Annotated[kind, Tag(kind.key)] for kind in kinds)], Discriminator(opening_key)]  # noqa: UP007

    LayerField, HeadLayerField = _one_of(LAYER_KINDS), _one_of(HEAD_KINDS)
    for holder in LAYER_KINDS:
        if holder.holds:
            holder.model_rebuild(_types_namespace={"LayerField": LayerField})
