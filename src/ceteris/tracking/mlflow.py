"""Runs in a local MLflow store: an SQLite file, one run per seed below one run per variation."""

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ceteris.errors import ResultsError
from ceteris.paths import quoted
from ceteris.results.atomic import make_folder
from ceteris.tracking.tracked import TrackedRun, Tracker

DATABASE, ARTIFACTS = "mlflow.db", "artifacts"
_DIGEST, _PARENT, _NAME = "ceteris.digest", "mlflow.parentRunId", "mlflow.runName"
_LONGEST = 5000  # of a tag


def log_to_mlflow(runs: Iterable[TrackedRun], folder: Path, *, experiment: str) -> Iterator[TrackedRun]:
    """Write runs into `<folder>/mlflow.db`; `mlflow ui --backend-store-uri sqlite:///<folder>/mlflow.db` shows them.

    A run that is there already, by the digest of specification, seed and images, is left as it is.

    Raises:
        ResultsError: If MLflow is not installed, or the folder cannot be written.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read when MLflow is imported
    try:
        import sqlalchemy  # noqa: F401, PLC0415 - what SQLite stores need
        from mlflow import MlflowClient  # noqa: PLC0415 - an extra
    except ImportError:
        raise ResultsError(
            "--to mlflow needs the packages mlflow-skinny, sqlalchemy and alembic, which are not all installed. "
            "Install them with `pip install mlflow-skinny sqlalchemy alembic`."
        ) from None
    make_folder(folder)
    client = MlflowClient(tracking_uri=f"sqlite:///{(folder / DATABASE).resolve()}")
    found = client.get_experiment_by_name(experiment)
    place = (
        found.experiment_id
        if found is not None
        else client.create_experiment(experiment, artifact_location=(folder / ARTIFACTS).resolve().as_uri())
    )
    known = {run.data.tags.get(_DIGEST) for run in _all_runs(client, place)}
    parents: dict[str, str] = {
        run.data.tags["variation"]: run.info.run_id
        for run in _all_runs(client, place)
        if _PARENT not in run.data.tags and "variation" in run.data.tags
    }
    for run in runs:
        if run.group not in parents:
            parents[run.group] = _write_group(client, place, run)
        if run.digest not in known:
            _write(client, place, run, parents[run.group])
        yield run


def _all_runs(client: Any, experiment: str) -> Iterator[Any]:
    page = client.search_runs([experiment], max_results=1000)
    while page:
        yield from page
        page = client.search_runs([experiment], max_results=1000, page_token=page.token) if page.token else ()


def _write_group(client: Any, experiment: str, run: TrackedRun) -> str:
    tags = {_NAME: run.group, "variation": run.group, "factor": run.factor}
    created = client.create_run(experiment, start_time=_milliseconds(run.points[0].time), tags=tags)
    run_id: str = created.info.run_id
    client.set_terminated(run_id, "FINISHED", end_time=_milliseconds(run.points[-1].time))
    return run_id


def _write(client: Any, experiment: str, run: TrackedRun, parent: str) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - an extra

    tags = {
        _NAME: run.name,
        _PARENT: parent,
        "variation": run.group,
        "factor": run.factor,
        "seed": str(run.seed),
        **{name: fact[:_LONGEST] for name, fact in run.facts.items()},
    }
    created = client.create_run(experiment, start_time=_milliseconds(run.points[0].time), tags=tags)
    metrics = [
        Metric(name, value, _milliseconds(point.time), point.step)
        for point in run.points
        for name, value in point.metrics.items()
        if math.isfinite(value)
    ]
    params = [Param(name, str(value)) for name, value in {**run.settings, "seed": run.seed}.items()]
    run_id = created.info.run_id
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])
    for start in range(0, len(params), 100):
        client.log_batch(run_id, params=params[start : start + 100])
    status = "FINISHED" if run.status == "finished" else "FAILED"
    client.set_terminated(run_id, status, end_time=_milliseconds(run.points[-1].time))
    client.set_tag(run_id, _DIGEST, run.digest)  # last: a run without it was cut short, and is written anew


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


MLFLOW = Tracker(
    name="mlflow",
    write=lambda runs, folder, title: log_to_mlflow(runs, folder, experiment=title),
    look=lambda folder: f"mlflow ui --backend-store-uri {quoted(f'sqlite:///{(folder / DATABASE).resolve()}')}",
)
