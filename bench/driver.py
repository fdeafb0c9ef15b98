"""Measure the process that leads a study over 64 nodes: its processor time and memory while they train.

    python bench/driver.py --arms 250 1000 4000
    python bench/driver.py --arms 250 --parameters 60000

`ClusterExecutor` claims runs, sends packed batches, reads what nodes send, and writes results, all of it for real. The
nodes are simulated: one process of its own trains their packed batches with an engine that takes microseconds, in
`ceteris.execution.remote`, and a clock that is simulated says when a node sends. A packed batch of sixteen runs keeps
a node busy for a minute by that clock. Meanwhile it sends as often as `ClusterExecutor` asks, as a slow engine does,
and a checkpoint of every run once. Each size has a process of its own, so that its memory is that of its driver.
"""

import argparse
import heapq
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from resource import RUSAGE_SELF, getrusage
from threading import Event, Thread
from typing import Any

from host import host_lines
from scale import BATCH_SECONDS, NODES, SEEDS, LearningEngine, made_up_dataset, study_of

from ceteris.execution.cluster import Ended, Node, Report, Sent
from ceteris.execution.cluster_executor import ClusterExecutor
from ceteris.execution.events import Progress
from ceteris.execution.executor import TrainingData
from ceteris.execution.messages import encode_happened
from ceteris.execution.remote import Job
from ceteris.execution.study import run_study
from ceteris.execution.worker import train_runs
from ceteris.results.run_folder import CHECKPOINT, RunFiles


def train(connection: Connection, data: TrainingData) -> None:
    """Train what comes, on behalf of all nodes, and send a message of progress, one of checkpoints, and the rest."""
    while (job := connection.recv()) is not None:
        progress, rest = [], []
        checkpoints: dict[str, RunFiles] = {}
        for happened in train_runs(job.starts, job.batch, data, Event()):
            if isinstance(happened, Progress):
                progress.append(happened)
            elif isinstance(happened, RunFiles) and CHECKPOINT in happened.contents:
                checkpoints.setdefault(happened.run.digest, happened)
            else:
                rest.append(happened)
        parts = (progress[:1], tuple(checkpoints.values()), rest)
        connection.send([encode_happened(part, job.batch) for part in parts])


class SimulatedNodes:
    """Sixty-four nodes of one core, and jobs for them; a `Cluster` and its only `Session`.

    Attributes:
        now: Seconds by the simulated clock.
        messages: That were sent.
        waited: Seconds that the driver waited for the process that trains; on real nodes it would have waited for them.
    """

    def __init__(self) -> None:
        self.now, self.messages, self.waited = 0.0, 0, 0.0
        self._free = [0.0] * NODES
        self._sending: list[tuple[float, int, int, int]] = []
        self._numbers, self._order = count(1), count()
        self._trained: dict[int, list[bytes]] = {}
        self._asked: deque[int] = deque()
        self._received: SimpleQueue[list[bytes]] = SimpleQueue()

    def nodes(self) -> tuple[Node, ...]:
        """Give them."""
        return tuple(Node(name=f"{n}", address=f"node {n}", cores=1, memory=10**9) for n in range(NODES))

    def compute(self, *_: object, **__: object) -> Iterator[Any]:
        """Compute nothing: the engine of tests has nothing to prepare."""
        raise NotImplementedError

    def session(self, data: TrainingData) -> "SimulatedNodes":
        """Start the process that trains."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        data = TrainingData(splits=data.splits, origin=data.origin, checkpoint_seconds=0.0)
        self._process = context.Process(target=train, args=(theirs, data))
        self._process.start()
        theirs.close()
        Thread(target=self._receive, daemon=True).start()
        return self

    def bring(self, carried: Mapping[str, Any]) -> Mapping[str, Any]:
        """Bring nothing."""
        return carried

    def submit(self, job: Job, carried: object, *, seconds: float) -> int:
        """Give a job to the node that is free first, and note when that sends what."""
        number = next(self._numbers)
        start = max(self.now, self._free[0])
        heapq.heapreplace(self._free, start + BATCH_SECONDS)
        ticks = int(BATCH_SECONDS / seconds)
        for tick in range(1, ticks + 1):
            part = 1 if tick == ticks else 0
            heapq.heappush(self._sending, (start + tick * seconds, next(self._order), number, part))
        heapq.heappush(self._sending, (start + BATCH_SECONDS, next(self._order), number, 2))
        began = time.monotonic()
        self._connection.send(job)
        self.waited += time.monotonic() - began
        self._asked.append(number)
        return number

    def reports(self, seconds: float) -> Sequence[Report]:
        """Go on to the next message, without waiting."""
        self.now, _, number, part = heapq.heappop(self._sending)
        while number not in self._trained:
            began = time.monotonic()
            self._trained[self._asked.popleft()] = self._received.get(timeout=600.0)
            self.waited += time.monotonic() - began
        self.messages += 1
        sent = Sent(job=number, content=self._trained[number][part])
        if part < 2:
            return (sent,)
        del self._trained[number]
        return sent, Ended(job=number)

    def stop(self) -> None:
        """Stop nothing."""

    def close(self) -> None:
        """End the process that trains."""
        self._connection.send(None)
        self._process.join()

    def _receive(self) -> None:
        with suppress(EOFError):
            while True:
                self._received.put(self._connection.recv())


def measure(arms: int, parameters: int, folder: Path) -> dict[str, float]:
    """Lead a study of so many arms to its end."""
    dataset, nodes = made_up_dataset(), SimulatedNodes()
    engine = LearningEngine(packed_runs=SEEDS, parameters=parameters)
    study = study_of(arms)
    began, used = time.monotonic(), time.process_time()
    with closing(
        run_study(study, dataset, folder=folder, engines=(engine,), executor=ClusterExecutor(cluster=nodes))
    ) as events:
        for _ in events:
            pass
    return {
        "processor": time.process_time() - used,
        "elapsed": time.monotonic() - began - nodes.waited,
        "training": nodes.now,
        "messages": nodes.messages,
        "memory": getrusage(RUSAGE_SELF).ru_maxrss * 1024.0,
    }


def main() -> None:
    """Measure each size in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, nargs="+", default=[250, 1000, 4000])
    parser.add_argument("--parameters", type=int, default=0, help="of the networks whose results are written")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(measure(arguments.one, arguments.parameters, Path(place) / "results")))
        return
    print("\n".join(f"- {line}" for line in host_lines()))
    print("\n| arms | runs | nodes train, s | messages | driver, processor s | of the time | it takes, s | memory |")
    print("| ---: " * 8 + "|")
    for arms in arguments.arms:
        command = [sys.executable, __file__, "--one", str(arms), "--parameters", str(arguments.parameters)]
        one = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        share = one["processor"] / one["training"]
        print(
            f"| {arms:,} | {arms * SEEDS:,} | {one['training']:,.0f} | {one['messages']:,.0f} | {one['processor']:.1f} "
            f"| {share:.1%} | {one['elapsed']:.1f} | {one['memory'] / 1e6:,.0f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
