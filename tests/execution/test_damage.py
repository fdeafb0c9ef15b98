from dataclasses import replace

import numpy as np

from ceteris.engines.engine import Position
from ceteris.execution.events import (
    BatchStarted,
    Note,
    RunDamaged,
    RunFailed,
)
from ceteris.execution.packing import pack
from ceteris.execution.worker import train_batch
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine
from tests.execution.trained import RUNS, of_kind, statuses, train
from tests.miniature import Never, StopAfter, miniature_checkpoint


def test_a_damaged_run_is_set_aside_and_done_again(make_workspace):
    """It is named with what was wrong and where it is now, and ends with the bytes of an undamaged one."""
    workspace = make_workspace()
    runs = RUNS[:1]
    train(workspace, runs=runs)
    reference = results_of(workspace.folder.path)
    folder = workspace.folder.run_folder(runs[0])
    (folder.path / "weights.safetensors").write_bytes(b"rubbish")
    (batch,) = pack(runs, FakeEngine())
    events = list(train_batch(batch, workspace, Never()))
    (damaged,) = of_kind(events, RunDamaged)
    assert damaged.run == runs[0]
    assert [str(damage) for damage in damaged.damage] == [
        "weights.safetensors was changed after it was written: its SHA-256 does not match"
    ]
    assert damaged.aside == workspace.folder.path / "damaged" / f"baseline-{folder.path.name}-1"
    assert (damaged.aside / "weights.safetensors").read_bytes() == b"rubbish"
    assert results_of(workspace.folder.path) == reference


def test_a_damaged_checkpoint_costs_only_its_run_and_only_time(make_workspace):
    """The run starts again at the beginning, the others go on, and all bytes are as they should be."""
    workspace, reference = make_workspace(), make_workspace("reference")
    runs = RUNS[:3]
    train(reference, runs=runs)
    train(workspace, runs=runs, stop=StopAfter(5))
    path = workspace.folder.run_folder(runs[1]).path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    events = train(workspace, runs=runs)
    assert [event.run for event in of_kind(events, RunDamaged)] == [runs[1]]
    assert sorted(str(event.batch.position) for event in of_kind(events, BatchStarted)) == [
        str(Position()),
        str(Position(epoch=1, step=1)),
    ]
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_the_checkpoint_of_another_engine_is_not_continued(make_workspace):
    """It would give a mixture that neither engine can repeat: the run starts again, and a note says so."""
    workspace, reference = make_workspace(), make_workspace("reference")
    runs = RUNS[:1]
    train(workspace, runs=runs, stop=StopAfter(5))
    events = train(workspace, FakeEngine(arithmetic="float64"), runs=runs)
    (note,) = of_kind(events, Note)
    assert note.text == (
        "'baseline', seed 0: its checkpoint in epoch 2 is of the fake engine (float32) and cannot be continued by the "
        "fake engine (float64); it starts again."
    )
    train(reference, FakeEngine(arithmetic="float64"), runs=runs)
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_a_checkpoint_that_the_engine_cannot_take_up_is_set_aside(make_workspace):
    """An undamaged file with a state that the engine does not know costs its run a fresh start, and no other."""
    workspace, reference = make_workspace(), make_workspace("reference")
    runs = RUNS[:2]
    for run in runs:
        workspace.folder.run_folder(run).write_checkpoint(miniature_checkpoint(run))
    known = miniature_checkpoint(runs[1])
    unknown = replace(known, state=replace(known.state, arrays={"other": np.zeros(1)}))
    workspace.folder.run_folder(runs[1]).write_checkpoint(unknown)
    events = train(workspace, runs=runs)
    (damaged,) = of_kind(events, RunDamaged)
    assert damaged.run == runs[1]
    assert [str(damage) for damage in damaged.damage] == [
        "checkpoint.safetensors could not be continued (KeyError: 'layers.1.weight')"
    ]
    train(reference, runs=runs)
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)


def test_an_engine_that_cannot_start_at_all_costs_no_checkpoint(make_workspace, monkeypatch):
    """If the run cannot be started afresh either, its checkpoint is not to blame and stays for the next attempt."""
    workspace = make_workspace()
    runs = RUNS[:1]
    train(workspace, runs=runs, stop=StopAfter(5))

    def refuse(*_):
        raise MemoryError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(FakeEngine, "start", refuse)
        events = train(workspace, runs=runs)
    assert [event.failure.error for event in of_kind(events, RunFailed)] == ["MemoryError: no memory"]
    finding = workspace.folder.survey(runs)[0]
    assert (finding.status, finding.position) == (Status.FAILED, Position(epoch=1, step=1))
    train(workspace, runs=runs)
    assert statuses(workspace, runs) == [Status.FINISHED]
