"""Trains packed batches on a cluster whose nodes do not reach the results folder: results come back as values."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from ceteris.engines.engine import CarryingEngine, Engine, Places, Position, Result, Shared
from ceteris.errors import CeterisError, EngineError, LostRunError, ResultsError
from ceteris.execution.cluster import Cluster, Ended, Lost, Node, Refused, Report, Sent, Session
from ceteris.execution.events import BatchInterrupted, Event, Note, RunFailed, RunFinished, RunsHeld
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
class ClusterExecutor(Places):
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

    def cores(self) -> int:
        """How many pieces are computed at a time."""
        return self.resources.cores

    def compute(
        self,
        function: Callable[[Shared, tuple[int, int]], Result],
        shared: Shared,
        pieces: Sequence[tuple[int, int]],
        *,
        needs: Requirements,
    ) -> Generator[tuple[tuple[int, int], Result], None, None]:
        """Call a function for each piece on the nodes; see `Places.compute`."""
        return self.cluster.compute(function, shared, pieces, needs=needs)

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
        cores: That it takes where it trains; 0 before it is sent.
        positions: By digest, where its runs were when it was sent.
        ended: Digests of the runs that have finished or could not be trained.
        is_given_up: Whether what still comes of it is left unread, because it cannot or must not be written.
    """

    batch: PackedBatch
    claims: _Claims | None = None
    cores: int = 0
    deaths: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
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
        self._carried: dict[int, Any] = {}

    def drive(self, batches: Sequence[PackedBatch]) -> Iterator[Event]:
        self._waiting.extend(_Part(batch=batch) for batch in longest_first(batches))
        self._carried = {id(engine): self._session.bring(carried) for engine, carried in self._luggage(batches)}
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

    def _luggage(self, batches: Sequence[PackedBatch]) -> Iterator[tuple[Engine, Mapping[str, Any]]]:
        """Give what each engine has to bring along; most bring nothing."""
        for engine in {id(batch.engine): batch.engine for batch in batches}.values():
            runs = tuple(run for batch in batches if batch.engine is engine for run in batch.runs)
            split = self._workspace.splits[runs[0].specification.data.whole]
            yield engine, engine.carried(runs, split) if isinstance(engine, CarryingEngine) else {}

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
        taken = sum(part.cores for part in self._running.values())
        while self._waiting and not self._stop.is_set() and taken < cores + max(1, cores // 8):
            part = self._waiting.popleft()
            try:
                job = yield from self._job(part)
            except LostRunError:
                yield self._leave(part)
                job = None
            except ResultsError as error:
                self._give_up(part, error)
                job = None
            if job is None:
                self._end(part)
            else:
                carried = self._carried[id(part.batch.engine)]
                seconds = max(_SECONDS, cores / _MESSAGES_A_SECOND)
                self._running[self._session.submit(job, carried, seconds=seconds)] = part
                part.cores = job.needs.cores
                taken += part.cores

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
        try:
            if isinstance(report, Sent):
                yield from self._keep(report, part)
            else:
                del self._running[report.job]
                yield from self._conclude(report, part)
        except LostRunError:
            if report.job in self._running:
                self._session.cancel(report.job)
            yield self._leave(part)
        except ResultsError as error:
            self._give_up(part, error)
        else:
            return
        if report.job not in self._running:
            self._end(part)

    def _keep(self, report: Sent, part: _Part) -> Iterator[Event]:
        folder = self._folder if part.claims is None else part.claims.folder
        for happened in () if part.is_given_up else decode_happened(report.content, part.batch):
            yield from keep(happened, folder)
            if isinstance(happened, RunFailed):
                part.ended.add(happened.failure.run.digest)
            elif isinstance(happened, RunFinished):
                part.ended.add(happened.record.run.digest)

    def _conclude(self, report: Ended | Lost | Refused, part: _Part) -> Iterator[Event]:
        """Decide what is done about the runs of a job that has ended, one way or another."""
        is_done = part.is_given_up or part.ended.issuperset(run.digest for run in part.batch.runs)
        match report:
            case Lost():
                yield BatchInterrupted(batch=part.batch, position=min(part.positions.values()))
                yield from self._after_loss(part, report.cause)
            case Ended() if not (is_done or self._stop.is_set()):
                yield from self._after_loss(part, "the worker stopped unasked")
            case Ended():
                self._end(part)
            case Refused():
                self._give_up(part, EngineError(report.reason))
                self._end(part)

    def _after_loss(self, part: _Part, cause: str) -> Iterator[Event]:
        """Send what is left again, from its checkpoints; in halves, or not at all, after too many deaths in a row."""
        findings = self._folder.survey(part.batch.runs)
        left = tuple(one.run for one in findings if one.record is None and one.run.digest not in part.ended)
        positions = {one.run.digest: one.position for one in findings if one.position is not None}
        has_advanced = len(left) < len(findings) or any(
            position > part.positions[digest] for digest, position in positions.items()
        )
        part.deaths = 1 if has_advanced else part.deaths + 1
        batch = replace(part.batch, runs=left)
        if not left or part.is_given_up:
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

    def _leave(self, part: _Part) -> Event:
        """Leave runs to the process that has taken them over; see `train_batch`."""
        part.is_given_up = True
        return RunsHeld(runs=tuple(run for run in part.batch.runs if run.digest not in part.ended))

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
