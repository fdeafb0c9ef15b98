"""`ceteris log`: results in the format of an experiment tracker."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.paths import quoted
from ceteris.results.record import Status
from ceteris.results.results import read_results
from ceteris.tracking.tracked import Tracker, tracked_runs
from ceteris.tracking.trackers import TRACKERS


def log(folder: Path, *, to: str, out: Path, console: Console) -> int:
    """Write every run of a results folder that came to its end for a tracker, say how to look at it, and count them."""
    tracker = _tracker(to)
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
        print_notes([f"{_runs(len(left))} left out: {states}."], console)
    console.print(f"{_runs(written)} in {out}, grouped by variation.", markup=False, soft_wrap=True)
    console.print(f"Look at them with: {tracker.look(out)}", markup=False, soft_wrap=True)
    return written


def _tracker(name: str) -> Tracker:
    for tracker in TRACKERS:
        if tracker.name == name:
            return tracker
    raise ResultsError(f"--to is '{name}', expected {listed([one.name for one in TRACKERS], 'or')}.")


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"
