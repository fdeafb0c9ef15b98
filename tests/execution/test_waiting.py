from functools import partial

import pytest

from ceteris.execution import waiting
from ceteris.execution.events import BatchStarted, Note, RunsHeld
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.locks import lock
from ceteris.locks.lock import Locks
from ceteris.results import folder as results_folder
from ceteris.results.results import read_results
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

STUDY = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})
DATASET = miniature_dataset()
RUNS = STUDY.runs(DATASET.digest)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Give the locks of the folder as another machine sees them; here four looks without a sign of life are enough."""
    monkeypatch.setattr(results_folder, "Locks", partial(Locks, beat_seconds=0.01, stale_seconds=0.05))
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(lock, "LOOK_SECONDS", 0.01)
    return Locks(tmp_path / "results" / "claims", host="node7", table="elsewhere")


def events_of(folder, **options):
    """Train the miniature study, event by event."""
    return run_study(
        STUDY, DATASET, folder=folder, engines=(FakeEngine(),), executor=LocalExecutor(threads=1), **options
    )


def notes(events):
    """Give the notes about other processes."""
    return [event.text for event in events if isinstance(event, Note) and "process" in event.text]


def test_runs_of_a_machine_that_gives_no_sign_are_waited_for_and_trained(tmp_path, elsewhere):
    """It is said for whom and for how long, and then that this process goes on with them."""
    dead = elsewhere.take([RUNS[6].digest, RUNS[7].digest])
    events = list(events_of(tmp_path / "results"))
    assert notes(events) == [
        (
            f"Waiting for {dead.holder}, which holds 2 runs: if it gives no sign of life for 0 seconds, this process "
            "goes on with them."
        ),
        f"{dead.holder} has given no sign of life for 0 seconds: this process goes on with its 2 runs.",
    ]
    assert [event for event in events if isinstance(event, BatchStarted)][-1].batch.runs == RUNS[6:8]
    assert read_results(tmp_path / "results").is_complete
    assert not dead.confirm()
    dead.release()


def test_runs_of_a_machine_that_gives_signs_are_left_to_it(tmp_path, elsewhere):
    """The command ends without them as soon as it has seen a sign."""
    alive, told = elsewhere.take([RUNS[4].digest]), []
    for event in events_of(tmp_path / "results"):
        told.append(event)
        if isinstance(event, RunsHeld):
            assert alive.confirm()
    assert notes(told) == []
    results = read_results(tmp_path / "results")
    assert (results.held, results.holders) == ((RUNS[4],), {RUNS[4].digest: alive.holder})
    alive.release()


def test_whoever_writes_the_study_of_a_folder_elsewhere_is_waited_for(tmp_path, elsewhere):
    """A machine that died while it wrote what belongs to no run does not block the folder for ever."""
    dead = elsewhere.take(["folder"])
    events = list(events_of(tmp_path / "results"))
    (note,) = notes(events)
    assert note == (
        f"{dead.holder} is writing {tmp_path / 'results' / 'study.json'}: waiting for it, for 0 seconds if it gives no "
        "sign of life."
    )
    assert read_results(tmp_path / "results").is_complete
    dead.release()
