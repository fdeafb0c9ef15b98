"""Tables of Python values: what JSON, Parquet and data frames become before anything is recognised in them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, cast

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count
from ceteris.results.imports.table import Row, Table, columns_listed, table_of_records

Record = Mapping[Any, object]

_SHAPES = (
    "Expected a list of runs, each with names and values, or lists by column: "
    '[{"variation": "baseline", "seed": 0, "accuracy": 0.93}, ...].'
)
_ABSENT = ("NAType", "NaTType")


def table_of_values(value: object, source: str, noun: str = "entry") -> Table:
    """Make a table of nested values, as JSON has them.

    Args:
        value: A list of records; an object with such a list; columns by name; or records or seeds by name.
        source: What was read.
        noun: What a record is called, with its number, in messages.

    Raises:
        ResultsError: If it is none of these.
    """
    match value:
        case [*records] if records and all(isinstance(record, Mapping) for record in records):
            named = ((f"{noun} {number}", flat(cast("Record", one))) for number, one in enumerate(records, start=1))
            return table_of_records(named, source)
        case {"columns": [*names], "data": [*rows]}:  # as pandas writes with orient="split"
            return _of_rows([str(name) for name in names], rows, source, noun)
        case [[*names], *rows] if rows and all(isinstance(name, str) for name in names):
            return _of_rows([str(name) for name in names], rows, source, noun)
        case Mapping() if value:
            return _of_mapping({str(key): entry for key, entry in value.items()}, source, noun)
    raise ResultsError(f"{source} holds no runs. {_SHAPES}")


def table_of_columns(columns: Mapping[str, Sequence[object]], source: str, noun: str = "row") -> Table:
    """Make a table of columns.

    Raises:
        ResultsError: If they differ in length, unless each is a variation: then the shorter ones have fewer runs.
    """
    lengths = {name: len(cells) for name, cells in columns.items()}
    longest = max(lengths.values())
    shorter = [name for name, length in lengths.items() if length < longest]
    if shorter and not all(_is_number(cell) for cells in columns.values() for cell in cells):
        raise ResultsError(
            f"{source}: column '{shorter[0]}' has {count(lengths[shorter[0]], 'value')}, and others have {longest}. "
            "Give every column one value per run."
        )
    texts = {name: [*map(text_of, cells), *[""] * (longest - len(cells))] for name, cells in columns.items()}
    rows = tuple(Row(f"{noun} {n}", cells) for n, cells in enumerate(zip(*texts.values(), strict=True), start=1))
    return Table(source=source, columns=tuple(texts), rows=rows)


def flat(record: Record, name: str = "") -> dict[str, str]:
    """Name each value of a nested record by its path, with dots, and write it as text.

    Example:
        >>> flat({"config": {"lr": 0.1, "flip": True, "sizes": [1, 2]}, "loss": None})
        {'config.lr': '0.1', 'config.flip': 'true', 'config.sizes': '[1, 2]', 'loss': ''}
    """
    cells: dict[str, str] = {}
    for key, value in record.items():
        path = f"{name}.{key}" if name else str(key)
        cells |= flat(value, path) if isinstance(value, Mapping) else {path: text_of(value)}
    return cells


def text_of(value: object) -> str:
    """Write a value as the cell of a table; what is absent is an empty cell, and not a number is `nan`."""
    if value is None or type(value).__name__ in _ABSENT:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return str(value).lower()
    if isinstance(value, list | tuple):
        return json.dumps(value, default=str)
    return str(value).strip()


def _of_rows(names: Sequence[str], rows: Sequence[object], source: str, noun: str) -> Table:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            found = count(len(row), "value") if isinstance(row, list) else "no list"
            raise ResultsError(f"{source}, {noun} {number}: {found}, expected {len(names)} as there are columns.")
    found_rows = tuple(Row(f"{noun} {n}", tuple(map(text_of, row))) for n, row in enumerate(_lists(rows), start=1))
    return Table(source=source, columns=tuple(names), rows=found_rows)


def _lists(rows: Sequence[object]) -> Iterator[list[object]]:
    return (row for row in rows if isinstance(row, list))


def _of_mapping(value: dict[str, object], source: str, noun: str) -> Table:
    lists = {key: entry for key, entry in value.items() if isinstance(entry, list)}
    runs = {key: entry for key, entry in lists.items() if entry and all(isinstance(one, Mapping) for one in entry)}
    objects: dict[str, Record] = {key: one for key, one in value.items() if isinstance(one, Mapping)}
    if len(runs) == 1:
        ((key, entry),) = runs.items()
        left = [name for name in value if name != key]
        taken = [f"Runs: the list '{key}'.", *([f"Not read: {columns_listed(left)}."] if left else [])]
        return replace(table_of_values(entry, source, noun), taken=tuple(taken))
    if len(runs) == len(value):
        records = (
            (f"{noun} {number} of '{key}'", {"variation": key, **flat(one)})
            for key, entry in runs.items()
            for number, one in enumerate(entry, start=1)
        )
        return table_of_records(records, source)
    if len(lists) == len(value):
        return table_of_columns(lists, source, noun)
    if len(objects) == len(value):
        return _of_objects(objects, source, noun)
    if not lists and not objects:
        return table_of_records([(f"{noun} 1", flat(value))], source)
    raise ResultsError(f"{source} holds no runs that can be told from other things. {_SHAPES}")


def _of_objects(objects: Mapping[str, Record], source: str, noun: str) -> Table:
    keys = list(dict.fromkeys(str(key) for entry in objects.values() for key in entry))
    if not all(key.isdigit() for key in keys):
        return table_of_records(((f"'{key}'", {"name": key, **flat(entry)}) for key, entry in objects.items()), source)
    # By column and row, as pandas writes, or by variation and seed.
    columns = {name: {str(key): text_of(cell) for key, cell in entry.items()} for name, entry in objects.items()}
    rows = [
        (f"{noun} {key}", {"index": key, **{name: cells.get(key, "") for name, cells in columns.items()}})
        for key in keys
    ]
    return table_of_records(rows, source)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool))
