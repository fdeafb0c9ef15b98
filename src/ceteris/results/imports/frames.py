"""Runs from Python: a data frame of pandas or polars, columns by name, or records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns, ImportedRuns
from ceteris.results.imports.records import table_of_columns, table_of_values
from ceteris.results.imports.runs import outcomes_of_table
from ceteris.results.imports.table import Table

_SOURCE = "the table"


def outcomes_of(table: object, columns: Columns | None = None) -> ImportedRuns:
    """Read the runs of a table that Python holds.

    In a data frame, not-a-number in the column of the metric is a run that diverged; None, or pandas' NA, one without a
    result. An index with a name is a column too.

    Args:
        table: A data frame of pandas or polars; a mapping of columns, of equal length; or a list of mappings, one per
            run.
        columns: What the caller says of columns; the rest is recognised by usual names.

    Raises:
        ResultsError: As `read_outcomes` does.

    Example:
        >>> runs = outcomes_of(
        ...     {"model": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1], "accuracy": [0.9, 0.91, 0.93, 0.92]}
        ... )
        >>> [(run.variation, run.seed, run.value) for run in runs.outcomes][:2]
        [('a', '0', 0.9), ('a', '1', 0.91)]
    """
    return outcomes_of_table(_table(table), columns or Columns())


def _table(table: Any) -> Table:
    if isinstance(table, Mapping):
        return table_of_values({name: _listed(cells) for name, cells in table.items()}, _SOURCE, "row")
    if isinstance(table, Sequence) and not isinstance(table, str | bytes):
        return table_of_values(list(table), _SOURCE, "row")
    if hasattr(table, "columns") and hasattr(table, "__getitem__") and hasattr(table, "shape"):
        return _of_frame(table)
    raise ResultsError(
        f"the table is of type {type(table).__name__}, expected a data frame of pandas or polars, a dict of columns or "
        "a list of records. To read a file, give its path to read_outcomes."
    )


def _of_frame(frame: Any) -> Table:
    index = getattr(frame, "index", None)
    if any(name is not None for name in getattr(index, "names", ())):
        frame = frame.reset_index()
    names = list(frame.columns)
    name, times = Counter(map(str, names)).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise ResultsError(f"the table has {times} columns called '{name}'. Rename all but one.")
    if not names or not len(frame):
        raise ResultsError("the table has no rows. Expected one row per run.")
    return table_of_columns({str(name): list(frame[name]) for name in names}, _SOURCE)


def _listed(cells: Any) -> Any:
    """Give a column as a list, whatever holds it: a list, an array, a series."""
    if isinstance(cells, str | Mapping) or not hasattr(cells, "__iter__"):
        return cells
    return list(cells)
