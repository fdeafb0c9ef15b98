"""The base of every value in a study: frozen, strict, and closed to unknown keys."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from ceteris.errors import StudyError
from ceteris.values.mistakes import explain


class Frozen(BaseModel):
    """A value that cannot be changed after it was made, and that refuses keys it does not know.

    Attributes:
        later: Fields that a class was given after its first release. At their defaults they are left out of what is
            written, so that a new field renames no run: the digest of a run is made of what is written.

    Raises:
        StudyError: On construction, if a value cannot be; all mistakes at once, one sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    later: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, /, **fields: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(fields, self_instance=self)
        except ValidationError as error:
            raise StudyError(*(mistake.sentence for mistake in explain(error, type(self), fields))) from None

    # Tells pydantic that this constructor only retells errors, so that values inside others are built without it and
    # the mistakes of all of them are collected.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy it with some fields changed; what was computed of the fields before is computed anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        idle = {name for name in self.later if getattr(self, name) == fields[name].default}
        idle |= {str(fields[name].alias) for name in idle}
        return {name: value for name, value in written.items() if name not in idle}
