"""Runs as TensorBoard event files: scalars, and hyperparameters whose sessions are grouped by variation."""

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ceteris.errors import ResultsError
from ceteris.paths import quoted
from ceteris.results.atomic import make_folder, write_atomically
from ceteris.tracking.tracked import TrackedRun, Tracker

_SUCCESS, _FAILURE = 1, 2  # of the status of a session in the hparams plugin


def log_to_tensorboard(runs: Iterable[TrackedRun], folder: Path) -> Iterator[TrackedRun]:
    """Write one event file a run, in `<folder>/<variation>/seed-07`; `tensorboard --logdir <folder>` shows them.

    The name of a file comes from its run, so that writing again replaces it with the same bytes.

    Raises:
        ResultsError: If `tensorboard` is not installed, or the folder cannot be written.
    """
    try:
        from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: PLC0415 - an extra
    except ImportError:
        raise ResultsError(
            "--to tensorboard needs the package tensorboard, which is not installed. "
            "Install it with `pip install tensorboard`."
        ) from None
    for run in runs:
        buffer = io.BytesIO()
        writer = RecordWriter(buffer)
        for event in _events(run):
            writer.write(event.SerializeToString(deterministic=True))
        writer.flush()
        place = folder / run.name
        make_folder(place)
        write_atomically(place / f"events.out.tfevents.{run.points[0].time:.0f}.{run.digest[:8]}", buffer.getvalue())
        yield run


def _events(run: TrackedRun) -> Iterator[Any]:
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - an extra
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415

    begin, end = run.points[0].time, run.points[-1].time
    yield Event(wall_time=begin, file_version="brain.Event:2")
    yield Event(wall_time=begin, summary=Summary(value=[_session_start(run, begin)]))
    for point in run.points:
        values = [Summary.Value(tag=name, simple_value=_float32(value)) for name, value in point.metrics.items()]
        yield Event(wall_time=point.time, step=point.step, summary=Summary(value=values))
    yield Event(wall_time=end, summary=Summary(value=[_session_end(run, end)]))


def _session_start(run: TrackedRun, time: float) -> Any:
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG  # noqa: PLC0415 - an extra
    from tensorboard.plugins.hparams.plugin_data_pb2 import SessionStartInfo  # noqa: PLC0415

    info = SessionStartInfo(group_name=run.group, start_time_secs=time)
    for name, setting in {"variation": run.group, "factor": run.factor, **run.settings}.items():
        match setting:
            case bool():
                info.hparams[name].bool_value = setting
            case int() | float():
                info.hparams[name].number_value = setting
            case _:
                info.hparams[name].string_value = setting
    return _plugin_value(SESSION_START_INFO_TAG, session_start_info=info)


def _session_end(run: TrackedRun, time: float) -> Any:
    from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG  # noqa: PLC0415 - an extra
    from tensorboard.plugins.hparams.plugin_data_pb2 import SessionEndInfo  # noqa: PLC0415

    status = _SUCCESS if run.status == "finished" else _FAILURE
    return _plugin_value(SESSION_END_INFO_TAG, session_end_info=SessionEndInfo(status=status, end_time_secs=time))


def _plugin_value(tag: str, **info: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata  # noqa: PLC0415 - an extra
    from tensorboard.plugins.hparams.metadata import PLUGIN_DATA_VERSION, PLUGIN_NAME  # noqa: PLC0415
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # noqa: PLC0415

    content = HParamsPluginData(version=PLUGIN_DATA_VERSION, **info).SerializeToString(deterministic=True)
    data = SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=content)
    return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=data))


def _float32(value: float) -> float:
    """Events hold float32, which has no room for the largest losses."""
    return value if not math.isfinite(value) or abs(value) < 3e38 else math.copysign(math.inf, value)


TENSORBOARD = Tracker(
    name="tensorboard",
    write=lambda runs, folder, _title: log_to_tensorboard(runs, folder),
    look=lambda folder: f"tensorboard --logdir {quoted(folder)}",
)
