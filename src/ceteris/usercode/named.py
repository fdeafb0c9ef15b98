"""Code of the user's own as a value in a study: what names it, what it is called with, and its text."""

from collections.abc import Callable
from types import FunctionType
from typing import Any, ClassVar, Self

from ceteris.errors import StudyError
from ceteris.usercode.files import Argument, called_with
from ceteris.usercode.find import CodeError
from ceteris.usercode.source import code_of
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Mistakes


class NamedCode(Frozen):
    """Code by its name; the fields of a class of it are that name, `arguments` and `code`, in this order.

    Attributes:
        key: The key of a study that it stands for, which messages begin with.
        held: What Python holds and may stand for it in a study that is built in Python.
    """

    key: ClassVar[str]
    held: ClassVar[tuple[type, ...]] = (FunctionType,)

    @classmethod
    def of(cls, code: Callable[..., Any], /, **arguments: Argument) -> Self:
        """Take what Python holds, also something of a notebook, with arguments to call it with.

        Raises:
            StudyError: If its text cannot be found.
        """
        try:
            name, text = code_of(code)
        except CodeError as error:
            raise StudyError(f"{cls.key}: {error}") from None
        return cls(**dict(zip(cls.model_fields, (name, tuple(arguments.items()), text), strict=True)))

    @classmethod
    def taken(cls, value: object) -> object:
        """Take what Python holds for the code that it is, and leave anything else for others to check."""
        if not isinstance(value, cls.held) or not callable(value):
            return value
        try:
            return cls.of(value)
        except StudyError as error:
            raise Mistakes(Mistake(place=(), sentence=str(error))) from None

    def __str__(self) -> str:
        name, arguments, _ = (getattr(self, field) for field in type(self).model_fields)
        return f"{name} ({called_with(arguments)})" if arguments else str(name)
