"""The base of every JSON document: frozen entries without surprises, and the schema that is made of them."""

import json
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ceteris.values.described import attribute_texts, summary


class Entry(BaseModel):
    """A JSON object whose keys are all there, whatever is known; what is not known is null, and no number is NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add what the docstrings say."""
        found = handler(core)
        described = handler.resolve_ref_schema(found)
        described["description"] = summary(cls)
        for name, text in attribute_texts(cls).items():
            described["properties"][name]["description"] = text
        return found


class Document(Entry):
    """A whole file, or all that a command writes on standard output.

    Attributes:
        document: What it is.
        schema_version: Rises by 1 where a program that reads the version before might be misled: a key that goes or
            means something else. New keys do not raise it, so a program should overlook keys that it does not know.
    """

    def encode(self) -> bytes:
        """Write it as JSON, indented, in ASCII, which no terminal and no locale can spoil."""
        return f"{json.dumps(self.model_dump(mode='json'), indent=2)}\n".encode()

    @classmethod
    def schema_document(cls) -> dict[str, Any]:
        """Describe it in JSON Schema, draft 2020-12.

        The schema allows keys that it does not name, as later versions of ceteris may write some.
        """
        name, version = (cls.model_fields[key].annotation for key in ("document", "schema_version"))
        title = f"ceteris {name.__args__[0]}, version {version.__args__[0]}"  # type: ignore[union-attr]
        open_schema = _tidied(cls.model_json_schema())
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **open_schema}


def _tidied(node: Any) -> Any:
    """Leave out titles that repeat keys, and let objects have further keys."""
    if isinstance(node, dict):
        closed = {"title": str, "additionalProperties": bool}
        kept = {key: entry for key, entry in node.items() if not isinstance(entry, closed.get(key, ()))}
        return {key: _tidied(entry) for key, entry in kept.items()}
    return [_tidied(entry) for entry in node] if isinstance(node, list) else node


class ByName:
    """Writes an enumeration by the names of its members in lower case, as programs compare them.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import TypeAdapter
        >>> from ceteris.statistics.verdict import Decision
        >>> TypeAdapter(Annotated[Decision, ByName()]).dump_json(Decision.NOT_COMPARED)
        b'"not_compared"'
    """

    def __get_pydantic_core_schema__(self, source: type[Enum], _: GetCoreSchemaHandler) -> CoreSchema:
        """Take members in Python, and their names in JSON."""
        named = {one.name.lower(): one for one in source}
        read = core_schema.no_info_plain_validator_function(named.__getitem__)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([core_schema.literal_schema(list(named)), read]),
            python_schema=core_schema.is_instance_schema(source),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda one: one.name.lower()),
        )
