"""Shows a download while it runs: a bar on a terminal, a line for every tenth elsewhere."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from ceteris.datasets.download import Event, Setback, Waiting
from ceteris.datasets.download import Progress as Received

_TENTHS = 10


def show_download(events: Iterable[Event], console: Console, *, what: str = "CIFAR-10") -> None:
    """Take the events of `fetch_cifar10` or `fetch_weights` to their end, and show what they tell.

    Args:
        events: What they raise goes through.
        console: Where to show it.
        what: What is downloaded.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    # Without a terminal the bar is silent, and lines tell how far it is.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        told = -1
        setback: Setback | None = None
        for event in events:
            if (
                setback is not None
            ):  # Only now it is certain that there is another server to ask; else an error follows.
                _print(console, f"note: {urlsplit(setback.url).netloc} {setback.reason}; asking the next server.")
                setback = None
            match event:
                case Received():
                    bar.update(task, completed=event.received, total=event.total)
                    tenth = _TENTHS * event.received // event.total
                    if not console.is_terminal and tenth > told:
                        told = tenth
                        _print(console, f"{what}: {event.received / 1e6:.0f} of {event.total / 1e6:.0f} MB")
                case Setback():
                    setback = event
                case Waiting():
                    _print(console, f"note: another process is downloading into {event.folder}; waiting for it.")


def _print(console: Console, line: str) -> None:
    console.print(Text(line), soft_wrap=True)
