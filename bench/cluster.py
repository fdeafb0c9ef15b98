"""Measure what Ray costs and gains: the founding study's baseline and first variations, locally and on Ray.

    CETERIS_DATA=... python bench/cluster.py --seeds 16 --epochs 1 --rounds 3 --minutes 12

A cluster is several nodes of Ray on this machine, of one core each (`ray.cluster_utils.Cluster`). Each round trains the
same runs four times, in turn: with the local executor on one thread and on two, which says what a second core of this
machine gains at all, on one node, and on two. The results are compared byte for byte. What is done once for a study of
any length does not count: each node has loaded ceteris before the clock starts, as this process has.

With `--share 0.6` each node gets 0.6 of a core at most (control groups of Linux; wants the right to make one). What
trains then leaves room for what in a cluster has a machine of its own, the command and Ray's head, and the clock shows
what a second node gains; the turns of the local executor, which has no such bound, are left out.

Other tenants of a machine may slow a turn down; the clock over the seconds that packed batches trained, which each turn
measures itself, tells what is lost beside training. Also shown is what the processor worked meanwhile: for the training
(this process and all that it started), and for others, stolen time of a virtual machine included. Wants real CIFAR-10
images and a machine of two cores at least on which nothing else computes.
"""

import argparse
import csv
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from host import host_lines, others_at_work

from ceteris.datasets.choice import load_dataset
from ceteris.datasets.dataset import Dataset
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.execution.cluster_executor import ClusterExecutor
from ceteris.execution.events import BatchStarted
from ceteris.execution.executor import Executor
from ceteris.execution.local import LocalExecutor
from ceteris.execution.ray_cluster import ray_executor
from ceteris.execution.study import run_study
from ceteris.resources import Requirements
from ceteris.study.reader import read_study
from ceteris.study.study import Study

DETERMINED = ("result.json", "predictions.npy", "weights.safetensors")
FOUNDING = Path(__file__).parents[1] / "studies" / "cifar10-first-batch.toml"


def founding(variations: int, seeds: int, epochs: int) -> Study:
    """Give the founding study: its first variations, some epochs and seeds, and three times these for the baseline."""
    study = read_study(FOUNDING)
    fields = {name: getattr(study, name) for name in Study.model_fields}
    training = study.baseline.training.model_copy(update={"epochs": epochs})
    fields |= {
        "baseline": study.baseline.model_copy(update={"training": training}),
        "variations": study.variations[:variations],
        "crosses": (),
        "seeds": tuple(range(seeds)),
        "baseline_seeds": tuple(range(3 * seeds)),
    }
    return Study(**{name: value for name, value in fields.items() if name in Study.model_fields})


