"""`ceteris log`: results in the format of an experiment tracker."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import chosen, print_notes
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.paths import quoted
from ceteris.report.quantities import count
from ceteris.results.record import Status
from ceteris.results.results import read_results
from ceteris.tracking import TRACKERS
from ceteris.tracking.tracked import tracked_runs


def log(folder: Path, *, to: str, out: Path, console: Console) -> int:
    """Write every run of a results folder that came to its end for a tracker, say how to look at it, and count them."""
    tracker = chosen("--to", to, {one.name: one for one in TRACKERS})
    results = read_results(folder)
    runs = tuple(tracked_runs(results))
    if not runs:
        raise ResultsError(
            f"{folder}: no run came to its end yet, so that there is nothing to log. "
            f"`ceteris status {quoted(folder)}` shows how far they are."
        )
    written = len(list(tracker.write(runs, out, results.manifest.study.title)))
    console.print(Text(results.manifest.study.title, style="bold"), soft_wrap=True)
    print_notes(results.notes, console)
    left = [one for one in results.findings if one.status not in (Status.FINISHED, Status.DIVERGED)]
    if left:
        states = listed(sorted({one.status.value for one in left}))
        print_notes([f"{count(len(left), 'run')} left out: {states}."], console)
    console.print(f"{count(written, 'run')} in {out}, grouped by variation.", markup=False, soft_wrap=True)
    console.print(f"Look at them with: {tracker.look(out)}", markup=False, soft_wrap=True)
    return written
