"""What a reader must know before a number, on the terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


def print_notes(notes: Iterable[str], console: Console) -> None:
    """Print what goes before numbers, in yellow; see `print_sentence`."""
    for note in notes:
        print_sentence(Text(f"note: {note}", style="yellow"), console)


def print_sentence(sentence: Text, console: Console) -> None:
    """Print a sentence: broken between words on a terminal, whole in a log, where somebody may search for it."""
    console.print(sentence, soft_wrap=not console.is_terminal)
