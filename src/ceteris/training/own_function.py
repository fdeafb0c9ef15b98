"""A training function of the user's own, in place of all that ceteris does to train a run."""

from collections.abc import Callable
from types import FunctionType
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema

from ceteris.errors import StudyError
from ceteris.usercode.files import CODE_NAME, Argument, Arguments, Files, called_with, code_name
from ceteris.usercode.find import CodeError
from ceteris.usercode.source import code_of
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Mistakes


class TrainFunction(Frozen):
    """A function that trains a run, and gives the class probabilities of the test images.

    Attributes:
        function: Where it is, as seen from the folder of the study: `train.py:train`, or `methods.sam:train`.
        arguments: Values by name, which it finds in `request.arguments`.
        code: Text of the file and of those that it imports from the folder of the study, by path; read with the study.
    """

    function: Annotated[str, Field(pattern=CODE_NAME), code_name("train")]
    arguments: Arguments = ()
    code: Files = ()

    @classmethod
    def of(cls, function: Callable[..., Any], **arguments: Argument) -> Self:
        """Take a function that Python holds, also one of a notebook, with arguments that it finds in its request.

        Raises:
            StudyError: If its text cannot be found.
        """
        try:
            name, code = code_of(function)
        except CodeError as error:
            raise StudyError(f"train: {error}") from None
        return cls(function=name, arguments=tuple(arguments.items()), code=code)

    def __str__(self) -> str:
        return f"{self.function} ({called_with(self.arguments)})" if self.arguments else self.function


def _as_function(value: object) -> object:
    if isinstance(value, str):
        return {"function": value}
    if not isinstance(value, FunctionType):
        return value
    try:
        return TrainFunction.of(value)
    except StudyError as error:
        raise Mistakes(Mistake(place=(), sentence=str(error))) from None


TrainField = Annotated[
    TrainFunction,
    BeforeValidator(_as_function),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": CODE_NAME, "examples": ["train.py:train"]},
                {
                    "type": "object",
                    "properties": {
                        "function": {"type": "string", "pattern": CODE_NAME},
                        "arguments": {"type": "object"},
                    },
                    "required": ["function"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A name alone, or a table with arguments."""
