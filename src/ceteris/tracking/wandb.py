"""Runs as Weights & Biases keeps them offline, grouped by variation; nothing leaves the machine."""

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ceteris.errors import ResultsError
from ceteris.paths import quoted
from ceteris.results.atomic import make_folder, write_atomically
from ceteris.tracking.tracked import TrackedRun, Tracker

_LONGEST_PROJECT = 128
_COMPLETE = "ceteris-complete"  # lies beside a run that was written to its end


def log_to_wandb(runs: Iterable[TrackedRun], folder: Path, *, project: str) -> Iterator[TrackedRun]:
    """Write runs into `<folder>/wandb/offline-run-*`; `wandb sync` sends them, if somebody wants that.

    A run that is there already, by the digest of specification, seed and images, is left as it is.

    Raises:
        ResultsError: If wandb is not installed, or the folder cannot be written.
    """
    quiet = {
        "WANDB_MODE": "offline",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "WANDB_DISABLE_GIT": "true",
        "WANDB_DISABLE_CODE": "true",
    }
    os.environ |= quiet  # read when wandb is imported
    try:
        import wandb  # noqa: PLC0415 - an extra
    except ImportError:
        raise ResultsError(
            "--to wandb needs the package wandb, which is not installed. Install it with `pip install wandb`."
        ) from None
    make_folder(folder)
    settings = wandb.Settings(
        mode="offline",
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        save_code=False,
        x_disable_stats=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
    )
    for run in runs:
        identity = run.digest[:16]
        if not any((folder / "wandb").glob(f"offline-run-*-{identity}/{_COMPLETE}")):
            logged = wandb.init(
                project=_project(project),
                group=run.group,
                name=run.name,
                id=identity,
                job_type=run.factor,
                tags=[run.status],
                config={**run.settings, "seed": run.seed, "facts": dict(run.facts)},
                dir=str(folder),
                settings=settings,
            )
            for point in run.points:
                logged.log(
                    {name: value for name, value in point.metrics.items() if math.isfinite(value)}, step=point.step
                )
            logged.finish(exit_code=0 if run.status == "finished" else 1)
            write_atomically(Path(logged.dir).parent / _COMPLETE, b"")
        yield run


def _project(title: str) -> str:
    """Leave out what wandb allows in no name of a project."""
    return "".join("-" if letter in '/\\#?%:"' else letter for letter in title)[:_LONGEST_PROJECT]


WANDB = Tracker(
    name="wandb",
    write=lambda runs, folder, title: log_to_wandb(runs, folder, project=title),
    look=lambda folder: f"wandb sync {quoted(folder / 'wandb')}/offline-run-*, which sends them to a server",
)
