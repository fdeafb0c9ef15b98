"""Trains packed batches on a cluster whose nodes do not reach the results folder: results come back as values."""

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Protocol

from ceteris.engines.engine import Position
from ceteris.errors import CeterisError, EngineError, ResultsError
from ceteris.execution.events import BatchInterrupted, Event, Note, RunFailed
from ceteris.execution.executor import TrainingData, Workspace
from ceteris.execution.keeping import claim_runs, find_starts, keep
from ceteris.execution.messages import decode_happened
from ceteris.execution.packing import PackedBatch, longest_first
from ceteris.execution.remote import Job
from ceteris.formatting.wording import byte_count, count, listed
from ceteris.resources import Memory, Requirements, Resources
from ceteris.results.folder import ResultsFolder
from ceteris.results.record import RunFailure
from ceteris.results.run_folder import failure_files

_LOOK_SECONDS = 1.0
_NODES_SECONDS = 5.0
"""Between two looks at which nodes there are."""
MOST_DEATHS = 3
"""Workers in a row, without a new checkpoint between, that may die of a packed batch before it is halved."""
_SECONDS, _MESSAGES_A_SECOND = 0.5, 100
"""Between two messages of a job, and how many of all jobs together the driver is sent at most."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine of a cluster: what it has for packed batches.

    Attributes:
        memory: Bytes.
    """

    name: str
    address: str
    cores: float
    memory: int
    gpus: float = 0.0

    def rooms(self, needs: Requirements) -> dict[str, float]:
        """Say how many such packed batches it has cores, memory and GPUs for, each by itself."""
        rooms = {"cores": self.cores / needs.cores, "memory": self.memory / max(1, needs.memory)}
        return rooms if needs.gpus == 0 else {**rooms, "GPUs": self.gpus / needs.gpus}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message of a job, for `decode_happened`."""

    job: int
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job has sent all."""

    job: int


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The worker or node of a job is gone, and what it has not sent."""

    job: int
    cause: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A node cannot train a job as it should be, and why."""

    job: int
    reason: str


Report = Sent | Ended | Lost | Refused


class Session(Protocol):
    """Jobs on a cluster that look at the same images."""

    def submit(self, job: Job, *, seconds: float) -> int:
        """Queue a job, which sends a message about every so many seconds, and give its number."""

    def reports(self, seconds: float) -> Sequence[Report]:
        """Wait so long at most until something is reported of some job, and give all that is."""

    def stop(self) -> None:
        """Ask all jobs to save and end."""

    def close(self) -> None:
        """Forget all jobs."""


class Cluster(Protocol):
    """Machines that train packed batches; `ceteris.execution.remote.train_job` is what runs on them."""

    def nodes(self) -> tuple[Node, ...]:
        """Say which there are now."""

    def session(self, data: TrainingData) -> Session:
        """Bring images to the nodes, for jobs.

        Raises:
            EngineError: If a node has other versions of Python or ceteris than this process.
        """


