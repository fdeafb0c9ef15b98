"""The base of every value in a study: frozen, strict, and closed to unknown keys."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ceteris.errors import StudyError
from ceteris.values.mistakes import explain


class Frozen(BaseModel):
    """A value that cannot be changed after it was made, and that refuses keys it does not know.

    Raises:
        StudyError: On construction, if a value cannot be; all mistakes at once, one sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(fields, self_instance=self)
        except ValidationError as error:
            raise StudyError(*(mistake.sentence for mistake in explain(error, type(self), fields))) from None

    # Tells pydantic that this constructor only retells errors, so that values inside others are built without it and
    # the mistakes of all of them are collected.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]
