"""A network: the layers that an image passes through, in order."""

from typing import Annotated

from pydantic import Field

from ceteris.networks.kinds import LayerField
from ceteris.values.frozen import Frozen


class Network(Frozen):
    """What an image passes through on its way to a class.

    Attributes:
        layers: In order, the last one dense with as many neurons as the data has classes.
    """

    layers: Annotated[tuple[LayerField, ...], Field(strict=False)]
