"""Tables with a column per variation, a column per seed or a row per metric, made into tables with one row per run."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count, nearest
from ceteris.results.imports import names
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.names import spelled, tokens
from ceteris.results.imports.table import Row, Table, columns_listed
from ceteris.results.imports.values import is_missing, looks_numeric

_OF_A_SEED = re.compile(
    r"(?P<stem>.*?)[ _\-/.]*(?:(?:seed|run|trial|rep|repeat|repetition|replicate|fold)[ _\-=#]*)?(?P<seed>\d+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?:^|[^a-z])(?:seed|run|trial|rep|repeat|repetition|replicate|fold)[ _\-=#]*\d+$", re.IGNORECASE)


def one_row_per_run(table: Table, columns: Columns) -> tuple[Table, Columns]:
    """Give a table with one row per run, and the options that still apply to it; a long table stays as it is.

    Raises:
        ResultsError: If there are several metrics, and no option says which.
    """
    if columns.metric in table.columns or table.metrics is not None:
        return table, columns
    if (name := _column_of_metrics(table)) is not None:
        return _of_one_metric(table, name, columns)
    if seeds := _columns_of_seeds(table, columns):
        words = {column: match["seed"] for column in seeds if (match := _OF_A_SEED.fullmatch(column))}
        stem = _stem(seeds[0])
        metric = columns.metric or stem or "value"
        return _melted(table, words, "seed", metric, columns)
    if arms := _columns_of_variations(table, columns):
        return _melted(table, {column: column for column in arms}, "variation", columns.metric or "value", columns)
    return table, columns


def _column_of_metrics(table: Table) -> str | None:
    """Find the column that says for each row which metric its value is of."""
    if not any(spelled(name) == "value" for name in table.columns):
        return None
    usual = [name for name in table.columns if spelled(name) in names.METRIC and not looks_numeric(table.cells(name))]
    return usual[0] if len(usual) == 1 else None


def _of_one_metric(table: Table, column: str, columns: Columns) -> tuple[Table, Columns]:
    metrics = list(dict.fromkeys(table.cells(column)))
    if columns.metric not in metrics and len(metrics) > 1:
        raise ResultsError(
            f"{table.source}: column '{column}' names several metrics, {columns_listed(metrics)}. Choose one with "
            f"--metric, for example --metric '{metrics[0]}'."
        )
    metric = columns.metric if columns.metric in metrics else metrics[0]
    index, value = table.columns.index(column), next(name for name in table.columns if spelled(name) == "value")
    kept = [place for place in range(len(table.columns)) if place != index]
    heading = tuple(metric if name == value else name for name in table.columns)
    rows = [
        row._replace(cells=tuple(row.cells[place] for place in kept))
        for row in table.rows
        if row.cells[index] == metric
    ]
    taken = (*table.taken, f"Metric: the rows with '{metric}' in column '{column}'.")
    long = replace(table, columns=tuple(heading[place] for place in kept), rows=tuple(rows), taken=taken,
                   known={**table.known, "metric": metric})  # fmt: skip
    return long, replace(columns, metric=None)


def _columns_of_seeds(table: Table, columns: Columns) -> list[str]:
    if columns.seed is not None:
        return []
    stems: dict[str, list[str]] = {}
    for column in table.columns:
        is_asked = columns.metric is not None and _stem(column) == columns.metric
        if _OF_A_SEED.fullmatch(column) and (is_asked or column.isdigit() or _WORD.search(column)):
            stems.setdefault(_stem(column), []).append(column)
    groups = {stem: found for stem, found in stems.items() if len(found) > 1 and _are_numeric(table, found)}
    if len(groups) > 1 and columns.metric not in groups:
        raise ResultsError(
            f"{table.source}: the columns of seeds hold several metrics, {columns_listed(list(groups))}. Choose one "
            "with --metric."
        )
    return groups.get(columns.metric or "") or next(iter(groups.values()), [])


def _stem(column: str) -> str:
    match = _OF_A_SEED.fullmatch(column)
    return match["stem"] if match else ""


def _columns_of_variations(table: Table, columns: Columns) -> list[str]:
    others = (names.SEED, names.RUN, names.STEP, names.TEST_IMAGES, names.SUMMARY)
    if columns.variation is not None or any(spelled(name) in names.VARIATION for name in table.columns):
        return []
    if columns.metric is not None and nearest(columns.metric, table.columns) is not None:
        return []  # misspelt
    free = [name for name in table.columns if name not in (columns.seed, columns.pair, columns.step)]
    free = [name for name in free if not any(spelled(name) in known for known in others)]
    free = [name for name in free if not name.startswith("column ") and not names.is_aside(tokens(name))]
    is_wide = _are_numeric(table, free) and not any(names.is_metric(tokens(name)) for name in free)
    if any(spelled(name) in names.SETTING for name in table.columns) and not _are_signed(table, free):
        return []
    return free if len(free) > 1 and is_wide else []


def _are_signed(table: Table, columns: Sequence[str]) -> bool:
    """Say whether all cells have percent signs, as settings have none: then an arm may be called `dropout`."""
    cells = (text for name in columns for text in table.cells(name) if not is_missing(text))
    return all(text.endswith("%") for text in cells)


def _are_numeric(table: Table, columns: Sequence[str]) -> bool:
    return all(looks_numeric(table.cells(name)) for name in columns)


def _melted(table: Table, words: dict[str, str], role: str, metric: str, columns: Columns) -> tuple[Table, Columns]:
    indices = {table.columns.index(column): word for column, word in words.items()}
    kept = [index for index in range(len(table.columns)) if index not in indices]
    given = {} if role == "seed" or _has_seed(table, kept, columns) else {"seed": "row"}
    rows, empty = [], 0
    for number, row in enumerate(table.rows, start=1):
        cells = tuple(row.cells[index] for index in kept)
        for index, word in indices.items():
            if is_missing(row.cells[index]):
                empty += 1
                continue
            place = f"{row.place}, column '{table.columns[index]}'"
            rows.append(Row(place, (*cells, *(str(number) for _ in given), word, row.cells[index])))
    taken = [*table.taken, f"Each of the columns {columns_listed(list(words))} is a {role}."]
    if given:
        taken.append("Seeds are numbered by row.")
    if empty:
        taken.append(f"There is no run in {count(empty, 'empty cell')}.")
    heading = (*(table.columns[index] for index in kept), *given.values(), role, metric)
    known = {**given, role: role, "metric": metric}
    if role == "seed" and columns.variation is None and len(kept) == 1:
        known["variation"] = heading[0]
        taken.append(f"The rows of column '{heading[0]}' are variations.")
    melted = Table(source=table.source, columns=heading, rows=tuple(rows), known=known, taken=tuple(taken),
                   notes=table.notes)  # fmt: skip
    return melted, replace(columns, metric=None)


def _has_seed(table: Table, kept: Sequence[int], columns: Columns) -> bool:
    usual = [table.columns[index] for index in kept if spelled(table.columns[index]) in (names.SEED | names.RUN)]
    return columns.seed is not None or bool(usual) or columns.step is not None
