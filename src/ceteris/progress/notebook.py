"""Shows a study while it runs in a notebook: one output that is renewed, in Jupyter, VS Code and Colab alike."""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ceteris.execution.events import Event
from ceteris.formatting.html import block, bullets, paragraph, progress_bar, table
from ceteris.progress.board import Board, Measuring
from ceteris.progress.live import Clock, ending, mishaps, summary, told

_RENEWED_SECONDS = 0.5
"""How often the output is renewed: a notebook keeps every message until it has drawn it."""

_MOST_ROWS, _MOST_LINES = 40, 20


@dataclass(frozen=True, kw_only=True)
class BoardView:
    """A board at one time, as notebooks and as logs of notebooks show it.

    Attributes:
        html: Without script or request; in the colours of the notebook.
        text: One line.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


Display = Callable[..., Any]
"""`IPython.display.display`: called with `display_id=True` it gives a handle whose `update` renews the output."""


def notebook_display() -> Display | None:
    """Give what shows a value in the notebook that this code runs in; None outside of one.

    IPython is no dependency: in a notebook it is loaded already.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:  # also IPython on a terminal
        return None
    display: Display = import_module("IPython.display").display
    return display


def show_in_notebook(events: Iterable[Event | Measuring], display: Display, clock: Clock, *, title: str) -> Board:
    """Take events to their end, and show what they tell in one output.

    Raises:
        KeyboardInterrupt: If the kernel is interrupted, when every run is saved; the output reports that.
    """
    board, lines = Board(), list[str]()
    handle = display(board_view(board, clock(), title=title), display_id=True)
    last, end = clock(), ""
    try:
        for event in events:
            now = clock()
            board.take(event, now)
            if line := told(event):
                lines.append(line.plain)
            if now - last >= _RENEWED_SECONDS:
                last = now
                handle.update(board_view(board, now, title=title, lines=lines))
        end = ending(board, clock())
    except KeyboardInterrupt:
        end = "Stopped. Every run is saved, and the same call goes on from here."
        raise
    finally:
        with suppress(KeyboardInterrupt):  # a second one while this is shown
            handle.update(board_view(board, clock(), title=title, lines=[*lines, *filter(None, [end])]))
    return board


def board_view(board: Board, now: float, *, title: str, lines: Iterable[str] = ()) -> BoardView:
    """Draw a board: how far the study is, a row for each variation, and the last of what was told."""
    text, done = summary(board, now), board.finished + board.failed
    rows = [
        (
            "" if row.factor == row.variation else row.factor,
            row.variation,
            f"{row.finished} of {row.planned}{mishaps(row)}",
            "" if row.epoch is None else f"{row.epoch} of {row.epochs}",
            "" if row.accuracy is None else f"{100 * row.accuracy:.1f} %",
        )
        for row in board.rows.values()
    ]
    parts = [paragraph(title, is_bold=True), paragraph(text)]
    if rows:
        parts.append(progress_bar(done / board.planned if board.planned else 0.0))
        titles = ("factor", "variation", "seeds done", "epoch", "validation accuracy")
        parts.append(table(titles, rows[:_MOST_ROWS], is_number=(False, False, True, True, True)))
    if len(rows) > _MOST_ROWS:
        parts.append(paragraph(f"and {len(rows) - _MOST_ROWS:,} more variations"))
    parts.append(bullets(list(lines)[-_MOST_LINES:]))
    return BoardView(html=str(block(*parts)), text=f"{title}: {text}")
