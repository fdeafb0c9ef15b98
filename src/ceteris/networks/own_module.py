"""A network that is a PyTorch module of the user's own."""

from collections.abc import Callable
from types import FunctionType
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from ceteris.errors import StudyError
from ceteris.networks.initialisation import Initialisation
from ceteris.networks.layer import Layer
from ceteris.networks.shape import Shape
from ceteris.usercode.files import CODE_NAME, Argument, Arguments, Files, called_with, code_name
from ceteris.usercode.find import CodeError
from ceteris.usercode.source import code_of
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Mistakes


class ModuleNetwork(Frozen):
    """A PyTorch module of the user's own, which the PyTorch engine trains; in Python its class may stand for it.

    Attributes:
        module: Where it is, as seen from the folder of the study: `nets.py:Net`, or `models.small:Net`. A class, or a
            function that gives a module; it is called with the arguments, and with `classes` and `image_shape`
            (channels, height, width) where it takes them.
        arguments: Values by name that it is called with.
        code: Text of the file and of those that it imports from the folder of the study, by path; read with the study.
    """

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

    @classmethod
    def of(cls, module: Callable[..., Any], **arguments: Argument) -> Self:
        """Take a class or a function that Python holds, also one of a notebook, with arguments to call it with.

        Raises:
            StudyError: If its text cannot be found.
        """
        try:
            name, code = code_of(module)
        except CodeError as error:
            raise StudyError(f"network: {error}") from None
        return cls(module=name, arguments=tuple(arguments.items()), code=code)

    def __str__(self) -> str:
        return f"{self.module} ({called_with(self.arguments)})" if self.arguments else self.module


def as_network(value: object) -> object:
    """Take a class or a function for the module that it gives."""
    if not isinstance(value, type | FunctionType):
        return value
    try:
        return ModuleNetwork.of(value)
    except StudyError as error:
        raise Mistakes(Mistake(place=(), sentence=str(error))) from None
