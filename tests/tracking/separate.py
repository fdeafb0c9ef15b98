"""Logs tracked runs in a process of its own, because trackers warn, start threads, and read their environment once."""

import pickle
import sys
from pathlib import Path

from ceteris.tracking.mlflow import log_to_mlflow
from ceteris.tracking.wandb import log_to_wandb

if __name__ == "__main__":
    tracker, runs_file, folder = sys.argv[1:]
    runs = pickle.loads(Path(runs_file).read_bytes())  # noqa: S301 - written by the test that started this
    for _ in range(2):  # the second time nothing is doubled
        if tracker == "mlflow":
            logged = log_to_mlflow(runs, Path(folder), experiment="A / study")
        else:
            logged = log_to_wandb(runs, Path(folder), project="A / study")
        print(*(run.name for run in logged))  # noqa: T201
