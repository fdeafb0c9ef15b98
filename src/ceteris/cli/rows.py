"""Terminal tables with a row for each variation."""

from rich.console import Console
from rich.table import Table


def arm_table(*, with_factors: bool = True) -> Table:
    """Begin a table whose rows are variations: names are wrapped where there is no room, and never cut off.

    Args:
        with_factors: Whether the first column tells what each variation is about.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    if with_factors:
        table.add_column("factor", style="dim", overflow="fold")
    table.add_column("variation", overflow="fold")
    return table


def set_apart(table: Table, console: Console) -> Table:
    """Leave a blank line between rows if the terminal is too narrow to give each of them one line.

    Args:
        table: With all its rows; it is changed.
        console: Where it will be printed.
    """
    if console.measure(table, options=console.options.update(width=10_000)).maximum > console.width:
        top, right, bottom, left = table.padding
        table.padding = (top, right, bottom + 1, left)
    return table
