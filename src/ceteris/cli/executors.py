"""Where packed batches train: on this machine, or with Ray; as it is chosen on the command line."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypedDict

from ceteris.datasets.dataset import ImageKind
from ceteris.errors import EngineError
from ceteris.execution.cluster_executor import ClusterExecutor
from ceteris.execution.executor import Executor
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import PackedBatch
from ceteris.formatting.wording import byte_count, count, listed, nearest
from ceteris.resources import Requirements, available_cores


class ExecutorName(StrEnum):
    """Where packed batches train."""

    LOCAL = "local"
    RAY = "ray"


class Sharing(TypedDict):
    """How packed batches share the cores of a place; see `estimate_time`."""

    threads: int
    side_by_side: int
    spreads: bool


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the place where a study trains has for it.

    Attributes:
        cores: How many packed batches train side by side there.
        measured: How many train side by side where their speed is measured, on this machine.
        description: Of a cluster: what it has, and which resource is short.
        spreads: Whether a packed batch gets several cores where there are more of these.
    """

    cores: int
    measured: int
    description: str = ""
    spreads: bool = False

    @property
    def sharing(self) -> Sharing:
        """What `estimate_time` must know of it."""
        return {"threads": self.cores, "side_by_side": self.measured, "spreads": self.spreads}

    @classmethod
    def of(cls, executor: Executor, batches: Sequence[PackedBatch], images: ImageKind) -> Self:
        """Look at what an executor has, for at least one packed batch."""
        if not isinstance(executor, ClusterExecutor):
            cores = executor.resources.cores
            return cls(cores=cores, measured=cores, spreads=isinstance(executor, LocalExecutor))
        nodes, needs = executor.cluster.nodes(), [batch.requirements(images) for batch in batches]
        most = Requirements(
            memory=max(one.memory for one in needs),
            cores=max(one.cores for one in needs),
            device=max(one.device for one in needs),
            gpu_share=max(one.gpu_share for one in needs),
        )
        rooms = [node.rooms(most) for node in nodes]
        cores = max(1, sum(int(min(room.values())) for room in rooms))
        by_resource = {name: sum(int(room[name]) for room in rooms) for name in rooms[0]}
        gpus = int(sum(node.gpus for node in nodes))
        has = [
            count(int(sum(node.cores for node in nodes)), "core"),
            *([count(gpus, "GPU")] if gpus else []),
            f"{byte_count(sum(node.memory for node in nodes))} of memory",
        ]
        description = f"Ray cluster: {count(len(nodes), 'node')} with {listed(has)}. "
        description += _short(by_resource, cores, len(batches))
        return cls(cores=cores, measured=min(available_cores(), cores), description=description)


def _short(rooms: Mapping[str, int], side_by_side: int, batches: int) -> str:
    """Say which resource lets fewest packed batches train at a time."""
    packed = count(batches, "packed batch", "packed batches")
    if side_by_side >= batches:
        return f"Nothing is short: {packed}, and room for {side_by_side:,} at a time."
    name, *others = sorted(rooms, key=lambda one: rooms[one])
    verb, beside = "is" if name == "memory" else "are", listed(f"{one} for {rooms[one]:,}" for one in others)
    return f"{name[0].upper()}{name[1:]} {verb} short: {packed}, and enough for {rooms[name]:,} at a time; {beside}."


def device_for(executor: str, device: str | None) -> str | None:
    """Give the device for an executor: Ray shows a packed batch the GPUs that it may use.

    Raises:
        EngineError: If the number of a GPU is given for Ray.
    """
    if executor == ExecutorName.RAY and device is not None and ":" in device:
        kind = device.partition(":")[0]
        raise EngineError(f"Ray chooses the GPU of each packed batch, and --device asks for '{device}'. Give {kind}.")
    return device


@contextmanager
def chosen_executor(name: str, *, threads: int | None, ray_address: str | None) -> Iterator[Executor]:
    """Give the executor that was asked for, for a `with` statement.

    Raises:
        EngineError: If there is no such executor, options contradict each other, or Ray is not there.
    """
    if name not in list(ExecutorName):
        close = nearest(name, ExecutorName)
        end = f"did you mean '{close}'?" if close else f"the executors are {listed(ExecutorName)}."
        raise EngineError(f"there is no executor called '{name}'; {end}")
    if name == ExecutorName.LOCAL:
        if ray_address is not None:
            raise EngineError("--ray-address names a Ray cluster, and the study is trained here. Add --executor ray.")
        yield LocalExecutor(threads=threads or available_cores())
        return
    if ray_address is not None and threads is not None:
        raise EngineError(
            "--threads is for this machine, and the cluster of --ray-address has its own cores. Leave out one of the "
            "two."
        )
    from ceteris.execution.ray_cluster import ray_executor  # noqa: PLC0415 - an extra

    with ray_executor(ray_address, cores=threads) as executor:
        yield executor
