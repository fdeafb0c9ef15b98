"""Trains one packed batch from where it stopped to its results, whatever happens on the way."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from ceteris.checksummed import Damage
from ceteris.datasets.choice import share
from ceteris.datasets.dataset import Split
from ceteris.engines.engine import (
    Engine,
    EpochMetrics,
    Outcome,
    OwnCodeTraining,
    PackedTraining,
    Position,
    SpreadTraining,
)
from ceteris.errors import DeviceMemoryError, LostRunError
from ceteris.execution.events import (
    BatchInterrupted,
    BatchStarted,
    EpochFinished,
    Event,
    Note,
    Progress,
    RunFailed,
    RunFinished,
    RunsHeld,
)
from ceteris.execution.executor import CoreShare, OneCore, Stop, TrainingData, Workspace
from ceteris.execution.keeping import Happened, Start, Unusable, claim_runs, find_starts, keep
from ceteris.execution.packing import PackedBatch
from ceteris.networks.shape import Shape
from ceteris.results.checkpoint import Checkpoint
from ceteris.results.epochs import EpochRecord
from ceteris.results.finding import Finding
from ceteris.results.record import RunFailure, conclude, describe_error, diverged_epoch
from ceteris.results.run_folder import CHECKPOINT, PRINTED, RunFiles, checkpoint_files, failure_files, result_files
from ceteris.study.run import Run
from ceteris.usercode.load import OwnCodeError


@dataclass(kw_only=True, eq=False)
class _Lane:
    """One run of a packed batch in training.

    Attributes:
        facts: What is stored of its training beside the engine's facts.
    """

    run: Run
    checkpoint: Checkpoint | None
    epochs: list[EpochRecord]
    seconds: float
    position: Position
    is_done: bool = False
    parameters: int | None = None
    printed: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


_ONE = OneCore()


def train_batch(batch: PackedBatch, workspace: Workspace, stop: Stop, cores: CoreShare = _ONE) -> Iterator[Event]:
    """Train a packed batch's runs, each to its result, its failure, or its checkpoint, which are written on the way.

    Runs that another process holds, or takes over because this one gave no sign of life for long, are left to it. What
    is found on disk decides where each run goes on, also if that has changed since they were packed.

    Raises:
        ResultsError: If the results folder cannot be written.
    """
    with ExitStack() as claims:
        folder, mine = yield from claim_runs(batch.runs, workspace.folder, claims)
        left = {run.digest: run for run in mine}
        try:
            starts = yield from find_starts(mine, folder)
            left = {start.run.digest: start.run for start in starts}
            for happened in train_runs(starts, batch, workspace, stop, cores):
                for event in keep(happened, folder):
                    if isinstance(event, RunFinished):
                        left.pop(event.record.run.digest)
                    elif isinstance(event, RunFailed):
                        left.pop(event.failure.run.digest)
                    yield event
                folder.check_held()  # and only then train on
        except LostRunError:
            yield RunsHeld(runs=tuple(left.values()))


def train_runs(
    starts: Sequence[Start], batch: PackedBatch, data: TrainingData, stop: Stop, cores: CoreShare = _ONE
) -> Iterator[Happened]:
    """Train runs of a packed batch and give, between the events, what is to be kept; nothing is read or written.

    They train together as far as they are at one position. If the engine raises, they are tried again in halves, so
    that in the end only the runs that cannot be trained have failed. Several times a second it is seen whether to stop;
    then every run is saved and the iterator ends. As often it is seen how many cores there are, for a `SpreadTraining`.
    """
    groups: dict[Position, list[_Lane]] = {}
    for start in starts:
        checkpoint = start.checkpoint
        state_of = None if checkpoint is None else (checkpoint.engine, checkpoint.arithmetic)
        if checkpoint is not None and state_of != (batch.engine.name, batch.engine.arithmetic):
            yield Note(text=_foreign(checkpoint, batch.engine))
            checkpoint = None
        lane = _lane(start.run, checkpoint)
        lane.facts = start.facts
        groups.setdefault(lane.position, []).append(lane)
    for position, lanes in groups.items():
        if stop.is_set():
            return
        error: Exception | None = None
        members = replace(batch, runs=tuple(lane.run for lane in lanes), position=position)
        try:
            yield from _train_together(lanes, members, data, stop, cores)
        except Exception as raised:  # noqa: BLE001 - whatever an engine raises, the other runs go on
            error = raised
        if error is None:
            continue
        left = [lane for lane in lanes if not lane.is_done]
        if len(left) == 1:
            yield from _fail(left[0], batch.engine, error)
        else:
            half, facts = len(left) // 2, {}
            if isinstance(error, DeviceMemoryError):
                yield Note(text=f"{error.found} They are trained in two halves, from their last checkpoints.")
                facts = {"memory of the device": f"too small for {len(left)} runs at once"}
            for some in (left[:half], left[half:]):
                again = [
                    Start(run=lane.run, checkpoint=lane.checkpoint, facts={**lane.facts, **facts}) for lane in some
                ]
                yield from train_runs(again, batch, data, stop, cores)


def _train_together(
    lanes: list[_Lane], batch: PackedBatch, data: TrainingData, stop: Stop, cores: CoreShare
) -> Iterator[Happened]:
    specification = batch.runs[0].specification
    split = data.splits[specification.data.whole]
    training, damaged = _start(lanes, batch, split)
    if damaged is not None:
        yield damaged
    yield from _keep_printed(lanes, training)
    yield BatchStarted(batch=batch)
    saved, saved_at = training.position, time.monotonic()
    while training.position.epoch < specification.training.epochs and not all(lane.is_done for lane in lanes):
        if stop.is_set():
            if training.position != saved:
                yield from _save(lanes, training, batch.engine)
            yield BatchInterrupted(batch=batch, position=training.position)
            return
        try:
            yield from _advance(lanes, training, batch, data, split, cores.now())
        except Exception:
            yield from _keep_printed(lanes, training)
            raise
        yield from _keep_printed(lanes, training)
        lanes, training = _without_ended(lanes, training, batch.engine, split)
        if time.monotonic() - saved_at >= data.checkpoint_seconds and training.position > saved:
            yield from _save(lanes, training, batch.engine)
            saved, saved_at = training.position, time.monotonic()
    yield from _end(lanes, training, batch.engine, data, split, [lane for lane in lanes if not lane.is_done])


def _end(
    lanes: Sequence[_Lane],
    training: PackedTraining,
    engine: Engine,
    data: TrainingData,
    split: Split,
    ending: Sequence[_Lane],
) -> Iterator[Happened]:
    """Score the runs that end here, and publish them."""
    if ending:
        outcomes = training.outcomes([lanes.index(lane) for lane in ending])
        for lane, outcome in zip(ending, outcomes, strict=True):
            yield from _publish(lane, outcome, engine, data, split)


def _without_ended(
    lanes: list[_Lane], training: PackedTraining, engine: Engine, split: Split
) -> tuple[list[_Lane], PackedTraining]:
    """Go on without the runs that have ended, once these are half of all: fewer would not be worth a new start."""
    left = [lane for lane in lanes if not lane.is_done]
    if not left or len(left) > len(lanes) // 2:
        return lanes, training
    states = [state for lane, state in zip(lanes, training.states(), strict=True) if not lane.is_done]
    return left, engine.start([lane.run for lane in left], split, states)


def _start(lanes: list[_Lane], batch: PackedBatch, split: Split) -> tuple[PackedTraining, Unusable | None]:
    """Start the engine; where a run's checkpoint is what it stumbles over, give that up and start the run afresh."""
    checkpoints = [lane.checkpoint for lane in lanes if lane.checkpoint is not None]
    if not checkpoints:
        return batch.engine.start(batch.runs, split), None
    try:
        return batch.engine.start(batch.runs, split, [checkpoint.state for checkpoint in checkpoints]), None
    except Exception as error:
        if len(lanes) > 1 or isinstance(error, DeviceMemoryError):
            raise
        # If this fails too, the checkpoint is not to blame, and stays.
        training = batch.engine.start(batch.runs, split)
        damage = Damage(file=CHECKPOINT, reason=f"could not be continued ({describe_error(error)[0]})")
        finding = Finding(run=batch.runs[0], damage=(damage,))
        lanes[0] = _lane(batch.runs[0], None)
        return training, Unusable(finding=finding)


