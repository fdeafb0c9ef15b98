"""What a cluster is to the executor that trains on it: nodes, and jobs that are queued and report."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ceteris.engines.engine import Result, Shared
from ceteris.execution.executor import TrainingData
from ceteris.execution.remote import Job
from ceteris.resources import Requirements


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

    def bring(self, carried: Mapping[str, Any]) -> Any:
        """Bring what an engine carries to the nodes, and give what stands for it."""

    def submit(self, job: Job, carried: Any, *, seconds: float) -> int:
        """Queue a job, which sends a message about every so many seconds, and give its number."""

    def reports(self, seconds: float) -> Sequence[Report]:
        """Wait so long at most until something is reported of some job, and give all that is."""

    def cancel(self, job: int) -> None:
        """Have a job end, whatever it has not sent."""

    def stop(self) -> None:
        """Ask all jobs to save and end."""

    def close(self) -> None:
        """Forget all jobs."""


class Cluster(Protocol):
    """Machines that train packed batches; `ceteris.execution.remote.train_job` is what runs on them."""

    def nodes(self) -> tuple[Node, ...]:
        """Say which there are now."""

    def compute(
        self,
        function: Callable[[Shared, tuple[int, int]], Result],
        shared: Shared,
        pieces: Sequence[tuple[int, int]],
        *,
        needs: Requirements,
    ) -> Generator[tuple[tuple[int, int], Result], None, None]:
        """Call a function for each piece on the nodes; see `Places.compute`."""

    def session(self, data: TrainingData) -> Session:
        """Bring images to the nodes, for jobs.

        Raises:
            EngineError: If a node has other versions of Python or ceteris than this process.
        """
