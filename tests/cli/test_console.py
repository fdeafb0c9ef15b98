import io

import pytest
from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes, set_apart
from ceteris.formatting.console import arm_table

LONG = "The margin was 0.5 pp when the first results were computed and is 1 pp now."


def printed(**kind):
    """Print a note on a console of forty columns, and give its lines."""
    console = Console(file=io.StringIO(), width=40, color_system=None, **kind)
    print_notes([LONG, "[bold]no[/bold]"], console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_log_has_each_note_on_one_line():
    """It can be searched for, however long it is; markup in it is text."""
    assert printed(force_terminal=False) == [f"note: {LONG}", "note: [bold]no[/bold]"]


def test_a_terminal_breaks_notes_between_words():
    """No word is torn apart at the edge."""
    assert printed(force_terminal=True) == [
        "note: The margin was 0.5 pp when the",
        "first results were computed and is 1 pp",
        "now.",
        "note: [bold]no[/bold]",
    ]


def drawn(*names, width):
    """Print a table with a row for each name, and give its lines without trailing space."""
    console = Console(file=io.StringIO(), width=width)
    table = arm_table()
    table.add_column("runs", no_wrap=True)
    for name in names:
        table.add_row(Text("width"), Text(name), Text("16 of 16"))
    console.print(set_apart(table, console))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_rows_that_fit_stand_close():
    """A line for each variation."""
    assert drawn("narrow", "wide", width=40) == [
        "factor  variation  runs",
        "width   narrow     16 of 16",
        "width   wide       16 of 16",
    ]


def test_rows_of_several_lines_stand_apart():
    """Where a name needs two lines it can be seen which row the second belongs to."""
    assert drawn("both halves of it", "wide", width=30) == [
        "factor  variation     runs",
        "",
        "width   both halves   16 of 16",
        "        of it",
        "",
        "width   wide          16 of 16",
    ]


@pytest.mark.parametrize("name", ["w" * 40, "learning rate halved for all the layers"])
def test_no_name_is_cut_off(name):
    """However long a name is, all of it is there."""
    lines = drawn(name, width=30)

    assert "".join(line[8:20] for line in lines[1:]).replace(" ", "") == name.replace(" ", "")
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(lines)