def _advance(
    lanes: Sequence[_Lane], training: PackedTraining, batch: PackedBatch, data: TrainingData, split: Split, cores: int
) -> Iterator[Happened]:
    """Let the engine train for a moment, and take the time: what runs keep is that of all cores."""
    before, began, used = training.position, time.monotonic(), 1
    if isinstance(training, SpreadTraining):
        training.spread(cores)
        used = training.cores
    metrics = training.advance()
    seconds = time.monotonic() - began
    for lane in lanes:
        lane.seconds += seconds * used
        lane.position = training.position
    specification = batch.runs[0].specification
    training_images = share(len(split.training), specification.data.fraction)
    images = _images(before, training.position, specification.training.batch_size, training_images)
    learning = sum(not lane.is_done for lane in lanes)
    yield Progress(batch=batch, position=training.position, images=images * learning, seconds=seconds)
    if metrics is not None:
        yield from _end_epoch(lanes, metrics, training, batch, data, split)


def _end_epoch(
    lanes: Sequence[_Lane],
    metrics: Sequence[EpochMetrics],
    training: PackedTraining,
    batch: PackedBatch,
    data: TrainingData,
    split: Split,
) -> Iterator[Happened]:
    """Note an epoch for each run, and publish at once those that diverged in it or stop after it."""
    alive = [(lane, own) for lane, own in zip(lanes, metrics, strict=True) if not lane.is_done]
    yield EpochFinished(
        batch=batch,
        metrics=tuple((lane.run, own) for lane, own in alive),
        seconds=max(lane.seconds for lane, _ in alive),
    )
    for lane, own in alive:
        lane.epochs.append(EpochRecord(metrics=own, seconds=lane.seconds, packed_batch_runs=len(alive)))
        if diverged_epoch([own]) is not None:
            yield from _publish(lane, None, batch.engine, data, split)
    is_last = training.position.epoch == batch.runs[0].specification.training.epochs
    stopped = [lane for lane, _ in alive if not lane.is_done and _is_over(lane)]
    yield from _end(lanes, training, batch.engine, data, split, [] if is_last else stopped)
    for lane in lanes:
        lane.seconds = 0.0


