"""A network that is a PyTorch module of the user's own."""

from types import FunctionType
from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.networks.initialisation import Initialisation
from ceteris.networks.layer import Layer
from ceteris.networks.shape import Shape
from ceteris.usercode.files import CODE_NAME, Arguments, Files, code_name
from ceteris.usercode.named import NamedCode


class ModuleNetwork(NamedCode):
    """A PyTorch module of the user's own, which the PyTorch engine trains; in Python its class may stand for it.

    Attributes:
        module: Where it is, as seen from the folder of the study: `nets.py:Net`, or `models.small:Net`. A class, or a
            function that gives a module; it is called with the arguments, and with `classes` and `image_shape`
            (channels, height, width) where it takes them.
        arguments: Values by name that it is called with.
        code: Text of the file and of those that it imports from the folder of the study, by path; read with the study.
    """

    key: ClassVar[str] = "network"
    held: ClassVar[tuple[type, ...]] = (type, FunctionType)

    declared: ClassVar[str] = ""
    is_frozen: ClassVar[bool] = False
    foundation: ClassVar[str] = "own module"
    layers: ClassVar[tuple[Layer, ...]] = ()
    initialisation: ClassVar[Initialisation] = Initialisation.DEFAULT  # that of its own code

    module: Annotated[str, Field(pattern=CODE_NAME), code_name("module")]
    arguments: Arguments = ()
    code: Files = ()

    @property
    def summary(self) -> str:
        """What it is, for a list of what differs."""
        return str(self)

    def first_input(self, image: Shape) -> Shape:
        """Give the size of what it sees of an image."""
        return image
