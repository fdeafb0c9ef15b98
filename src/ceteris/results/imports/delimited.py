"""Tables as text: cells separated by commas, semicolons, tabs or bars, one row per line, the heading first."""

import codecs
import csv
import re
from collections.abc import Iterator
from io import StringIO

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count
from ceteris.results.imports.given import Given, ImportKind
from ceteris.results.imports.table import Row, Table

_DELIMITERS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
"""A comma comes last: where another one separates cells as well, it begins decimals."""

_SAID = re.compile(r"sep=([;,|\t])\r?\n")


def decoded(content: bytes, source: str) -> str:
    """Decode UTF-8, or UTF-16 that begins with a byte order mark.

    Raises:
        ResultsError: If it is anything else; the message gives the first line that is wrong.
    """
    if b"\0" in content[:4096] and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ResultsError(f"{source} is not text. Expected a table, for example CSV in UTF-8.")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "UTF-16" if is_utf16 else "UTF-8"
        line = content.count(b"\n", 0, error.start) + 1
        raise ResultsError(f"{source}, line {line}: this is not {kind} text. Save the table as UTF-8.") from None


def delimited_table(given: Given) -> Table:
    """Take a text apart into rows and cells.

    Raises:
        ResultsError: If it is not text, a row has more or fewer cells than the heading, a quotation mark is not closed,
            or there are no rows.
    """
    source = given.name
    text = decoded(given.content(), source)
    if not text.strip(" \r\n\t,;|"):
        raise ResultsError(f"{source} is empty. Expected a heading and one row per run.")
    said = _SAID.match(text)  # as spreadsheets write it
    delimiter = said[1] if said else _delimiter(text, source)
    rows = _rows(text, delimiter, source)
    if said:
        next(rows)
    _, heading = next(rows)
    columns = tuple(cell or f"column {place}" for place, cell in enumerate(heading, start=1))
    found = []
    for place, row in rows:
        cells = row if any(row[len(columns) :]) else row[: len(columns)]
        if len(cells) != len(columns):
            raise ResultsError(
                f"{source}, {place}: {count(len(cells), 'cell')}, expected {len(columns)} as in the heading (separated "
                f"by {_DELIMITERS[delimiter]}). Put quotation marks around cells with {_DELIMITERS[delimiter]} in them."
            )
        found.append(Row(place, cells))
    kept = [index for index, name in enumerate(heading) if name or any(row.cells[index] for row in found)]
    if len(kept) < len(columns):
        columns = tuple(columns[index] for index in kept)
        found = [row._replace(cells=tuple(row.cells[index] for index in kept)) for row in found]
    return Table(source=source, columns=columns, rows=tuple(found))


def _delimiter(text: str, source: str) -> str:
    """Choose the delimiter that gives the heading the most cells."""
    sizes = {one: _size(text, one, source) for one in _DELIMITERS}
    best = max(sizes, key=lambda one: sizes[one])
    if sizes[best] == 1:
        heading = text.strip().splitlines()[0][:60]
        raise ResultsError(
            f"{source}, line 1: one column, '{heading}', expected at least two that are separated by commas, "
            "semicolons, tabs or bars."
        )
    return best


def _size(text: str, delimiter: str, source: str) -> int:
    try:
        return len(next(_rows(text, delimiter, source), ("", ()))[1])
    except ResultsError:  # it stands beside a quotation mark: another one is the right one
        return 1


def _rows(text: str, delimiter: str, source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the place and the cells of each row that is not blank."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            is_rule = delimiter == "|" and not any(cell.strip("-: ") for cell in stripped)  # of a table in Markdown
            if any(stripped) and not is_rule:
                yield f"line {line}", stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise ResultsError(
            f"{source}, line {line}: the row cannot be read ({error}). Close its quotation marks, and double those "
            "inside of a cell."
        ) from None


DELIMITED = ImportKind(name="csv", fits=lambda given: given.folder is None, table=delimited_table)
