"""Runs as JSON: one document, or an object per line."""

import json
from typing import Any

from ceteris.errors import ResultsError
from ceteris.results.imports.delimited import decoded
from ceteris.results.imports.given import Given, ImportKind
from ceteris.results.imports.records import flat, table_of_values
from ceteris.results.imports.table import Table, table_of_records


def json_table(given: Given) -> Table:
    """Read JSON, or JSON lines.

    Raises:
        ResultsError: If it is cut short, damaged, names a key twice, or holds no runs; with the line.
    """
    text = decoded(given.content(), given.name).strip("\ufeff\x00 \t\r\n")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > 1 and _is_object(lines[0][1]):
        records = [(f"line {number}", _parsed(line, given.name, number)) for number, line in lines]
        for place, record in records:
            if not isinstance(record, dict):
                raise ResultsError(f"{given.name}, {place}: no object, expected one per line as in the others.")
        return table_of_records(((place, flat(record)) for place, record in records), given.name)
    return table_of_values(_parsed(text, given.name, 1), given.name)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(text: str, source: str, line: int) -> Any:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, source))
    except json.JSONDecodeError as error:
        raise ResultsError(
            f"{source}, line {line + error.lineno - 1}: this is not JSON ({error.msg.lower()}). Is the file cut short?"
        ) from None
    except RecursionError:
        raise ResultsError(f"{source}, line {line}: values are nested too deeply. Expected a list of runs.") from None


def _object(pairs: list[tuple[str, Any]], source: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ResultsError(f"{source}: an object has the key '{twice}' twice. Rename or remove one.")
    return found


JSON = ImportKind(
    name="json",
    fits=lambda given: given.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["),
    table=json_table,
)
