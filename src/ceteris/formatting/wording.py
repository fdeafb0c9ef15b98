"""The words that messages are made of: lists, values as a study file writes them, and what a person probably meant."""

import difflib
import json
from collections.abc import Iterable, Mapping

_VALUE_LENGTH = 60


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a person most likely meant, if any comes close."""
    choices = {choice.casefold(): choice for choice in known}
    close = difflib.get_close_matches(word.casefold(), choices, n=1, cutoff=0.6)
    return choices[close[0]] if close else None


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: `a, b and c`."""
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def written(value: object) -> str:
    """Write a value as a study file would, cut short if it is long."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=not value.isprintable())
        case Mapping():
            text = "{" + ",".join(f" {key} = {written(entry)}" for key, entry in value.items()) + " }"
        case list() | tuple():
            text = "[" + ", ".join(written(entry) for entry in value) + "]"
        case _:
            text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= _VALUE_LENGTH else text[: _VALUE_LENGTH - 3] + "..."
