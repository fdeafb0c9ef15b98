import math
import sqlite3

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.read import read_outcomes


def write_files(folder, run, state, *, deleted=False, **files):
    """Write a run as MLflow's file store does."""
    path = folder / "mlruns/7" / run
    path.mkdir(parents=True)
    (folder / "mlruns/7/meta.yaml").write_text("experiment_id: '7'\nname: kernels\n")
    stage = "deleted" if deleted else "active"
    (path / "meta.yaml").write_text(
        f"lifecycle_stage: {stage}\nrun_id: {run}\nrun_name: ''\nstatus: {state}\ntags: []\n"
    )
    for name, content in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def in_short(outcomes):
    """Give what the tests compare."""
    return [(one.variation, one.seed, one.value, one.status) for one in outcomes.outcomes]


def test_the_folder_of_files_is_read(tmp_path):
    """Parameters, metrics with slashes in their names, states by number; deleted runs are left out."""
    of_a = {"params__model": "a", "params__seed": "1", "params__lr": "0.1"}
    of_b = {"params__model": "b", "params__seed": "1"}
    write_files(tmp_path, "r1", 3, **of_a, metrics__val__acc="9 0.25 1\n8 0.5 2\n")
    write_files(tmp_path, "r2", 5, **of_b, metrics__val__acc="9 0.25 1\n")
    write_files(tmp_path, "r3", 3, params__model="b", params__seed="2", metrics__val__acc="9 0.75 1\n9 inf 2\n")
    write_files(tmp_path, "r4", 3, deleted=True, **of_b, metrics__val__acc="9 0.25 1\n")

    found = read_outcomes(tmp_path)

    assert read_outcomes(tmp_path / "mlruns").outcomes == found.outcomes
    assert [one[:2] + one[3:] for one in in_short(found)] == [
        ("a", "1", "finished"), ("b", "1", "failed"), ("b", "2", "diverged")
    ]  # fmt: skip
    assert found.outcomes[0].curve == ((1.0, 0.25), (2.0, 0.5))
    assert found.outcomes[0].settings == {"experiment": "kernels", "lr": "0.1"}
    assert found.taken[0] == "Read: the folder of files of MLflow."


def test_a_damaged_metric_is_refused(tmp_path):
    """With file and line."""
    write_files(tmp_path, "r1", 3, metrics__acc="9 0.25 1\n9 0.x")

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path)

    assert str(error.value) == (
        "r1/metrics/acc, line 2: '9 0.x' is no point of a metric, expected a time, a value and a step. Is the file "
        "damaged?"
    )


def test_the_database_is_read(tmp_path):
    """Infinities as the database has them, groups without metrics, and what `ceteris log` calls diverged."""
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.executescript(
            """
            create table experiments (experiment_id, name); insert into experiments values (1, 'e');
            create table runs (run_uuid, name, status, experiment_id, lifecycle_stage);
            create table params (run_uuid, key, value); create table tags (run_uuid, key, value);
            create table metrics (run_uuid, key, value, timestamp, step, is_nan);
            insert into runs values ('parent', 'a', 'FINISHED', 1, 'active'), ('r1', 'a-1', 'FINISHED', 1, 'active'),
                ('r2', 'b-1', 'FINISHED', 1, 'active'), ('r3', 'b-2', 'FAILED', 1, 'active'),
                ('r4', 'x', 'FINISHED', 1, 'deleted');
            insert into params values ('r1', 'seed', '1'), ('r2', 'seed', '1'), ('r3', 'seed', '2');
            insert into tags values ('r1', 'variation', 'a'), ('r2', 'variation', 'b'), ('r3', 'variation', 'b'),
                ('r1', 'mlflow.parentRunId', 'parent'), ('r3', 'ceteris.digest', 'd');
            insert into metrics values ('r1', 'loss', 0.5, 2, 1, 0), ('r1', 'loss', 0.25, 3, 2, 0),
                ('r2', 'loss', 1.7976931348623157e308, 2, 1, 0), ('r3', 'train loss', 0, 2, 1, 1);
            """
        )
    database.close()

    found = read_outcomes(tmp_path)

    assert in_short(found)[:2] == [("a", "1", 0.25, "finished"), ("b", "1", math.inf, "diverged")]
    assert found.outcomes[2].status == "diverged"
    assert len(found.outcomes) == 3
    assert in_short(read_outcomes(tmp_path / "mlflow.db"))[:2] == in_short(found)[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_another_database_is_refused(tmp_path):
    """It is opened for reading only."""
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("create table things (name)")
    database.close()

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path / "other.db")

    assert str(error.value) == (
        "other.db cannot be read as a store of MLflow (no such table: experiments). Give the database or the folder "
        "that it wrote."
    )
