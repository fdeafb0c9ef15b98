"""Lines, tables and durations on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_line(line: str, console: Console, *, style: str = "") -> None:
    """Print a line whole, however wide the terminal is, and whatever is in it."""
    console.print(Text(line, style=style), soft_wrap=True)


def plain_table() -> Table:
    """Begin a table without lines."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def arm_table(*, with_factors: bool = True) -> Table:
    """Begin a table whose rows are variations: names are wrapped where there is no room, and never cut off."""
    table = plain_table()
    if with_factors:
        table.add_column("factor", style="dim", overflow="fold")
    table.add_column("variation", overflow="fold")
    return table


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """Say how long something takes, roughly.

    Example:
        >>> duration(8.2), duration(95), duration(3000), duration(9000), duration(400_000)
        ('8 s', '2 min', '50 min', '2.5 h', '4.6 days')
    """
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.1f} days"