def below(process: int) -> set[int]:
    """Give a process and all that it started, and they in turn."""
    parents = {}
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(one.name)] = int((one / "stat").read_text().rpartition(")")[2].split()[1])
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Seconds of the clock, of the processor for this process and those below it, and of the processor for others.

    Attributes:
        training: What packed batches trained, by the clock, added up: that alone changes with what others do on the
            machine, and what is beside it shows in a turn by itself.
        batches: When each packed batch began, by the clock.
    """

    clock: float
    processor: float = 0.0
    others: float = 0.0
    training: float = 0.0
    batches: tuple[float, ...] = ()

    @classmethod
    def until_now(cls) -> "Taken":
        """Read the clock and, on Linux, what each process and the whole machine have used since they began."""
        if sys.platform != "linux":
            return cls(clock=time.perf_counter())
        tick = os.sysconf("SC_CLK_TCK")
        used = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                used[int(process.name)] = sum(map(int, fields[11:15])) / tick
        own = below(os.getpid()) & used.keys()
        user, nice, system, _, _, *interrupted_or_stolen = map(int, Path("/proc/stat").read_text().split()[1:9])
        processor = sum(used[one] for one in own)
        everyone = (user + nice + system + sum(interrupted_or_stolen)) / tick
        return cls(clock=time.perf_counter(), processor=processor, others=everyone - processor)

    def since(self, before: "Taken") -> "Taken":
        """Give what was taken between two moments."""
        return Taken(
            clock=self.clock - before.clock,
            processor=self.processor - before.processor,
            others=max(0.0, self.others - before.others),
            batches=tuple(began - before.clock for began in self.batches),
        )

    def most_gain(self) -> float:
        """Say what a second core could gain at most, from packed batches that were trained one after the other."""
        loads = [0.0, 0.0]
        for began, ended in pairwise((*self.batches, self.clock)):
            loads[loads.index(min(loads))] += ended - began
        return sum(loads) / max(loads)


def train(study: Study, dataset: Dataset, executor: Executor, folder: Path) -> tuple[Taken, dict[str, bytes]]:
    """Train baseline and variations, and give what it took and every file that specification and seed decide."""
    before = Taken.until_now()
    events = run_study(study, dataset, folder=folder, engines=(lanes_engine(),), executor=executor)
    batches = [time.perf_counter() for event in events if isinstance(event, BatchStarted)]
    taken = replace(Taken.until_now(), batches=tuple(batches)).since(before)
    with (folder / "results.csv").open(encoding="utf-8", newline="") as table:
        taken = replace(taken, training=sum(float(row["training_seconds_share"] or 0) for row in csv.DictReader(table)))
    files = [path for name in DETERMINED for path in folder.glob(f"runs/*/*/{name}")]
    return taken, {str(path.relative_to(folder)): path.read_bytes() for path in files}


def load(_: None, piece: tuple[int, int]) -> int:
    """Load on a node what trains there, and stay long enough for each node to get one such task."""
    from ceteris.engines.lanes.engine import lanes_engine  # noqa: PLC0415 - on the node
    from ceteris.execution.remote import train_job  # noqa: F401, PLC0415 - on the node

    lanes_engine()
    time.sleep(5.0)
    return piece[0]


def confine(process: int, share: float) -> Path:
    """Let a process and all that it starts have a share of a core, in a control group of its own; gives its folder."""
    root, period = Path("/sys/fs/cgroup"), 20_000
    old = root / "cpu"
    group = (old if old.is_dir() else root) / f"ceteris-{process}"
    group.mkdir()
    if old.is_dir():
        (group / "cpu.cfs_period_us").write_text(str(period))
        (group / "cpu.cfs_quota_us").write_text(str(round(share * period)))
    else:
        (group / "cpu.max").write_text(f"{round(share * period)} {period}")
    for one in below(process):
        (group / "cgroup.procs").write_text(str(one))
    return group


@contextmanager
def cluster_of(nodes: int, share: float = 1.0) -> Iterator[ClusterExecutor]:
    """Start a head without cores and some nodes of one core each, join them, and have each load ceteris."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    groups = []
    try:
        for _ in range(nodes):
            node = cluster.add_node(num_cpus=1, object_store_memory=500_000_000)
            if share < 1:
                groups.append(confine(node.all_processes["raylet"][0].process.pid, share))
        with ray_executor(cluster.address) as executor:
            pieces = [(node, node + 1) for node in range(nodes)]
            list(executor.compute(load, None, pieces, needs=Requirements(memory=1_000_000)))
            yield executor
    finally:
        cluster.shutdown()
        for group in groups:
            with suppress(OSError):  # a process of the node is still on its way out
                group.rmdir()


def main() -> None:
    """Take turns, compare bytes, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variations", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, help="of a core, that each node has at most")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no round that would end later than this")
    arguments = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    study = founding(arguments.variations, arguments.seeds, arguments.epochs)
    dataset = load_dataset(study.data)
    print("\n".join(f"- {line}" for line in (*host_lines(), f"Images: {dataset.source}")))
    print(f"- Others at work when it began: {others_at_work():.2f} cores busy")
    turns: dict[str, list[Taken]] = {}
    reference: dict[str, bytes] | None = None

    def turn(name: str, executor: Executor) -> None:
        nonlocal reference
        with tempfile.TemporaryDirectory() as place:
            taken, files = train(study, dataset, executor, Path(place) / "results")
        reference = reference or files
        assert files == reference, f"{name}: other bytes"
        turns.setdefault(name, []).append(taken)
        worked = f"training {taken.training:.1f} s, processor {taken.processor:.1f} s, others {taken.others:.1f} s"
        print(f"{name}: {taken.clock:.1f} s ({worked}), {len(files)} files, equal to the byte", flush=True)

    began = time.perf_counter()
    for done in range(arguments.rounds):
        if done and (time.perf_counter() - began) * (done + 1) / done > 60 * arguments.minutes:
            print(f"after {done} of {arguments.rounds} rounds: another would end too late")
            break
        if arguments.share == 1:
            turn("local", LocalExecutor(threads=1))
            turn("local, two threads", LocalExecutor(threads=2))
        for nodes in (1, 2):
            with cluster_of(nodes, arguments.share) as executor:
                turn(f"Ray, {nodes} node{'s' * (nodes > 1)}", executor)
    for what, seconds in (
        ("the clock", [[taken.clock for taken in turn] for turn in turns.values()]),
        ("the processor", [[taken.processor for taken in turn] for turn in turns.values()]),
        ("the clock over training", [[taken.clock / taken.training for taken in turn] for turn in turns.values()]),
    ):
        *alone, one, two = map(statistics.median, seconds)
        local = f"local {alone[0]:.4g}, two threads {alone[1]:.4g} ({alone[0] / alone[1]:.2f} times), " if alone else ""
        more = f" ({one / alone[0] - 1:+.1%})" if alone else ""
        print(f"medians of {what}: {local}one node {one:.4g}{more}, two nodes {two:.4g} ({one / two:.2f} times)")
    most = statistics.median(taken.most_gain() for taken in turns["local" if "local" in turns else "Ray, 1 node"])
    print(f"As packed batches are not torn apart, a second node could gain {most:.2f} times at most.")


if __name__ == "__main__":
    main()
