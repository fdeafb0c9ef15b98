"""`ceteris explore`: a page on this machine for looking at trained networks."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.explore.explorer import Explorer
from ceteris.explore.page import serving
from ceteris.runs.results import read_results


def explore(folder: Path, *, port: int | None, in_browser: bool, console: Console) -> None:
    """Serve the page until Ctrl-C.

    Args:
        folder: A results folder.
        port: Where to listen; a free one if not given.
        in_browser: Whether to open it.
        console: Where to say the address.

    Raises:
        ResultsError: If nothing is trained yet, Gradio is missing, or the port is taken.
    """
    explorer = Explorer(read_results(folder))
    with serving(explorer, port=port, in_browser=in_browser) as (address, wait):
        console.print(Text(explorer.results.manifest.study.title, style="bold"), soft_wrap=True)
        for note in explorer.results.notes:
            console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
        console.print(f"The page is at {address} for this machine alone; Ctrl-C ends it.", soft_wrap=True)
        wait()