def _is_over(lane: _Lane) -> bool:
    losses = [epoch.metrics.validation_loss for epoch in lane.epochs]
    return lane.run.specification.training.stopping.is_over(losses)


def _publish(
    lane: _Lane, outcome: Outcome | None, engine: Engine, data: TrainingData, split: Split
) -> Iterator[Happened]:
    height, width, channels = split.training.images.shape[1:]
    result = conclude(
        lane.run,
        [epoch.metrics for epoch in lane.epochs],
        outcome,
        engine=engine.name,
        arithmetic=engine.arithmetic,
        data_origin=data.origin.value,
        image=Shape(height, width, channels),
        classes=split.classes,
        parameters=lane.parameters,
    )
    facts = {**engine.facts, **lane.facts}
    yield result_files(result, lane.epochs, facts, None if outcome is None else outcome.measured)
    lane.is_done = True
    yield RunFinished(record=result.record)


def _keep_printed(lanes: Sequence[_Lane], training: PackedTraining) -> Iterator[RunFiles]:
    """Keep what code of the user's own has printed, where it printed more than before."""
    if not isinstance(training, OwnCodeTraining):
        return
    for lane in lanes:
        lane.parameters, before, lane.printed = training.parameters, lane.printed, training.printed()
        if lane.printed and lane.printed != before:
            yield RunFiles(run=lane.run, contents={PRINTED: lane.printed.encode()})


def _save(lanes: Sequence[_Lane], training: PackedTraining, engine: Engine) -> Iterator[RunFiles]:
    if isinstance(training, OwnCodeTraining) and not training.is_resumable:
        return  # such a run begins again
    for lane, state in zip(lanes, training.states(), strict=True):
        if not lane.is_done:
            lane.checkpoint = Checkpoint(
                run=lane.run,
                engine=engine.name,
                arithmetic=engine.arithmetic,
                state=state,
                epochs=tuple(lane.epochs),
                seconds=lane.seconds,
            )
            yield checkpoint_files(lane.checkpoint)


def _fail(lane: _Lane, engine: Engine, error: Exception) -> Iterator[Happened]:
    text, where = describe_error(error)
    trace = error.trace if isinstance(error, OwnCodeError) else ""
    failure = RunFailure(run=lane.run, engine=engine.name, error=text, where=where, position=lane.position, trace=trace)
    yield failure_files(failure)
    yield RunFailed(failure=failure)


def _lane(run: Run, checkpoint: Checkpoint | None) -> _Lane:
    if checkpoint is None:
        return _Lane(run=run, checkpoint=None, epochs=[], seconds=0.0, position=Position())
    return _Lane(
        run=run,
        checkpoint=checkpoint,
        epochs=list(checkpoint.epochs),
        seconds=checkpoint.seconds,
        position=checkpoint.state.position,
    )


def _foreign(checkpoint: Checkpoint, engine: Engine) -> str:
    run = checkpoint.run
    return (
        f"'{run.variation}', seed {run.seed}: its checkpoint in epoch {checkpoint.state.position.epoch + 1} is of the "
        f"{checkpoint.engine} engine ({checkpoint.arithmetic}) and cannot be continued by the {engine.name} engine "
        f"({engine.arithmetic}); it starts again."
    )


def _images(before: Position, after: Position, batch_size: int, images: int) -> int:
    """Count the images between two positions of one epoch, or from the first to the epoch's end."""
    end = images if after.epoch > before.epoch else min(after.step * batch_size, images)
    return end - min(before.step * batch_size, images)
