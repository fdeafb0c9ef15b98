"""Runs of a local MLflow store: its SQLite file, or its folder `mlruns`; MLflow itself is not needed."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ceteris.errors import ResultsError
from ceteris.results.imports.given import Given, ImportKind, read_bytes
from ceteris.results.imports.logged import LoggedRun, table_of_logged
from ceteris.results.imports.table import Table

_MAGIC, _DATABASE, _FOLDER = b"SQLite format 3\0", "mlflow.db", "mlruns"
_STATES = {"1": "running", "2": "scheduled", "3": "finished", "4": "failed", "5": "killed"}
"""The numbers of MLflow's RunStatus, as the files of `mlruns` have them."""

_LARGEST = 1.79e308
"""Databases hold infinities as the largest finite number of float64."""


def mlflow_table(given: Given) -> Table:
    """Read the runs of a store that were not deleted; parameters and tags are facts of a run.

    A run that groups others, and has no metric itself, is none.

    Raises:
        ResultsError: If it is no store of MLflow, or damaged.
    """
    database, folder = _database(given), _mlruns(given)
    if database is not None:
        runs, kind = _of_database(database, given.name), "the SQLite store"
    elif folder is not None:
        runs, kind = list(_of_folder(folder)), "the folder of files"
    else:
        raise ResultsError(f"{given.name} is no MLflow store: there is neither {_DATABASE} nor {_FOLDER}.")
    return table_of_logged([run for run in runs if run.points or not _is_group(run, runs)], given.name,
                           (f"Read: {kind} of MLflow.",))  # fmt: skip


def _database(given: Given) -> Path | None:
    if given.folder is not None:
        return given.folder / _DATABASE if (given.folder / _DATABASE).is_file() else None
    return given.path if given.head.startswith(_MAGIC) else None


def _mlruns(given: Given) -> Path | None:
    folder = given.folder
    if folder is None:
        return None
    if (folder / _FOLDER).is_dir():
        return folder / _FOLDER
    return folder if any(folder.glob("*/*/meta.yaml")) else None


def _is_group(run: LoggedRun, runs: list[LoggedRun]) -> bool:
    return any(other.facts.get("parent") == run.facts.get("id") for other in runs)


def _run(
    identity: str, state: str, facts: dict[str, str], tags: dict[str, str], points: dict[str, dict[float, float]]
) -> LoggedRun:
    # `ceteris log` writes runs that finished or diverged, and MLflow has one word for both that did not finish.
    status = "diverged" if "ceteris.digest" in tags and state.casefold() == "failed" else state
    own = {name: tag for name, tag in tags.items() if not name.startswith(("mlflow.", "ceteris."))}
    parent = {"parent": tags["mlflow.parentRunId"]} if "mlflow.parentRunId" in tags else {}
    return LoggedRun(place=f"run {identity[:8]}", status=status, facts={**facts, **parent, **own}, points=points)


def _of_database(path: Path, source: str) -> list[LoggedRun]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            names = dict(database.execute("select experiment_id, name from experiments"))
            params, tags = _pairs(database, "params"), _pairs(database, "tags")
            points: dict[str, dict[str, dict[float, float]]] = {}
            rows = database.execute("select run_uuid, key, step, value, is_nan from metrics order by timestamp")
            for identity, key, step, value, is_nan in rows:
                points.setdefault(identity, {}).setdefault(key, {})[float(step)] = _value(value, is_nan=bool(is_nan))
            runs = database.execute(
                "select run_uuid, name, status, experiment_id from runs where lifecycle_stage = 'active' order by rowid"
            ).fetchall()
    except sqlite3.Error as error:
        raise ResultsError(
            f"{source} cannot be read as a store of MLflow ({error}). Give the database or the folder that it wrote."
        ) from None
    return [
        _run(
            identity,
            status,
            {"id": identity, "name": name or "", "experiment": names.get(experiment, ""), **params.get(identity, {})},
            tags.get(identity, {}),
            points.get(identity, {}),
        )
        for identity, name, status, experiment in runs
    ]


def _pairs(database: sqlite3.Connection, table: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for identity, key, value in database.execute(f"select run_uuid, key, value from {table}"):  # noqa: S608 - ours
        found.setdefault(identity, {})[key] = str(value).strip()
    return found


def _value(value: float, *, is_nan: bool) -> float:
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) > _LARGEST else float(value)


def _of_folder(folder: Path) -> Iterator[LoggedRun]:
    metas = {meta: _meta(meta) for meta in sorted(folder.glob("*/*/meta.yaml"))}
    for meta, about in sorted(metas.items(), key=lambda item: item[1].get("start_time", "")):
        run, experiment = meta.parent, _meta(meta.parents[1] / "meta.yaml")
        if run.parent.name == ".trash" or about.get("lifecycle_stage") == "deleted" or "status" not in about:
            continue
        identity = about.get("run_id") or run.name
        tags = dict(_texts(run / "tags"))
        facts = {"id": identity, "name": about.get("run_name") or tags.get("mlflow.runName", ""),
                 "experiment": experiment.get("name", ""), **dict(_texts(run / "params"))}  # fmt: skip
        points = {name: _points(text, f"{run.name}/metrics/{name}") for name, text in _texts(run / "metrics")}
        yield _run(identity, _STATES.get(about["status"], about["status"]), facts, tags, points)


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the content of each file by its path: a name with a slash is a file in a folder."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), read_bytes(file).decode("utf-8", "replace").strip()


def _points(text: str, place: str) -> dict[float, float]:
    points = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            _, value, *step = line.split()
            points[float(step[0]) if step else 0.0] = float(value)
        except ValueError:
            raise ResultsError(
                f"{place}, line {number}: '{line}' is no point of a metric, expected a time, a value and a step. Is "
                "the file damaged?"
            ) from None
    return points


def _meta(file: Path) -> dict[str, str]:
    """Read the flat part of a YAML file, which is all that MLflow writes there."""
    if not file.is_file():
        return {}
    lines = (line.partition(":") for line in read_bytes(file).decode("utf-8", "replace").splitlines())
    return {key.strip(): value.strip().strip("'\"") for key, colon, value in lines if colon}


MLFLOW_STORE = ImportKind(
    name="mlflow",
    fits=lambda given: _database(given) is not None or _mlruns(given) is not None,
    table=mlflow_table,
)
