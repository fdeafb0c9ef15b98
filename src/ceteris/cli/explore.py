"""`ceteris explore`: a page on this machine for looking at trained networks."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes
from ceteris.cli.program import LostOutputError, ended_by_signals
from ceteris.explore.explorer import Explorer
from ceteris.explore.page import serving
from ceteris.results.results import read_results


def explore(folder: Path, *, port: int | None, browser: bool, console: Console) -> None:
    """Serve the page until Ctrl-C."""
    explorer = Explorer(read_results(folder))
    with _orderly_end(), suppress(KeyboardInterrupt), serving(explorer, port=port, in_browser=browser) as address:
        console.print(Text(explorer.results.manifest.study.title, style="bold"), soft_wrap=True)
        print_notes(explorer.results.notes, console)
        console.print(f"The page is at {address} for this machine alone; Ctrl-C ends it.", soft_wrap=True)
        while True:
            time.sleep(1)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Turn what would kill the process into an exception, so that the temporary folder goes with it.

    Then the process ends at once: an answer may still be computed in another thread, which Python's own way out would
    pull the libraries away from (seen once: the process aborted).
    """
    try:
        with ended_by_signals():
            yield
    except SystemExit as end:
        with suppress(LostOutputError):
            sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
