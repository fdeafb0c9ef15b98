"""Shows how far a download or a folder of images is: a bar on a terminal, a line for every tenth elsewhere."""

from collections.abc import Generator
from typing import TypeVar
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.text import Text

from ceteris.datasets.source import Event, Progress, Received, Setback, Waiting

Result = TypeVar("Result")

_TENTHS = 10
_LOOKING = "looking at"  # quick beside the decoding, so that it gets no lines of its own


def show_progress(events: Generator[Event, None, Result], console: Console, *, what: str = "CIFAR-10") -> Result:
    """Take events to their end, show what they tell, and give what comes of them.

    Args:
        events: From `Source.read` and the like; what they raise goes through.
        console: Where to show it.
        what: What is downloaded, if anything is.
    """
    # Without a terminal the bar is silent, and lines tell how far it is.
    columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("images", total=None, is_download=False)
        told: dict[type[Event], int] = {Received: -1, Progress: 0}
        setback: Setback | None = None
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: Result = end.value
                return result
            if setback is not None:  # only now it is certain that there is another server to ask; else an error follows
                _print(console, f"note: {urlsplit(setback.url).netloc} {setback.reason}; asking the next server.")
                setback = None
            match event:
                case Received(received=done, total=total):
                    bar.update(task, description=what, completed=done, total=total, is_download=True)
                    line = f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
                case Progress(done=done, total=total):
                    bar.update(
                        task, description=f"{event.doing} images", completed=done, total=total, is_download=False
                    )
                    line = f"{event.doing} images: {done:,} of {total:,}" if event.doing != _LOOKING else ""
                case Setback():
                    setback = event
                    continue
                case Waiting():
                    _print(console, f"note: another process is {event.doing} into {event.folder}; waiting for it.")
                    continue
            tenth = _TENTHS * done // total
            if line and not console.is_terminal and tenth > told[type(event)]:
                told[type(event)] = tenth
                _print(console, line)


class _Amount(ProgressColumn):
    """How much there is: megabytes of a download and their speed, or files."""

    def render(self, task: Task) -> Text:
        """Draw it as the columns of rich do."""
        if not task.fields["is_download"]:
            return MofNCompleteColumn().render(task)
        return Text(" ").join([DownloadColumn().render(task), TransferSpeedColumn().render(task)])


def _print(console: Console, line: str) -> None:
    console.print(Text(line), soft_wrap=True)