@dataclass(frozen=True, kw_only=True)
class ClusterExecutor:
    """Trains packed batches on a cluster, and writes what comes back; see `Executor`."""

    cluster: Cluster

    @property
    def resources(self) -> Resources:
        """What all nodes have together now."""
        nodes = self.cluster.nodes()
        devices = {"cpu", "cuda"} if any(node.gpus for node in nodes) else {"cpu"}
        return Resources(
            cores=max(1, int(sum(node.cores for node in nodes))),
            memory=Memory(free=sum(node.memory for node in nodes), limit="in the cluster"),
            devices=frozenset(devices),
        )

    def execute(
        self, batches: Sequence[PackedBatch], workspace: Workspace, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """Train packed batches, and tell what happens as it happens; see `Executor.execute`.

        Raises:
            ResultsError: If the results folder can no longer be written.
            EngineError: If no node has room for a packed batch, or one has other software or another processor.
        """
        check_room(batches, workspace, self.cluster.nodes())
        data = TrainingData(
            splits=workspace.splits, origin=workspace.origin, checkpoint_seconds=workspace.checkpoint_seconds
        )
        session = self.cluster.session(data)
        driver = _Driver(self.cluster, session, workspace, stop)
        events = driver.drive(batches)
        try:
            for event in events:  # noqa: UP028 - `yield from` would close it before all is saved
                yield event
        except GeneratorExit:
            stop.set()
            for _ in events:
                pass
            raise
        finally:
            driver.release()
            session.close()


def check_room(batches: Sequence[PackedBatch], workspace: Workspace, nodes: Sequence[Node]) -> None:
    """Refuse a packed batch that no node has room for: it would wait for ever.

    Raises:
        EngineError: If there is one.
    """
    for batch in batches:
        needs = _needs(batch, workspace)
        if not any(min(node.rooms(needs).values()) >= 1 for node in nodes):
            gpu = f", {needs.gpus:g} of a GPU" if needs.gpus else ""
            raise EngineError(
                f"a packed batch of '{batch.runs[0].variation}' takes {count(needs.cores, 'core')}{gpu} and "
                f"{byte_count(needs.memory)} of memory, and none of the {count(len(nodes), 'node')} of the cluster "
                "has that. Add a larger one. Nothing was trained yet."
            )


@dataclass(kw_only=True, eq=False)
class _Claims:
    """Of the runs of one packed batch, which may be trained in parts.

    Attributes:
        folder: That confirms them before it writes.
    """

    folder: ResultsFolder
    stack: ExitStack = field(default_factory=ExitStack)
    parts: int = 1


@dataclass(kw_only=True, eq=False)
class _Part:
    """Runs that are sent together: a packed batch, or what deaths have left of it.

    Attributes:
        claims: None before it is sent for the first time.
        positions: By digest, where its runs were when it was sent.
        failed: Digests of the runs that could not be trained.
        is_given_up: Whether what still comes of it is left unread, because it cannot be written.
    """

    batch: PackedBatch
    claims: _Claims | None = None
    deaths: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    is_given_up: bool = False


class _Driver:
    """Sends packed batches to nodes while there is room, and keeps what comes back."""

    def __init__(self, cluster: Cluster, session: Session, workspace: Workspace, stop: threading.Event) -> None:
        self._cluster, self._session, self._workspace, self._stop = cluster, session, workspace, stop
        self._folder = workspace.folder
        self._waiting: deque[_Part] = deque()
        self._running: dict[int, _Part] = {}
        self._error: CeterisError | None = None
        self._nodes: tuple[Node, ...] = ()
        self._looked_at = -_NODES_SECONDS

    def drive(self, batches: Sequence[PackedBatch]) -> Iterator[Event]:
        self._waiting.extend(_Part(batch=batch) for batch in longest_first(batches))
        is_told = False
        while self._running or (self._waiting and not self._stop.is_set()):
            yield from self._look_at_nodes()
            yield from self._send()
            if self._stop.is_set() and not is_told:
                self._session.stop()
                is_told = True
            for report in self._session.reports(_LOOK_SECONDS) if self._running else ():
                yield from self._take(report)
        if self._error is not None:
            raise self._error

    def release(self) -> None:
        """Let go of what is still claimed, when all has ended or nothing more can be done."""
        for part in (*self._waiting, *self._running.values()):
            if part.claims is not None:
                part.claims.stack.close()

    def _look_at_nodes(self) -> Iterator[Event]:
        if time.monotonic() - self._looked_at < _NODES_SECONDS:
            return
        before, self._nodes, self._looked_at = self._nodes, self._cluster.nodes(), time.monotonic()
        if before and len(before) != len(self._nodes):
            yield Note(text=f"The cluster has {count(len(self._nodes), 'node')} now, where it had {len(before)}.")

    def _send(self) -> Iterator[Event]:
        """Queue packed batches for all cores and a few more: no core waits, and runs are claimed late."""
        cores = sum(node.cores for node in self._nodes)
        taken = sum(_needs(part.batch, self._workspace).cores for part in self._running.values())
        while self._waiting and not self._stop.is_set() and taken < cores + max(1, cores // 8):
            part = self._waiting.popleft()
            try:
                job = yield from self._job(part)
            except ResultsError as error:
                self._give_up(part, error)
                job = None
            if job is None:
                self._end(part)
            else:
                self._running[self._session.submit(job, seconds=max(_SECONDS, cores / _MESSAGES_A_SECOND))] = part
                taken += job.needs.cores

    def _job(self, part: _Part) -> Generator[Event, None, Job | None]:
        """Claim the runs of a packed batch, unless they are, and look where they are; None if none is left to train."""
        runs = part.batch.runs
        if part.claims is None:
            part.claims = _Claims(folder=self._folder)
            part.claims.folder, runs = yield from claim_runs(runs, self._folder, part.claims.stack)
        starts = yield from find_starts(runs, part.claims.folder)
        if not starts:
            return None
        part.batch = replace(part.batch, runs=tuple(start.run for start in starts))
        part.positions = {
            start.run.digest: Position() if start.checkpoint is None else start.checkpoint.state.position
            for start in starts
        }
        return Job(batch=part.batch, starts=starts, needs=_needs(part.batch, self._workspace))

    def _take(self, report: Report) -> Iterator[Event]:
        part = self._running[report.job]
        folder = self._folder if part.claims is None else part.claims.folder
        try:
            match report:
                case Sent():
                    for happened in () if part.is_given_up else decode_happened(report.content, part.batch):
                        yield from keep(happened, folder)
                        if isinstance(happened, RunFailed):
                            part.failed.add(happened.failure.run.digest)
                case Ended():
                    del self._running[report.job]
                    self._end(part)
                case Lost():
                    del self._running[report.job]
                    yield BatchInterrupted(batch=part.batch, position=min(part.positions.values()))
                    yield from self._after_loss(part, report.cause)
                case Refused():
                    del self._running[report.job]
                    self._give_up(part, EngineError(report.reason))
                    self._end(part)
        except ResultsError as error:
            self._give_up(part, error)

    def _after_loss(self, part: _Part, cause: str) -> Iterator[Event]:
        """Send what is left again, from its checkpoints; in halves, or not at all, after too many deaths in a row."""
        findings = self._folder.survey(part.batch.runs)
        left = tuple(one.run for one in findings if one.record is None and one.run.digest not in part.failed)
        positions = {one.run.digest: one.position for one in findings if one.position is not None}
        has_advanced = len(left) < len(findings) or any(
            position > part.positions[digest] for digest, position in positions.items()
        )
        part.deaths = 1 if has_advanced else part.deaths + 1
        batch = replace(part.batch, runs=left)
        if not left:
            self._end(part)
        elif part.deaths < MOST_DEATHS:
            yield Note(text=f"{_named(batch)}: {cause}. Training goes on elsewhere, from the last checkpoint.")
            part.batch = batch
            self._waiting.appendleft(part)
        elif len(left) > 1:
            yield Note(text=f"{_named(batch)}: {cause}, the {_ORDINAL} time in a row. They are trained in halves now.")
            assert part.claims is not None
            part.claims.parts += 1
            half = len(left) // 2
            for some in (left[half:], left[:half]):
                self._waiting.appendleft(_Part(batch=replace(batch, runs=some), claims=part.claims))
        else:
            error = f"every worker that trained it died, {MOST_DEATHS} in a row: {cause}"
            position = positions.get(left[0].digest, Position())
            failure = RunFailure(run=left[0], engine=batch.engine.name, error=error, where=(), position=position)
            assert part.claims is not None
            yield from keep(failure_files(failure), part.claims.folder)
            yield RunFailed(failure=failure)
            self._end(part)

    def _give_up(self, part: _Part, error: CeterisError) -> None:
        """Keep why there is no going on, and have all saved that can be."""
        part.is_given_up = True
        self._error = self._error or error
        self._stop.set()

    def _end(self, part: _Part) -> None:
        """Let go of the runs of a packed batch when the last part of it has ended."""
        if part.claims is not None:
            part.claims.parts -= 1
            if not part.claims.parts:
                part.claims.stack.close()


_ORDINAL = "third"


def _needs(batch: PackedBatch, workspace: Workspace) -> Requirements:
    return batch.requirements(workspace.splits[batch.runs[0].specification.data.whole].kind)


def _named(batch: PackedBatch) -> str:
    """Name the runs of a packed batch by their arms."""
    arms = listed(f"'{name}'" for name in dict.fromkeys(run.variation for run in batch.runs))
    return f"{count(len(batch.runs), 'run')} of {arms}"
