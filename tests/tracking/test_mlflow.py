import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.tracking.mlflow import log_to_mlflow
from tests.tracking.read_back import assert_read_back

SEPARATE = Path(__file__).with_name("separate.py")


def test_mlflow_holds_a_run_a_seed_below_one_a_variation(tracked, logged_results, tmp_path):
    """Parameters, metrics with step and time, and the group; writing again doubles nothing; no telemetry; read back."""
    for package in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(package)
    (tmp_path / "runs").write_bytes(pickle.dumps(tracked))
    out = tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}

    subprocess.run([sys.executable, SEPARATE, "mlflow", tmp_path / "runs", out], check=True, env=environment)

    database = sqlite3.connect(out / "mlflow.db")
    rows = database.execute("select run_uuid, name, status from runs").fetchall()
    names = {name: run_id for run_id, name, _ in rows}
    assert sorted(names) == sorted([*(run.name for run in tracked), "baseline", "0.5"])
    assert len(rows) == len(tracked) + 2
    tags = {(run_id, key): value for run_id, key, value in database.execute("select run_uuid, key, value from tags")}
    for run in tracked:
        run_id = names[run.name]
        assert tags[run_id, "mlflow.parentRunId"] == names[run.group]
        assert tags[run_id, "ceteris.digest"] == run.digest
        assert dict(rows_of(database, "select key, value from params where run_uuid = ?", run_id)) == {
            name: str(value) for name, value in {**run.settings, "seed": run.seed}.items()
        }
        last = run.points[-1]
        found = rows_of(database, "select value, timestamp from metrics where run_uuid = ? and key = ? and step = ?",
                        run_id, "validation/loss", last.step)  # fmt: skip
        assert found == [(pytest.approx(last.metrics["validation/loss"]), round(1000 * last.time))]
    assert {name: status for _, name, status in rows}["baseline/seed-02"] == "FAILED"
    database.close()
    assert_read_back(out, logged_results)


def rows_of(database, query, *values):
    """Ask a database."""
    return database.execute(query, values).fetchall()


def test_a_missing_package_is_named(tracked, tmp_path, monkeypatch):
    """What to install; nothing is written."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)

    with pytest.raises(ResultsError) as error:
        list(log_to_mlflow(tracked, tmp_path, experiment="x"))

    assert str(error.value) == (
        "--to mlflow needs the packages mlflow-skinny, sqlalchemy and alembic, which are not all installed. "
        "Install them with `pip install mlflow-skinny sqlalchemy alembic`."
    )
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert list(tmp_path.iterdir()) == []
