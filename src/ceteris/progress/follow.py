"""Shows a study that Python runs where it can be seen: in a notebook, or on a terminal; nowhere else."""

import sys
import time
from collections.abc import Generator

from rich.console import Console

from ceteris.execution.events import Event
from ceteris.progress.live import achievement, show
from ceteris.progress.notebook import notebook_display, show_in_notebook


def follow(events: Generator[Event], *, title: str) -> None:
    """Take events to their end; output that goes to a file or a pipe has not a word of it.

    Raises:
        KeyboardInterrupt: After Ctrl-C, when every run is saved.
    """
    display = notebook_display()
    if display is not None:
        show_in_notebook(events, display, time.monotonic, title=title)
    elif sys.stdout is not None and sys.stdout.isatty():
        console = Console(highlight=False)
        board = show(events, console, time.monotonic)
        if line := achievement(board, time.monotonic()):
            console.print(f"{title}: {line}", markup=False, soft_wrap=True)
    else:
        for _ in events:
            pass
