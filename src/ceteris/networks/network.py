"""A network: the layers that an image passes through, in order."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.networks.initialisation import Initialisation
from ceteris.networks.kinds import LayerField
from ceteris.networks.shape import Shape
from ceteris.values.frozen import Frozen


class Network(Frozen):
    """What an image passes through on its way to a class.

    Attributes:
        layers: In order, the last one dense with as many neurons as the data has classes.
        initialisation: How the weights of its convolutions and dense layers begin.
        declared: Name of the field with the layers that a study declares one by one; paths begin with it.
        is_frozen: Whether a part of it is never trained.
        foundation: What it begins with that a study does not declare layer by layer; empty if nothing.
    """

    later: ClassVar[frozenset[str]] = frozenset({"initialisation"})
    declared: ClassVar[str] = "layers"
    is_frozen: ClassVar[bool] = False
    foundation: ClassVar[str] = ""

    layers: Annotated[tuple[LayerField, ...], Field(strict=False)]
    initialisation: Annotated[Initialisation, Field(strict=False)] = Initialisation.DEFAULT

    def first_input(self, image: Shape) -> Shape:
        """Give the size of what the first declared layer sees of an image."""
        return image

    @property
    def summary(self) -> str:
        """What it is, for a list of what differs."""
        return f"of {len(self.layers)} layers" if len(self.layers) != 1 else "of 1 layer"
