"""Sentences and choices on a terminal."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.errors import CeterisError
from ceteris.formatting.wording import listed

Value = TypeVar("Value")


def print_notes(notes: Iterable[str], console: Console) -> None:
    """Print what goes before numbers, in yellow; see `print_sentence`."""
    for note in notes:
        print_sentence(Text(f"note: {note}", style="yellow"), console)


def print_sentence(sentence: Text, console: Console) -> None:
    """Print a sentence: broken between words on a terminal, whole in a log, where somebody may search for it."""
    console.print(sentence, soft_wrap=not console.is_terminal)


def chosen(option: str, name: str, known: Mapping[str, Value]) -> Value:
    """Give what a value of an option stands for."""
    if name not in known:
        raise CeterisError(f"{option} is '{name}', expected {listed(known, 'or')}.")
    return known[name]


def set_apart(table: Table, console: Console) -> Table:
    """Leave a blank line between rows if the terminal is too narrow to give each of them one line."""
    if console.measure(table, options=console.options.update(width=10_000)).maximum > console.width:
        top, right, bottom, left = table.padding
        table.padding = (top, right, bottom + 1, left)
    return table
