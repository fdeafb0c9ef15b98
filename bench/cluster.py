"""Measure what Ray costs and gains: the founding study's first variations, locally and on simulated clusters of Ray.

    CETERIS_DATA=... python bench/cluster.py --seeds 16 --epochs 1 --rounds 3

A cluster is several nodes of Ray on this machine, of one core each (`ray.cluster_utils.Cluster`). Each round trains the
same runs three times, in turn: with the local executor on one thread, on one node, and on two. The results are compared
byte for byte. Wants real CIFAR-10 images and a machine on which nothing else computes.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host import host_lines, others_at_work

from ceteris.datasets.choice import load_dataset
from ceteris.datasets.dataset import Dataset
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.execution.executor import Executor
from ceteris.execution.local import LocalExecutor
from ceteris.execution.ray_cluster import ray_executor
from ceteris.execution.study import run_study
from ceteris.study.reader import read_study
from ceteris.study.study import Study

DETERMINED = ("result.json", "predictions.npy", "weights.safetensors")
FOUNDING = Path(__file__).parents[1] / "studies" / "cifar10-first-batch.toml"


def founding(variations: int, seeds: int, epochs: int) -> Study:
    """Give the founding study with its first variations, some seeds and epochs."""
    study = read_study(FOUNDING)
    fields = {name: getattr(study, name) for name in Study.model_fields}
    training = study.baseline.training.model_copy(update={"epochs": epochs})
    fields |= {
        "baseline": study.baseline.model_copy(update={"training": training}),
        "variations": study.variations[:variations],
        "crosses": (),
        "seeds": tuple(range(seeds)),
        "baseline_seeds": tuple(range(seeds)),
    }
    return Study(**{name: value for name, value in fields.items() if name in Study.model_fields})


def train(study: Study, dataset: Dataset, executor: Executor, folder: Path) -> tuple[float, dict[str, bytes]]:
    """Train the variations, and give the seconds and every file that specification and seed decide."""
    names = [variation.name for variation in study.variations]
    began = time.perf_counter()
    for _ in run_study(study, dataset, folder=folder, engines=(lanes_engine(),), executor=executor, only=names):
        pass
    seconds = time.perf_counter() - began
    files = [path for name in DETERMINED for path in folder.glob(f"runs/*/*/{name}")]
    return seconds, {str(path.relative_to(folder)): path.read_bytes() for path in files}


@contextmanager
def cluster_of(nodes: int) -> Iterator[Executor]:
    """Start a head without cores and some nodes of one core each, and join them."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(nodes):
            cluster.add_node(num_cpus=1, object_store_memory=500_000_000)
        with ray_executor(cluster.address) as executor:
            yield executor
    finally:
        cluster.shutdown()


def main() -> None:
    """Take turns, compare bytes, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variations", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    study = founding(arguments.variations, arguments.seeds, arguments.epochs)
    dataset = load_dataset(study.data)
    print("\n".join(f"- {line}" for line in (*host_lines(), f"Images: {dataset.source}")))
    print(f"- Others at work when it began: {others_at_work():.2f} cores busy")
    seconds: dict[str, list[float]] = {}
    reference: dict[str, bytes] | None = None

    def turn(name: str, executor: Executor) -> None:
        nonlocal reference
        with tempfile.TemporaryDirectory() as place:
            taken, files = train(study, dataset, executor, Path(place) / "results")
        reference = reference or files
        assert files == reference, f"{name}: other bytes"
        seconds.setdefault(name, []).append(taken)
        print(f"{name}: {taken:.1f} s, {len(files)} files, equal to the byte", flush=True)

    for _ in range(arguments.rounds):
        turn("local", LocalExecutor(threads=1))
        for nodes in (1, 2):
            with cluster_of(nodes) as executor:
                list(executor.cluster.nodes())
                turn(f"Ray, {nodes} node{'s' * (nodes > 1)}", executor)
    local, one, two = (statistics.median(taken) for taken in seconds.values())
    gains = f"one node {one:.1f} s ({one / local - 1:+.1%}), two {two:.1f} s ({one / two:.2f} times)"
    print(f"\nmedians: local {local:.1f} s, {gains}")


if __name__ == "__main__":
    main()
