"""`ceteris log`: results in the format of an experiment tracker."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.paths import quoted
from ceteris.results.record import Status
from ceteris.results.results import Results, read_results
from ceteris.tracking.mlflow import DATABASE, log_to_mlflow
from ceteris.tracking.tensorboard import log_to_tensorboard
from ceteris.tracking.tracked import TrackedRun, tracked_runs
from ceteris.tracking.wandb import log_to_wandb


class Tracker(StrEnum):
    """What results can be written for."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"


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
    written = len(list(_written(tracker, runs, out, results)))
    console.print(Text(results.manifest.study.title, style="bold"), soft_wrap=True)
    print_notes(results.notes, console)
    left = [one for one in results.findings if one.status not in (Status.FINISHED, Status.DIVERGED)]
    if left:
        states = listed(sorted({one.status.value for one in left}))
        print_notes([f"{_runs(len(left))} left out: {states}."], console)
    console.print(f"{_runs(written)} in {out}, grouped by variation.", markup=False, soft_wrap=True)
    console.print(f"Look at them with: {_look(tracker, out)}", markup=False, soft_wrap=True)
    return written


def _written(tracker: Tracker, runs: tuple[TrackedRun, ...], out: Path, results: Results) -> Iterator[TrackedRun]:
    match tracker:
        case Tracker.TENSORBOARD:
            return log_to_tensorboard(runs, out)
        case Tracker.MLFLOW:
            return log_to_mlflow(runs, out, experiment=results.manifest.study.title)
        case Tracker.WANDB:
            return log_to_wandb(runs, out, project=results.manifest.study.title)


def _look(tracker: Tracker, out: Path) -> str:
    match tracker:
        case Tracker.TENSORBOARD:
            return f"tensorboard --logdir {quoted(out)}"
        case Tracker.MLFLOW:
            return f"mlflow ui --backend-store-uri {quoted(f'sqlite:///{(out / DATABASE).resolve()}')}"
        case Tracker.WANDB:
            return f"wandb sync {quoted(out / 'wandb')}/offline-run-*, which sends them to a server"


def _tracker(name: str) -> Tracker:
    try:
        return Tracker(name)
    except ValueError:
        raise ResultsError(f"--to is '{name}', expected {listed(Tracker, 'or')}.") from None


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"
