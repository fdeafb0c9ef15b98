"""Trains a packed batch on a machine that does not reach the results folder, and sends what happens."""

import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib import metadata
from queue import Empty, SimpleQueue
from typing import Any

from ceteris.engines.engine import CarryingEngine, Engine, PortableEngine
from ceteris.errors import EngineError
from ceteris.execution.events import Progress
from ceteris.execution.executor import TrainingData
from ceteris.execution.keeping import Happened, Start
from ceteris.execution.messages import encode_happened
from ceteris.execution.packing import PackedBatch
from ceteris.execution.worker import train_runs
from ceteris.resources import Requirements
from ceteris.results.run_folder import RunFiles

_MOST_BYTES = 16_000_000
"""Of files in one message, from which it is sent at once: a worker keeps no more than these and the next ones."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A packed batch that is sent to a node: from where its runs start, and what it takes there."""

    batch: PackedBatch
    starts: tuple[Start, ...]
    needs: Requirements


@dataclass(frozen=True)
class _Over:
    error: BaseException | None = None


def versions() -> tuple[str, str]:
    """Give the versions of Python and ceteris of this process, which must be those of all."""
    return platform.python_version(), metadata.version("ceteris")


def check_versions(expected: tuple[str, str], node: str) -> None:
    """Refuse to train with other software than the rest of the study.

    Raises:
        EngineError: If versions of Python or ceteris differ.
    """
    found = versions()
    if found != expected:
        raise EngineError(
            f"node {node} has Python {found[0]} with ceteris {found[1]}, and this process Python {expected[0]} with "
            f"ceteris {expected[1]}: install the same on every node."
        )


def train_job(
    job: Job,
    data: TrainingData,
    carried: Mapping[str, Any],
    *,
    seconds: float,
    is_stopped: Callable[[], bool],
    node: str = "here",
) -> Iterator[bytes]:
    """Train a job, and give a message about every so many seconds; `is_stopped` is asked as often.

    Args:
        job: What to train.
        data: On which images.
        carried: What the engine has brought along, if it brings something.
        seconds: Between two messages.
        is_stopped: Says whether to save and end.
        node: Where this is, for errors.

    Raises:
        EngineError: If the processor would compute other bits than that of the process that asks.
    """
    with ExitStack() as files:
        engine = job.batch.engine
        if isinstance(engine, CarryingEngine):
            engine = files.enter_context(engine.unpacked(carried))
        yield from _messages(job, engine, data, seconds, is_stopped, node)


def _messages(
    job: Job, engine: Engine, data: TrainingData, seconds: float, is_stopped: Callable[[], bool], node: str
) -> Iterator[bytes]:
    if isinstance(engine, PortableEngine):
        engine = engine.here()
        if engine.arithmetic != job.batch.engine.arithmetic:
            raise EngineError(
                f"the processor of node {node} computes in {engine.arithmetic}, and that of this process in "
                f"{job.batch.engine.arithmetic}: results would differ. Take nodes of one kind."
            )
    batch = replace(job.batch, engine=engine)
    queue: SimpleQueue[Happened | _Over] = SimpleQueue()
    stop = threading.Event()
    # A thread of its own, so that a request to stop and what has happened do not wait for a long step.
    thread = threading.Thread(target=_train, args=(job, batch, data, stop, queue), name="training", daemon=True)
    thread.start()
    over: _Over | None = None
    try:
        while over is None:
            if is_stopped():
                stop.set()
            happened, over = _collected(queue, seconds)
            if happened:
                yield encode_happened(happened, batch)
    finally:
        stop.set()
    if over.error is not None:
        raise over.error


def _train(
    job: Job, batch: PackedBatch, data: TrainingData, stop: threading.Event, queue: "SimpleQueue[Happened | _Over]"
) -> None:
    error: BaseException | None = None
    try:
        for happened in train_runs(job.starts, batch, data, stop):
            queue.put(happened)
    except BaseException as raised:  # noqa: BLE001 - handed to the thread that waits for it
        error = raised
    queue.put(_Over(error))


def _collected(queue: "SimpleQueue[Happened | _Over]", seconds: float) -> tuple[list[Happened], _Over | None]:
    """Wait so long, or until the end, and give what happened; progress of one packed batch is added up."""
    happened: list[Happened] = []
    until, size = time.monotonic() + seconds, 0
    while (left := until - time.monotonic()) > 0 and size < _MOST_BYTES:
        with suppress(Empty):
            one = queue.get(timeout=left)
            if isinstance(one, _Over):
                return happened, one
            last = happened[-1] if happened else None
            if isinstance(one, Progress) and isinstance(last, Progress) and one.batch is last.batch:
                happened[-1] = replace(one, images=last.images + one.images, seconds=last.seconds + one.seconds)
            else:
                happened.append(one)
            if isinstance(one, RunFiles):
                size += sum(map(len, one.contents.values()))
    return happened, None
