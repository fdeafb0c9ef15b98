"""Runs of one packed batch stop after different epochs, each as it would alone."""

import itertools
from dataclasses import replace

import pytest

from ceteris.execution import worker
from ceteris.execution.events import EpochFinished, Progress, RunFinished
from ceteris.execution.packing import pack
from ceteris.execution.worker import train_batch
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import Never, StopAfter

EPOCHS, STEPS = 9, 3


def patient(run, **settings):
    """Give a run the settings."""
    training = run.specification.training.model_copy(update={"epochs": EPOCHS, **settings})
    return replace(run, specification=run.specification.model_copy(update={"training": training}))


SAME = miniature_runs()[0]
RUNS = tuple(patient(replace(SAME, seed=seed), patience=2) for seed in range(12))


def train(workspace, *, packed_runs=16, stop=None, runs=RUNS):
    """Train runs from where they are on disk, and give all events."""
    findings = workspace.folder.survey(runs)
    positions = {finding.run.digest: finding.position for finding in findings if finding.position}
    left = (finding.run for finding in findings if finding.record is None)
    batches = pack(left, FakeEngine(packed_runs=packed_runs), positions)
    return [event for batch in batches for event in train_batch(batch, workspace, stop or Never())]


def lengths(workspace, runs=RUNS):
    """Say how many epochs each run took."""
    return [finding.record.epochs for finding in workspace.folder.survey(runs)]


def losses(events, run):
    """Collect the validation losses of a run."""
    return [
        metrics.validation_loss
        for event in events
        if isinstance(event, EpochFinished)
        for one, metrics in event.metrics
        if one == run
    ]


def test_a_run_stops_after_as_many_epochs_without_a_lower_loss_as_its_patience(make_workspace):
    """None stops before, each keeps the epochs until then, and the runs stop at different times."""
    workspace = make_workspace()
    events = train(workspace)

    for run, length in zip(RUNS, lengths(workspace), strict=True):
        found = losses(events, run)
        waits = [end - found.index(min(found[:end])) - 1 for end in range(1, len(found) + 1)]
        assert len(found) == length
        assert max(waits[:-1]) < 2
        assert waits[-1] == 2 or length == EPOCHS
    assert len(set(lengths(workspace))) > 2
    assert [finding.status for finding in workspace.folder.survey(RUNS)] == [Status.FINISHED] * 12


@pytest.mark.parametrize("packed_runs", [1, 2, 4])
def test_a_stopped_run_is_what_it_would_be_alone(make_workspace, packed_runs):
    """Beside others that stop sooner or later, and beside some that never stop: the same bytes."""
    runs = (*RUNS[:9], *(patient(replace(SAME, seed=seed)) for seed in range(9, 12)))
    together, apart = make_workspace("together"), make_workspace("apart")
    train(together, runs=runs)
    train(apart, runs=runs, packed_runs=packed_runs)

    assert results_of(apart.folder.path) == results_of(together.folder.path)
    assert lengths(together, runs)[9:] == [EPOCHS] * 3


def test_runs_that_are_stopped_at_every_step_end_with_the_same_bytes(make_workspace):
    """Whether a run is over follows from its epochs, which its checkpoint keeps."""
    reference, workspace = make_workspace("reference"), make_workspace()
    train(reference)
    while any(finding.record is None for finding in workspace.folder.survey(RUNS)):
        train(workspace, stop=StopAfter(2))

    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_a_run_is_published_when_it_stops_and_costs_nothing_afterwards(make_workspace, monkeypatch):
    """The engine goes on without runs that ended once these are half; times are shared by those that learn."""
    started = []
    real = FakeEngine.start
    monkeypatch.setattr(
        FakeEngine, "start", lambda engine, runs, *rest: started.append(len(runs)) or real(engine, runs, *rest)
    )
    clock = itertools.count()
    monkeypatch.setattr(worker.time, "monotonic", lambda: float(next(clock)))
    workspace = make_workspace(checkpoint_seconds=1e9)
    events = train(workspace)
    ends = sorted(lengths(workspace))

    left = [sum(end > epoch for end in ends) for epoch in range(ends[-1])]
    assert [len(event.metrics) for event in events if isinstance(event, EpochFinished)] == left
    assert [event.images for event in events if isinstance(event, Progress)][::STEPS] == [8 * runs for runs in left]
    assert started[0] == 12
    assert all(after <= before // 2 for before, after in itertools.pairwise(started))
    first = next(event for event in events if isinstance(event, RunFinished))
    assert events.index(first) < len(events) - 12
    times = [finding.training_time for finding in workspace.folder.survey(RUNS)]
    assert sum(time.share for time in times) == pytest.approx(STEPS * ends[-1])
