import math
from datetime import UTC, datetime

import pytest

from ceteris.results.machine import decode_machine


def test_runs_that_came_to_their_end_are_tracked(tracked):
    """One a seed, named by variation and seed; diverged ones are among them, and missing ones are not."""
    assert [(run.name, run.group, run.status) for run in tracked] == [
        ("baseline/seed-00", "baseline", "finished"),
        ("baseline/seed-01", "baseline", "finished"),
        ("baseline/seed-02", "baseline", "diverged"),
        ("0.5/seed-00", "0.5", "finished"),
        ("0.5/seed-01", "0.5", "finished"),
        ("0.5/seed-02", "0.5", "diverged"),
    ]


def test_settings_are_named_by_their_place(tracked):
    """As in a study file; layers in words; runs of a group have the same."""
    settings = tracked[0].settings

    assert settings["training.learning_rate"] == 0.1
    assert settings["data.name"] == "shapes"
    assert [settings["network.layers.0"], settings["network.layers.1"]] == ["max pool 8", "dense classes"]
    assert settings == tracked[1].settings
    assert {name for name in settings if settings[name] != tracked[3].settings[name]} == {"training.learning_rate"}


def test_a_point_is_what_an_epoch_came_to(tracked, logged_results):
    """Every number of the records, and the test scores at the last epoch of a finished run."""
    for run, record in zip(tracked, logged_results.records, strict=True):
        epochs = logged_results.epochs(record.run)
        assert [point.step for point in run.points] == [epoch.metrics.epoch for epoch in epochs]
        for point, epoch in zip(run.points, epochs, strict=True):
            assert point.metrics["validation/accuracy"] == pytest.approx(epoch.metrics.validation_accuracy)
            assert point.metrics["training/seconds_share"] == epoch.seconds / epoch.packed_batch_runs
        tested = [point.metrics.get("test/accuracy") for point in run.points]
        assert tested == [None] * (len(epochs) - 1) + [record.test_accuracy]
    assert not math.isfinite(tracked[2].points[-1].metrics["training/loss"])


def test_time_ends_when_the_run_was_finished(tracked, logged_results):
    """Each epoch ends as long before as the epochs after it took."""
    run, record = tracked[0], logged_results.records[0]
    folder = logged_results.folder.run_folder(record.run).path
    finished = datetime.fromisoformat(decode_machine((folder / "machine.json").read_bytes()).finished)

    assert datetime.fromtimestamp(run.points[-1].time, UTC) == finished
    assert [later.time - point.time for point, later in zip(run.points, run.points[1:], strict=False)] == [0.25, 0.25]
