import io

from rich.console import Console

from ceteris.cli.notes import print_notes

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
