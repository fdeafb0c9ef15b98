"""`ceteris compare`: two results folders side by side."""

from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ceteris.analysis.comparison import FolderComparison, compare_results
from ceteris.cli.console import print_notes, print_sentence
from ceteris.errors import ResultsError
from ceteris.formatting.console import plain_table
from ceteris.report.comparison.conditions import Conditions, compare_conditions
from ceteris.report.comparison.findings import findings, notes, warnings
from ceteris.report.comparison.tables import encode_run_pairs, render_comparison, result_tables, same_line, side_line
from ceteris.report.documents.comparison import ComparisonDocument, comparison_document
from ceteris.report.quantities import NOTHING
from ceteris.report.table import Cell, Table
from ceteris.results.atomic import write_atomically

_STYLES = {"better": "green", "worse": "red", "equal": "", "undecided": "dim", "not-compared": "dim"}


def compare(first: Path, second: Path, *, out: Path | None, console: Console) -> FolderComparison:
    """Print how two folders differ, then the conclusions, then the numbers."""
    if out is not None and out.suffix.lower() not in _WRITERS:
        raise ResultsError(f"{out} ends in neither .md nor .csv. Give it one of these endings.")
    found = compare_results(first, second)
    if out is not None:
        write_atomically(out, _WRITERS[out.suffix.lower()](found))
    if found.first.manifest.study.title == found.second.manifest.study.title:
        console.print(Text(found.first.manifest.study.title, style="bold"), soft_wrap=True)
    for label, side in found.sides:
        line = Text.assemble((label, "bold"), f"  {side.results.folder.path}: {side_line(side)}")
        console.print(line, soft_wrap=True)
    for warning in warnings(found):
        print_sentence(Text(f"\nWARNING: {warning}", style="bold red"), console)
    _print_conditions(compare_conditions(found), console)
    told = notes(found)
    print_notes(told, console)
    if told:
        console.print()
    console.print(Text("Summary", style="bold"))
    for sentence in findings(found):
        console.print(Text(sentence))
    for table in result_tables(found):
        _print_table(table, console)
    if out is not None:
        console.print(f"\nwritten: {out}", markup=False, soft_wrap=True)
    return found


def document(found: FolderComparison) -> ComparisonDocument:
    """Give the same for programs."""
    return comparison_document(found)


def _print_conditions(conditions: Conditions, console: Console) -> None:
    """Print what differs, one thing a line or, where it is long, A above B; and what does not."""
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", ratio=1)
    grid.add_column(ratio=2)
    console.print()
    if conditions.differing:
        console.print(Text("What differs", style="bold"))
    for one in conditions.differing:
        before, after = one.first or NOTHING, one.second or NOTHING
        short = f"{before} \N{RIGHTWARDS ARROW} {after}"
        grid.add_row(Text(one.what), Text(short if len(short) <= _SHORT else f"A: {before}\nB: {after}"))
    if conditions.differing:
        console.print(grid)
        console.print()
    if same := same_line(conditions):
        console.print(Text(same))
    console.print()


def _print_table(table: Table, console: Console) -> None:
    """Print a table of the report; the interval of a mean is left to the file, so that 80 columns are enough."""
    drawn = plain_table()
    for column in table.columns:
        drawn.add_column(column.title, justify="right" if column.is_number else "left", no_wrap=column.is_number)
    for row in table.rows:
        drawn.add_row(
            *(_cell(cell, is_mean=column.title in _MEANS) for cell, column in zip(row, table.columns, strict=True))
        )
    console.print()
    console.print(Text(table.title, style="bold"))
    console.print(drawn)
    for note in table.notes:
        console.print(Text(note, style="dim"))


def _cell(cell: Cell, *, is_mean: bool) -> Text:
    text = Text(cell.text or NOTHING, style=_STYLES.get(cell.tag, ""))
    return text.append(f"\n{cell.detail}", style="dim") if cell.detail and not is_mean else text


_MEANS = ("A", "B")
"""Columns of the table of accuracies whose intervals are left to the file."""


_SHORT = 46
"""Characters of the second column at 80 columns, less what sets it off."""

_WRITERS = {".md": lambda found: render_comparison(found).encode(), ".csv": encode_run_pairs}
