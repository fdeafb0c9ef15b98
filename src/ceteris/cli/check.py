"""`ceteris data check`: what is in a folder of images, before anything is trained on it."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ceteris.cli.fetching import show_progress
from ceteris.datasets.inspection import Inspection, inspect_folder
from ceteris.errors import ResultsError
from ceteris.paths import shown
from ceteris.report.inspection import class_table, copy_groups, findings, format_table, group_line, render_inspection
from ceteris.report.table import Table
from ceteris.resources import available_cores
from ceteris.results.atomic import write_atomically

_LINES, _GROUPS = 10, 5


def check(folder: Path, *, out: Path | None, console: Console) -> Inspection:
    """Print what is in a folder of images, and write it as a page if that is wanted."""
    if out is not None and not out.parent.is_dir():
        raise ResultsError(f"{out}: there is no folder {out.parent}. Make it, or choose another place for the page.")
    inspection = show_progress(inspect_folder(folder), console)
    if out is not None:
        write_atomically(out, render_inspection(inspection, workers=available_cores()).encode())
    files = len(inspection.pictures) + len(inspection.unreadable)
    title = f"{inspection.listing.name}: {files:,} files in {len(inspection.listing.class_names)} classes"
    console.print(Text(title, style="bold"), soft_wrap=True)
    for table in (class_table(inspection), format_table(inspection)):
        console.print()
        console.print(_drawn(table))
    console.print()
    for sentence in findings(inspection):
        console.print(Text(f"- {sentence}"), soft_wrap=True)
    _print_some("Cannot be read", (f"{shown(f.name)} {reason}" for f, reason in inspection.unreadable), _LINES, console)
    crossing, others = copy_groups(inspection)
    _print_some("Copies on both sides of the test", map(group_line, crossing), _GROUPS, console)
    _print_some("Other copies" if crossing else "Copies", map(group_line, others), _GROUPS, console)
    if out is not None:
        console.print(f"\npage: {out}", markup=False, soft_wrap=True)
    else:
        console.print("\nWith --out FILE.html, all of this is a page with pictures.")
    return inspection


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        drawn.add_column(column.title, justify="right" if column.is_number else "left")
    for row in table.rows:
        drawn.add_row(*(Text(cell.plain) for cell in row))
    return drawn


def _print_some(title: str, lines: Iterable[str], most: int, console: Console) -> None:
    found = list(lines)
    if not found:
        return
    console.print()
    console.print(Text(f"{title}:", style="bold"))
    for line in found[:most]:
        console.print(Text(f"  {line}"), soft_wrap=True)
    if len(found) > most:
        console.print(Text(f"  and {len(found) - most:,} more"))
