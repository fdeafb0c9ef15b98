"""A cluster of threads, for what drives one: nodes, jobs and messages are real, machines are not."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from ceteris.errors import EngineError
from ceteris.execution.cluster import Ended, Lost, Node, Refused, Report, Sent
from ceteris.execution.executor import TrainingData
from ceteris.execution.remote import Job, train_job


class DeathError(BaseException):
    """Raised by an engine, ends its worker as a signal would."""


class SimulatedCluster:
    """Some nodes of one core; each trains with `train`, as a node of a real cluster does."""

    def __init__(self, nodes: int = 2, train: Callable = train_job) -> None:
        self.size, self.train = nodes, train
        self.jobs: list[Job] = []

    def nodes(self) -> tuple[Node, ...]:
        """Give them."""
        return tuple(Node(name=f"{n}", address=f"node {n}", cores=1, memory=10**9) for n in range(self.size))

    def compute(self, function, shared, pieces, *, needs) -> Iterator:
        """Call a function for each piece, the last one first."""
        for piece in reversed(pieces):
            yield piece, function(shared, piece)

    def session(self, data: TrainingData) -> "SimulatedSession":
        """Start the nodes."""
        return SimulatedSession(self, data)


class SimulatedSession:
    """Jobs for the threads; see `ceteris.execution.cluster.Session`."""

    def __init__(self, cluster: SimulatedCluster, data: TrainingData) -> None:
        self._cluster, self._data = cluster, data
        self._told = threading.Event()
        self._cancelled: set[int] = set()
        self._waiting: SimpleQueue[tuple[int, Job, Mapping, float] | None] = SimpleQueue()
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(cluster.size)]
        for thread in self._threads:
            thread.start()

    def bring(self, carried: Mapping) -> Mapping:
        """Threads have it already."""
        return carried

    def submit(self, job: Job, carried: Mapping, *, seconds: float) -> int:
        """Queue a job."""
        self._cluster.jobs.append(job)
        self._waiting.put((len(self._cluster.jobs), job, carried, seconds))
        return len(self._cluster.jobs)

    def reports(self, seconds: float) -> Sequence[Report]:
        """Give what there is."""
        found: list[Report] = []
        with suppress(Empty):
            found.append(self._reports.get(timeout=seconds))
            while True:
                found.append(self._reports.get_nowait())
        return found

    def cancel(self, job: int) -> None:
        """Tell one."""
        self._cancelled.add(job)

    def stop(self) -> None:
        """Tell all."""
        self._told.set()

    def close(self) -> None:
        """End the nodes."""
        self._told.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            number, job, carried, seconds = one
            report: Report = Ended(job=number)
            try:

                def is_stopped(number: int = number) -> bool:
                    return self._told.is_set() or number in self._cancelled

                messages = self._cluster.train(job, self._data, carried, seconds=seconds, is_stopped=is_stopped)
                for content in messages:
                    self._reports.put(Sent(job=number, content=content))
            except DeathError:
                report = Lost(job=number, cause="the worker died")
            except EngineError as error:
                report = Refused(job=number, reason=str(error))
            self._reports.put(report)
