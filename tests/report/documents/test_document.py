import json
import math
from enum import Enum, auto
from typing import Annotated, Literal

import pytest
from pydantic import ValidationError

from ceteris.report.documents.document import ByName, Document, Entry


class Shade(Enum):
    """A shade."""

    DARK = auto()
    VERY_LIGHT = auto()


class Point(Entry):
    """A place.

    Attributes:
        x: To the right.
    """

    x: float | None


class Sketch(Document):
    """A drawing.

    Attributes:
        points: In order.
        shade: Of all lines.
    """

    document: Literal["sketch"]
    schema_version: Literal[2]
    points: tuple[Point, ...]
    shade: Annotated[Shade, ByName()]


def sketch(x=0.5):
    """Draw one point."""
    return Sketch(document="sketch", schema_version=2, points=(Point(x=x),), shade=Shade.VERY_LIGHT)


def test_a_document_is_json_that_no_locale_can_spoil():
    """Enumerations are words in lower case, and what is read back is the same."""
    content = sketch().encode()

    assert json.loads(content) == {
        "document": "sketch",
        "schema_version": 2,
        "points": [{"x": 0.5}],
        "shade": "very_light",
    }
    assert content.isascii()
    assert Sketch.model_validate_json(content) == sketch()


@pytest.mark.parametrize("x", [math.nan, math.inf])
def test_what_json_has_no_number_for_is_refused(x):
    """Whoever builds a document says null instead."""
    with pytest.raises(ValidationError):
        sketch(x)


def test_the_schema_says_what_the_docstrings_say():
    """It names kind and version, asks for every key and allows further ones, which a later version may write."""
    assert Sketch.schema_document() == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ceteris sketch, version 2",
        "$defs": {
            "Point": {
                "description": "A place.",
                "type": "object",
                "properties": {"x": {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "To the right."}},
                "required": ["x"],
            }
        },
        "description": "A drawing.",
        "type": "object",
        "properties": {
            "document": {"const": "sketch", "type": "string", "description": "What it is."},
            "schema_version": {
                "const": 2,
                "type": "integer",
                "description": "Rises by 1 where a program that reads the version before might be misled: a key that "
                "goes or means something else. New keys do not raise it, so a program should overlook keys that it "
                "does not know.",
            },
            "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}, "description": "In order."},
            "shade": {"enum": ["dark", "very_light"], "type": "string", "description": "Of all lines."},
        },
        "required": ["document", "schema_version", "points", "shade"],
    }
