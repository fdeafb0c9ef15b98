"""A training function of the user's own, in place of all that ceteris does to train a run."""

import re
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from ceteris.usercode.files import CODE_NAME, Arguments, Files, code_name
from ceteris.usercode.named import NamedCode


class TrainFunction(NamedCode):
    """A function that trains a run, and gives the class probabilities of the test images.

    Attributes:
        function: Where it is, as seen from the folder of the study: `train.py:train`, or `methods.sam:train`.
        arguments: Values by name, which it finds in `request.arguments`.
        code: Text of the file and of those that it imports from the folder of the study, by path; read with the study.
    """

    key: ClassVar[str] = "train"

    function: Annotated[str, Field(pattern=CODE_NAME), code_name("train")]
    arguments: Arguments = ()
    code: Files = ()


def _as_function(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(CODE_NAME, value):
        return {"function": value}
    return TrainFunction.taken(value)


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
                        "function": {"type": "string", "pattern": CODE_NAME, "examples": ["train.py:train"]},
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
