import csv
from io import StringIO

from ceteris.checksummed import Damage
from ceteris.engines.engine import Position
from ceteris.results.epochs import TrainingTime
from ceteris.results.finding import Finding, encode_table
from ceteris.results.record import RunFailure
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import miniature_result

RUN = miniature_runs()[0]
TIME = TrainingTime(packed_batch_seconds=0.75, packed_batch_runs=3, share=0.25)


def row(**facts) -> dict[str, str]:
    """Give the row of the table for what was found of a run."""
    (only,) = csv.DictReader(StringIO(encode_table([Finding(run=RUN, **facts)]).decode()))
    return only


def test_a_finished_run_has_all_its_numbers():
    """Floats are written exactly, so that the table can be recomputed from."""
    record = miniature_result(RUN)[0].record
    assert row(record=record, engine="fake", training_time=TIME) == {
        "factor": "baseline",
        "variation": "baseline",
        "seed": "0",
        "status": "finished",
        "epochs": "3",
        "test_accuracy": repr(record.test_accuracy),
        "test_loss": repr(record.test_loss),
        "best_validation_accuracy": repr(record.best_validation_accuracy),
        "best_validation_epoch": str(record.best_validation_epoch),
        "final_validation_accuracy": repr(record.final_validation_accuracy),
        "parameters": "490",
        "engine": "fake",
        "packed_batch_training_seconds": "0.75",
        "packed_batch_runs": "3",
        "training_seconds_share": "0.25",
        "digest": RUN.digest,
        "error": "",
    }


def test_a_diverged_run_says_when():
    """It has a row, no score, and the epoch."""
    record = miniature_result(RUN, engine=FakeEngine(diverging=frozenset([0])))[0].record
    found = row(record=record, engine="fake")
    assert (found["status"], found["epochs"], found["test_accuracy"]) == ("diverged", "2", "")
    assert found["error"] == "the loss was not finite in epoch 2"


def test_a_failed_run_says_why():
    """It has a row with the error, whatever characters that holds."""
    failure = RunFailure(run=RUN, engine="fake", error='a, "b"\nc', where=(), position=Position(epoch=1, step=2))
    found = row(failure=failure, engine="fake")
    assert (found["status"], found["epochs"], found["error"]) == ("failed", "1", 'a, "b"\nc')


def test_unfinished_missing_and_damaged_runs_have_rows_too():
    """Nothing that was asked for is left out of the table."""
    unfinished = row(position=Position(epoch=2, step=1), engine="fake")
    assert (unfinished["status"], unfinished["epochs"]) == ("unfinished", "2")
    assert (row()["status"], row()["epochs"]) == ("missing", "0")
    damage = (Damage(file="weights.safetensors", reason="is missing"),)
    damaged = row(record=miniature_result(RUN)[0].record, damage=damage)
    assert (damaged["status"], damaged["test_accuracy"]) == ("damaged", "")
    assert damaged["error"] == "weights.safetensors is missing"
