"""Ray as a cluster that trains packed batches: one that runs already, or one on this machine that ends with it."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ceteris.engines.engine import Result, Shared
from ceteris.errors import EngineError
from ceteris.execution.cluster import Ended, Lost, Node, Refused, Report, Sent
from ceteris.execution.cluster_executor import ClusterExecutor
from ceteris.execution.executor import TrainingData
from ceteris.execution.remote import Job, check_versions, train_job, versions
from ceteris.resources import Requirements

_ADDRESS = "RAY_ADDRESS"
_ATTEMPTS = 3
"""To start Ray, which gives up after thirty seconds: on a busy machine the next attempt finds more in memory."""
_TOLD_BY_NOTES = r"\A(A worker died or was killed|Raylet is terminated|The node with node id)"
"""How messages begin that Ray prints, with dozens of lines, when a worker or a node is lost."""
_PREFIX, _LOCK = "ceteris-ray-", "driver.lock"


@contextmanager
def ray_executor(address: str | None = None, *, cores: int | None = None) -> Iterator[ClusterExecutor]:
    """Give an executor that trains packed batches with Ray, on as many nodes as there are; for a `with` statement.

    Results come back to this process, which writes them: nodes need no shared file system.

    Args:
        address: Of a cluster that runs, `host:port`, or `auto` for the one of this machine; else the one that
            `RAY_ADDRESS` names. Without any, Ray is started on this machine, and ends with the `with` statement. If
            this process is connected already, by `ray.init`, that is taken.
        cores: Of a Ray that is started: how many cores it has; all of this machine, if not given.

    Raises:
        EngineError: If Ray is not installed, or cannot be started or joined.

    Example:
        >>> with ray_executor() as executor:  # doctest: +SKIP
        ...     results = ceteris.run(study, folder="results/study", executor=executor)
    """
    address = address or os.environ.get(_ADDRESS)
    ray = _import_ray(is_here=not address)
    if ray.is_initialized():
        yield ClusterExecutor(cluster=RayCluster(ray))
    elif address:
        with _connected(ray, address=address):
            yield ClusterExecutor(cluster=RayCluster(ray))
    else:
        # A folder of its own, because Ray leaves its logs behind; short, because the paths of sockets are.
        options = {"num_cpus": cores, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        with _own_folder() as folder, _connected(ray, address="local", _temp_dir=str(folder), **options):
            yield ClusterExecutor(cluster=RayCluster(ray))


def _import_ray(*, is_here: bool) -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", _TOLD_BY_NOTES)
    if is_here:  # on Linux too, Ray keeps to 127.0.0.1 only where it takes the system for one without clusters
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    # What Ray will do by default later: a task without GPUs may see them, and uses none.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError:
        raise EngineError(
            'the Ray executor needs Ray, which is not installed. Install it with `pip install "ceteris[ray]"`.'
        ) from None
    return ray


@contextmanager
def _connected(ray: Any, *, address: str, **options: Any) -> Iterator[None]:
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    attempts = _ATTEMPTS if options else 1
    try:
        while not ray.is_initialized():
            attempts -= 1
            try:
                ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
            except Exception as error:  # Ray raises `Exception` itself where it cannot start
                ray.shutdown()
                if not attempts:
                    failed = "Ray could not be started on this machine"
                    what = failed if options else f"the Ray cluster at '{address}' is not there"
                    raise EngineError(f"{what}: {' '.join(str(error).split())}") from error
    finally:
        if is_main and handler is not None:
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Make a folder for a Ray of this process, and remove those of processes that were killed."""
    place = Path(tempfile.gettempdir())
    for leftover in place.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError, Timeout), FileLock(leftover, timeout=0):
            shutil.rmtree(leftover.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    with FileLock(folder / _LOCK):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Switch:
    """Tells all workers of a session to stop: they hold the result of `wait`, and look whether it is there.

    Sessions have numbers, because Ray calls again, in any order, what a switch that has died was asked.
    """

    def __init__(self) -> None:
        self._turned: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def wait(self, session: int) -> None:
        await self._turned[session].wait()

    async def turn(self, session: int) -> None:
        self._turned[session].set()


def _versions_of(expected: tuple[str, str], node: str) -> None:
    check_versions(expected, node)


def _train(
    job: Job,
    data: TrainingData,
    carried: Mapping[str, Any],
    expected: tuple[str, str],
    seconds: float,
    told: list[Any],
) -> Iterator[bytes]:
    import ray  # noqa: PLC0415 - an extra

    node = ray.util.get_node_ip_address()
    check_versions(expected, node)
    with _listening(ray, told, seconds) as is_told:
        yield from train_job(job, data, carried, seconds=seconds, is_stopped=is_told, node=node)


@contextmanager
def _listening(ray: Any, told: list[Any], seconds: float) -> Iterator[Callable[[], bool]]:
    """Look every so many seconds whether all are told to stop, in a thread of its own.

    A task whose main thread asks Ray for a result, however shortly, counts as blocked: Ray begins another on its cores.
    """
    is_over, is_told = threading.Event(), threading.Event()

    def listen() -> None:
        while not is_over.wait(seconds) and not is_told.is_set():
            if ray.wait(told, timeout=0, fetch_local=False)[0]:
                is_told.set()

    thread = threading.Thread(target=listen, name="listening", daemon=True)
    thread.start()
    try:
        yield is_told.is_set
    finally:
        is_over.set()
        thread.join()


class RayCluster:
    """The cluster that this process is connected to; see `ceteris.execution.cluster.Cluster`."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._switch: Any = None
        self._sessions = 0

    def nodes(self) -> tuple[Node, ...]:
        """Say which nodes are alive, and what they have in all, whoever uses it now."""
        return tuple(
            Node(
                name=node["NodeID"],
                address=node["NodeManagerAddress"],
                cores=node["Resources"].get("CPU", 0.0),
                gpus=node["Resources"].get("GPU", 0.0),
                memory=int(node["Resources"].get("memory", 0)),
            )
            for node in self._ray.nodes()
            if node["Alive"]
        )

    def compute(
        self,
        function: Callable[[Shared, tuple[int, int]], Result],
        shared: Shared,
        pieces: Sequence[tuple[int, int]],
        *,
        needs: Requirements,
    ) -> Generator[tuple[tuple[int, int], Result], None, None]:
        """Call a function for each piece on the nodes; one that is lost is called again."""
        task = self._ray.remote(max_retries=-1)(function)
        task = task.options(num_cpus=needs.cores, num_gpus=needs.gpus, memory=needs.memory)
        there = self._ray.put(shared)
        waiting = {task.remote(there, piece): piece for piece in pieces}
        try:
            while waiting:
                for ready in self._ray.wait(list(waiting), num_returns=1, timeout=1.0)[0]:
                    yield waiting[ready], self._ray.get(ready)
                    del waiting[ready]
        except self._ray.exceptions.RayTaskError as error:
            raise EngineError(_refusal(error)) from error
        finally:
            for ready in waiting:
                self._ray.cancel(ready, force=True)

    def session(self, data: TrainingData) -> "RaySession":
        """Put images into the object store, from where each node fetches them once, after a look at its software.

        Raises:
            EngineError: If a node has other versions of Python or ceteris than this process, or none.
        """
        check = self._ray.remote(num_cpus=0, max_retries=0)(_versions_of)
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        checks = [
            check.options(scheduling_strategy=strategy(node.name, soft=False)).remote(versions(), node.address)
            for node in self.nodes()
        ]
        for one in checks:
            try:
                self._ray.get(one)
            except self._ray.exceptions.RayTaskError as error:
                raise EngineError(_refusal(error)) from error
            except self._ray.exceptions.RayError:
                continue  # the node has gone meanwhile, and trains nothing
        if self._switch is None:
            # Nowhere else, and begun again should it die: workers take its end for a request to stop.
            here = strategy(self._ray.get_runtime_context().get_node_id(), soft=False)
            switch = self._ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Switch)
            self._switch = switch.options(scheduling_strategy=here).remote()
        self._sessions += 1
        return RaySession(self._ray, self._switch, self._sessions, data)


class RaySession:
    """Jobs that look at the same images; see `ceteris.execution.cluster.Session`."""

    def __init__(self, ray: Any, switch: Any, number: int, data: TrainingData) -> None:
        self._ray, self._switch, self._number = ray, switch, number
        self._data = ray.put(data)
        self._told = switch.wait.remote(number)
        self._train = ray.remote(max_retries=0)(_train)
        self._streams: dict[Any, int] = {}
        self._jobs = 0

    def bring(self, carried: Mapping[str, Any]) -> Any:
        """Put it into the object store, from where each node fetches it once."""
        return self._ray.put(carried)

    def submit(self, job: Job, carried: Any, *, seconds: float) -> int:
        """Queue a job with what it takes: Ray begins it where there is room."""
        needs = job.needs
        task = self._train.options(num_cpus=needs.cores, num_gpus=needs.gpus, memory=needs.memory)
        stream = task.remote(job, self._data, carried, versions(), seconds, [self._told])
        self._jobs += 1
        self._streams[stream] = self._jobs
        return self._jobs

    def reports(self, seconds: float) -> Sequence[Report]:
        """Wait for the first message, and give one of each job that has one."""
        streams = list(self._streams)
        if not self._ray.wait(streams, num_returns=1, timeout=seconds)[0]:
            return ()
        ready, _ = self._ray.wait(streams, num_returns=len(streams), timeout=0)
        return [self._report(stream) for stream in ready]

    def cancel(self, job: int) -> None:
        """End the worker that trains it."""
        self._end([stream for stream, number in self._streams.items() if number == job])

    def stop(self) -> None:
        """Turn the switch."""
        self._switch.turn.remote(self._number)

    def close(self) -> None:
        """Forget all jobs; the workers of those that still train are ended."""
        self._end(self._streams)
        self._streams = {}
        self.stop()

    def _end(self, streams: Iterable[Any]) -> None:
        for stream in streams:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(stream, force=True)

    def _report(self, stream: Any) -> Report:
        errors, job = self._ray.exceptions, self._streams[stream]
        report: Report
        try:
            return Sent(job=job, content=self._ray.get(next(stream)))
        except StopIteration:
            report = Ended(job=job)
        except errors.RayTaskError as error:
            report = Refused(job=job, reason=_refusal(error))
        except errors.OutOfMemoryError:
            report = Lost(job=job, cause="Ray ended the worker because the memory of its node ran out")
        except errors.WorkerCrashedError:
            report = Lost(job=job, cause="the worker died")
        except (errors.NodeDiedError, errors.ObjectLostError):
            report = Lost(job=job, cause="the node of the worker was lost")
        except errors.RayError as error:
            report = Lost(job=job, cause=f"the worker was lost ({type(error).__name__})")
        del self._streams[stream]
        return report


def _refusal(error: Any) -> str:
    """Say why a task could not be done: in our words if it is one of our errors."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, EngineError):
        return str(cause)
    last = str(error).strip().splitlines()[-1]
    return f"a node of the Ray cluster cannot train: {last}. Install the same ceteris on every node."
