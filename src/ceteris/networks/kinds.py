"""The layer kinds that a study may use: a new one is a line here."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Discriminator, Tag

from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.layer import Layer
from ceteris.networks.pooling import AveragePool, MaxPool
from ceteris.networks.residual import Residual

__all__ = [
    "HEAD_KINDS",
    "LAYER_KINDS",
    "AveragePool",
    "BatchNorm",
    "Convolution",
    "Dense",
    "Dropout",
    "Layer",
    "MaxPool",
    "Residual",
]

LAYER_KINDS: tuple[type[Layer], ...] = (Convolution, MaxPool, AveragePool, Dropout, BatchNorm, Dense, Residual)
"""All of them."""

HEAD_KINDS: tuple[type[Layer], ...] = (Dropout, Dense)
"""Those that the head on a pretrained backbone may have."""


def opening_key(layer: object) -> str | None:
    """Give the key that says what a layer is, the first known one, of a table or of a layer that is built."""
    if isinstance(layer, Layer):
        return layer.key
    keys = layer if isinstance(layer, dict) else ()
    known = {kind.key for kind in LAYER_KINDS}
    return next((key for key in keys if key in known), None)


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
