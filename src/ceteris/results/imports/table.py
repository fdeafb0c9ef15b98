"""A table as it was found: named columns of text. Every source becomes one before anything is recognised in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count, listed, nearest
from ceteris.results.imports.imported_runs import Curve

_SHOWN = 12


class Row(NamedTuple):
    """One row: where it stands (`line 7`), a cell per column, and curves by column where the source has them."""

    place: str
    cells: tuple[str, ...]
    curves: Mapping[str, Curve] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of text.

    Attributes:
        source: What was read, for messages.
        columns: Their names; a column without one is called by its position, `column 3`.
        rows: At least one.
        known: Columns whose part the format itself fixes, by the name of that part in `Columns`.
        metrics: The columns that may hold values, where the format tells them from settings.
        taken: What the reader of the file took for what, a sentence each.
        notes: What a reader of any result must know.

    Raises:
        ResultsError: If there is no row, or two columns have one name.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    known: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    metrics: frozenset[str] | None = None
    taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no run can be read from."""
        if not self.rows:
            raise ResultsError(f"{self.source} has no rows below its heading. Expected one row per run.")
        name, times = Counter(self.columns).most_common(1)[0]
        if times > 1:
            positions = [str(place) for place, column in enumerate(self.columns, start=1) if column == name]
            raise ResultsError(
                f"{self.source}: columns {listed(positions)} are all called '{name}'. Rename all but one."
                if times > 2
                else f"{self.source}: columns {listed(positions)} are both called '{name}'. Rename one of them."
            )

    def cells(self, column: str) -> tuple[str, ...]:
        """Give the cells of a column, in the order of the rows."""
        index = self.columns.index(column)
        return tuple(row.cells[index] for row in self.rows)

    def named(self, option: str, column: str) -> str:
        """Give the column that an option names.

        Raises:
            ResultsError: If there is none of that name.
        """
        if column in self.columns:
            return column
        alike = nearest(column, self.columns)
        meant = f"; did you mean '{alike}'?" if alike else "."
        raise ResultsError(f"{self.source}: {option} '{column}' is not a column{meant} {self.listing}")

    @property
    def listing(self) -> str:
        """Name the columns in a sentence."""
        return f"The columns are {columns_listed(self.columns)}."


def columns_listed(names: Sequence[str]) -> str:
    """List names in quotation marks, the first dozen if there are many."""
    shown = [f"'{name}'" for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(count(len(names) - _SHOWN, "more", "more"))
    return listed(shown)


def table_of_records(
    records: Iterable[tuple[str, Mapping[str, str]]], source: str, known: Mapping[str, str] | None = None
) -> Table:
    """Make a table of rows that name their own cells; a row without a cell has an empty one.

    Args:
        records: Place and cells of each row.
        source: What was read.
        known: As in `Table`.
    """
    kept = list(records)
    columns = tuple(dict.fromkeys(name for _, cells in kept for name in cells))
    rows = tuple(Row(place, tuple(cells.get(name, "") for name in columns)) for place, cells in kept)
    return Table(source=source, columns=columns or ("nothing",), rows=rows, known=known or {})
