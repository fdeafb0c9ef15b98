"""Code as values: the text of every file by its path, the name in it that a study gives, arguments, and how two differ.

What is kept is what is run: a study carries the text itself, so that a run's digest depends on contents and not on
where a folder is, a worker needs no file, and an edit while a study trains changes nothing.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

Argument = bool | int | float | str | tuple[bool | int | float | str, ...]

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
CODE_NAME = rf"^([^:\\\x00-\x1f]+\.py|{_IDENTIFIER}(\.{_IDENTIFIER})*):{_IDENTIFIER}$"

_EXAMPLES = {"module": ["nets.py:Net", "models.small:Net"], "train": ["train.py:train", "methods.sam:train"]}


def code_name(kind: str) -> Any:
    """Give the schema of a name in code: of a `module` or of a function `train`."""
    return WithJsonSchema({"type": "string", "pattern": CODE_NAME, "examples": _EXAMPLES[kind]})


def _as_pairs(value: object) -> object:
    if isinstance(value, Mapping):
        value = sorted(value.items())
    if not isinstance(value, list | tuple):
        return value
    return tuple((name, tuple(one) if isinstance(one, list) else one) for name, one in value)


# Pairs, because a specification is compared and counted by its hash; a table everywhere else.
Files = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_as_pairs),
    PlainSerializer(dict),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
"""Text by path, as seen from the folder of the study with slashes."""

Arguments = Annotated[
    tuple[tuple[Annotated[str, Field(pattern=rf"^{_IDENTIFIER}$")], Argument], ...],
    BeforeValidator(_as_pairs),
    PlainSerializer(dict),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": ["boolean", "integer", "number", "string", "array"]},
        }
    ),
]
"""Values by name: numbers, texts, true or false, or lists of them."""


def files_digest(files: Sequence[tuple[str, str]]) -> str:
    """Give the SHA-256 of all files, paths and contents, in hexadecimal.

    Example:
        >>> files_digest([("nets.py", "width = 8")])[:8]
        'e27db1d1'
    """
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()


def entry_path(name: str, files: Sequence[tuple[str, str]]) -> str:
    """Give the file in which the name of some code is, for example `nets.py` of `nets.py:Net`."""
    module = name.rpartition(":")[0]
    if module.endswith(".py"):
        return module
    stem = module.replace(".", "/")
    return next((path for path, _ in files if path in {f"{stem}.py", f"{stem}/__init__.py"}), f"{stem}.py")


def called_with(arguments: Sequence[tuple[str, Argument]]) -> str:
    """Write arguments for a reader.

    Example:
        >>> called_with([("width", 8), ("kind", "wide")])
        "width = 8, kind = 'wide'"
    """
    return ", ".join(
        f"{name} = {list(value) if isinstance(value, tuple) else repr(value)}" for name, value in arguments
    )


def line_diff(before: str, after: str, *, context: int = 1) -> tuple[str, ...]:
    r"""Give the lines that differ as a unified diff without the names of files; empty if none differ.

    Example:
        >>> line_diff("a\nb\n", "a\nc\n", context=0)
        ('@@ -2 +2 @@', '-b', '+c')
    """
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=context)
    return tuple(lines)[2:]
