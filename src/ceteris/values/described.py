"""What docstrings say of a class of values and of its fields, for JSON schemas."""

import re

from pydantic import BaseModel

_NEW_ENTRY = re.compile(r"^\s{4}(\w+): ", re.MULTILINE)


def summary(model: type[BaseModel]) -> str:
    """Give the first paragraph of a docstring in one line."""
    return _one_line((model.__doc__ or "").split("\n\n")[0])


def attribute_texts(model: type[BaseModel]) -> dict[str, str]:
    """Read what the `Attributes:` sections of a class and its bases say of its fields."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        is_ours = issubclass(base, BaseModel) and base is not BaseModel
        sections = (base.__doc__ or "").split("Attributes:\n") if is_ours else []
        if len(sections) == 2:
            _, *parts = _NEW_ENTRY.split("    " + _dedented(sections[1].split("\n\n")[0]))
            found |= {name: _one_line(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return {name: text for name, text in found.items() if name in model.model_fields}


def _dedented(text: str) -> str:
    return re.sub(r"^ {4}", "", text, flags=re.MULTILINE).lstrip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
