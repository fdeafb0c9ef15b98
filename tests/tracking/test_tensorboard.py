import sys

import pytest

from ceteris.errors import ResultsError
from ceteris.tracking.tensorboard import log_to_tensorboard
from tests.tracking.read_back import assert_read_back

pytest.importorskip("tensorboard")


def events(folder):
    """Read back an event file with TensorBoard's own reader."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader  # noqa: PLC0415 - an extra

    (file,) = folder.iterdir()
    return list(EventFileLoader(str(file)).Load())


def test_tensorboard_reads_every_number(tracked, tmp_path):
    """Each metric of each epoch, at its step and its time, in the folder of its run."""
    assert [run.name for run in log_to_tensorboard(tracked, tmp_path)] == [run.name for run in tracked]

    for run in tracked:
        found = {
            (event.step, value.tag): (value.tensor.float_val[0], event.wall_time)
            for event in events(tmp_path / run.name)
            for value in event.summary.value
            if not value.tag.startswith("_hparams_")
        }
        expected = {
            (point.step, tag): (value, point.time) for point in run.points for tag, value in point.metrics.items()
        }
        assert found.keys() == expected.keys()
        for place, (value, time) in expected.items():
            assert found[place] == (pytest.approx(value, rel=1e-6, nan_ok=True), time)


def test_sessions_are_grouped_by_variation(tracked, tmp_path):
    """The hyperparameters of the seeds of a group are equal, and a diverged run is no success."""
    from tensorboard.plugins.hparams.metadata import (  # noqa: PLC0415 - an extra
        parse_session_end_info_plugin_data,
        parse_session_start_info_plugin_data,
    )

    list(log_to_tensorboard(tracked, tmp_path))

    starts, ends = [], []
    for run in tracked:
        values = [value for event in events(tmp_path / run.name) for value in event.summary.value]
        data = {value.tag: value.metadata.plugin_data.content for value in values if value.tag.startswith("_hparams_")}
        starts.append(parse_session_start_info_plugin_data(data["_hparams_/session_start_info"]))
        ends.append(parse_session_end_info_plugin_data(data["_hparams_/session_end_info"]))
    assert [start.group_name for start in starts] == [run.group for run in tracked]
    assert starts[0].hparams == starts[1].hparams
    assert starts[0].hparams["training.learning_rate"].number_value == 0.1
    assert starts[3].hparams["training.learning_rate"].number_value == 0.5
    assert starts[0].hparams["training.flip"].WhichOneof("kind") == "bool_value"
    assert [end.status for end in ends] == [1, 1, 2, 1, 1, 2]


def test_what_was_written_is_read_back(tracked, logged_results, tmp_path):
    """As from the results folder, diverged runs too; names and settings by what the files say of them."""
    list(log_to_tensorboard(tracked, tmp_path))

    assert_read_back(tmp_path, logged_results, rel=1e-6)


def test_writing_again_doubles_nothing(tracked, tmp_path):
    """The same file with the same bytes; a file of somebody else's stays."""
    list(log_to_tensorboard(tracked, tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("events*")}
    (tmp_path / "baseline/notes.txt").write_text("mine")

    list(log_to_tensorboard(tracked, tmp_path))

    assert {path: path.read_bytes() for path in tmp_path.rglob("events*")} == before
    assert len(before) == len(tracked)
    assert (tmp_path / "baseline/notes.txt").read_text() == "mine"


def test_a_missing_package_is_named(tracked, tmp_path, monkeypatch):
    """What to install; nothing is written."""
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)

    with pytest.raises(ResultsError) as error:
        list(log_to_tensorboard(tracked, tmp_path))

    assert str(error.value) == (
        "--to tensorboard needs the package tensorboard, which is not installed. "
        "Install it with `pip install tensorboard`."
    )
    assert list(tmp_path.iterdir()) == []
