"""Shows how far a folder of images is: a bar on a terminal, a line for every tenth elsewhere."""

from collections.abc import Generator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from ceteris.datasets.folder_dataset import Event, Progress, Waiting

Result = TypeVar("Result")

_TENTHS = 10
_LOOKING = "looking at"  # quick beside the decoding, so that it gets no lines of its own


def show_decoding(events: Generator[Event, None, Result], console: Console) -> Result:
    """Take the events of `read_folder` to their end, show what they tell, and give what comes of them.

    Args:
        events: What they raise goes through.
        console: Where to show it.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Without a terminal the bar is silent, and lines tell how far it is.
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("images", total=None)
        told = 0
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: Result = end.value
                return result
            match event:
                case Progress():
                    bar.update(task, description=f"{event.doing} images", completed=event.done, total=event.total)
                    tenth = _TENTHS * event.done // event.total
                    if not console.is_terminal and event.doing != _LOOKING and tenth > told:
                        told = tenth
                        console.print(Text(f"{event.doing} images: {event.done:,} of {event.total:,}"), soft_wrap=True)
                case Waiting():
                    note = f"note: another process is decoding images into {event.folder}; waiting for it."
                    console.print(Text(note), soft_wrap=True)
