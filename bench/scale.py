"""Measure what studies of thousands of arms cost the process that leads them: times and memory, step by step.

    python bench/scale.py --arms 250 1000 4000

Nothing is trained: an engine that takes microseconds makes up runs that learn, one variation in ten other than the
baseline, so that what is measured is planning, packing, scheduling over simulated nodes, the writing of results, and
what is made of them: all tests and intervals, tables and figures. Put TMPDIR on a file system in memory, or writing
waits for the disk: six times a run, for what must survive a power cut. Each size has a
process of its own, which tells the most memory it took. A step that grows faster than the number of runs shows in the
last column of the table, which compares a size with the one before: seconds by seconds, over runs by runs.
"""

import argparse
import heapq
import io
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any, TypeVar

import numpy as np
from host import host_lines
from rich.console import Console

from ceteris.cli.report import report
from ceteris.cli.status import status
from ceteris.datasets.dataset import Dataset, LabelledImages
from ceteris.engines.engine import EpochMetrics, Outcome, RunState
from ceteris.engines.streams import uniform
from ceteris.execution.events import Event
from ceteris.execution.executor import Workspace
from ceteris.execution.packing import PackedBatch
from ceteris.execution.study import plan_study, run_study
from ceteris.execution.worker import train_batch
from ceteris.resources import Resources
from ceteris.study.study import Study
from ceteris.testing.miniature import (
    FakeEngine,
    FakeTraining,
    miniature_dataset,
    miniature_split,
    miniature_study,
)

Result = TypeVar("Result")
SEEDS, NODES, FACTORS, TEST_IMAGES = 16, 64, 40, 200
BATCH_SECONDS = 60.0
"""What a node is taken to need for a packed batch of sixteen runs; the founding study's take two minutes and more."""
STEPS = ("declare", "plan", "train", "train again: all is there", "status", "report")


@dataclass(frozen=True, kw_only=True)
class LearningEngine(FakeEngine):
    """The engine of tests, with made-up runs that learn.

    Attributes:
        parameters: How many weights it adds to each result, and three times as many numbers to each checkpoint.
    """

    parameters: int = 0

    def start(self, *arguments: Any) -> FakeTraining:
        """Train as the engine of tests does, and come to other results."""
        one = super().start(*arguments)
        return LearningTraining(self, one.runs, one.split, one.position, weights=one.weights, losses=one.losses)


class LearningTraining(FakeTraining):
    """A packed batch of it."""

    def states(self) -> tuple[RunState, ...]:
        """Add weights and the two moments of each."""
        added = np.zeros(3 * self._parameters, np.float32)
        return tuple(replace(one, arrays={**one.arrays, "added": added}) for one in super().states())

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Classify correctly what the run's accuracy allows, and add weights."""
        chosen = range(len(self.runs)) if runs is None else runs
        return tuple(map(self._scored, chosen, super().outcomes(runs)))

    @property
    def _parameters(self) -> int:
        assert isinstance(self.engine, LearningEngine)
        return self.engine.parameters

    def _scored(self, index: int, outcome: Outcome) -> Outcome:
        run, labels = self.runs[index], self.split.test.labels
        drawn = uniform(run.seed, f"right-{run.variation}", len(labels))
        answers = np.where(drawn < self._accuracy(index), labels, (labels + 1) % 10)
        probabilities = np.full((len(labels), 10), 0.01, np.float32)
        probabilities[np.arange(len(labels)), answers] = 0.91
        weights = {**outcome.weights, "layers.2.weight": np.zeros(self._parameters, np.float32)}
        accuracy = float((answers == labels).mean())
        return replace(outcome, probabilities=probabilities, test_accuracy=accuracy, weights=weights)

    def _accuracy(self, index: int) -> float:
        number = round((self.runs[index].specification.training.learning_rate - 0.1) * 100_000)
        return 0.7 + (0.01 * (number % 7 - 3) if number % 10 == 9 else 0.0)

    def _metrics(self, index: int, epoch: int) -> EpochMetrics:
        noise = 0.01 * float(uniform(self.runs[index].seed, f"curve-{self.runs[index].variation}", 3)[epoch % 3])
        accuracy = self._accuracy(index) * (1 - 0.4**epoch) + noise
        return replace(super()._metrics(index, epoch), validation_accuracy=accuracy)


def made_up_dataset() -> Dataset:
    """Give the images of the miniature study, with more to test on."""
    dataset = miniature_dataset()
    places = np.arange(TEST_IMAGES) % len(dataset.test)
    test = LabelledImages(images=dataset.test.images[places], labels=dataset.test.labels[places])
    return replace(dataset, test=test)


@dataclass
class SimulatedNodes:
    """Sixty-four nodes of one core, on which time passes by a clock of their own: an executor for `run_study`.

    Attributes:
        seconds: When the last node was done, by that clock.
    """

    seconds: float = 0.0

    @property
    def resources(self) -> Resources:
        """A core for each node."""
        return Resources(cores=NODES)

    def execute(
        self, batches: Sequence[PackedBatch], workspace: Workspace, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """Give the next packed batch to the node that is free first."""
        free = [0.0] * NODES
        for batch in batches:
            heapq.heapreplace(free, free[0] + BATCH_SECONDS)
            yield from train_batch(batch, workspace, stop)
        self.seconds = max(free)


def study_of(arms: int) -> Study:
    """Declare a study whose arms differ in the learning rate, by factors of up to a hundred arms."""
    variations = [
        {"factor": f"range {number % FACTORS + 1}", "name": f"rate {number}", "set": {"training.learning_rate": rate}}
        for number in range(1, arms)
        for rate in [0.1 + number / 100_000]
    ]
    data = {"name": "shapes", "batches": 1, "validation": 0.34}
    return miniature_study(data=data, seeds=SEEDS, baseline_seeds=SEEDS, variation=variations)


def measure(arms: int, folder: Path) -> dict[str, float]:
    """Take the processor seconds of each step for a study of so many arms, and the memory in bytes at its most."""
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = work()
        seconds[step] = time.process_time() - began
        seconds[f"{step}, memory"] = getrusage(RUSAGE_SELF).ru_maxrss * 1024.0
        print(f"{arms:,} arms: {step}: {seconds[step]:.1f} s", file=sys.stderr, flush=True)
        return result

    dataset, engine, nodes = made_up_dataset(), LearningEngine(packed_runs=SEEDS), SimulatedNodes()
    console = Console(file=io.StringIO())
    study = timed("declare", lambda: study_of(arms))
    kind = miniature_split(dataset).kind
    timed("plan", lambda: plan_study(study, kind, engines=(engine,), data_digest=dataset.digest))

    def run() -> None:
        with closing(run_study(study, dataset, folder=folder, engines=(engine,), executor=nodes)) as events:
            for _ in events:
                pass

    timed("train", run)
    seconds["simulated"] = nodes.seconds
    timed("train again: all is there", run)
    timed("status", lambda: status(folder, console))
    timed("report", lambda: report(folder, out=folder.with_name("report"), image=0, console=console))
    return seconds


def main() -> None:
    """Measure each size in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, nargs="+", default=[250, 1000, 4000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(measure(arguments.one, Path(place) / "results")))
        return
    print("\n".join(f"- {line}" for line in host_lines()))
    found = {}
    for arms in arguments.arms:
        command = [sys.executable, __file__, "--one", str(arms)]
        found[arms] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print("\n| step | " + " | ".join(f"{arms:,} arms" for arms in found) + " | growth |")
    print("| --- |" + " ---: |" * (len(found) + 1))
    for step in STEPS:
        cells = [f"{one[step]:.1f} s, {one[step + ', memory'] / 1e6:,.0f} MB" for one in found.values()]
        sizes = list(found)
        growth = [
            f"{found[after][step] / found[before][step] / (after / before):.2f}" for before, after in pairwise(sizes)
        ]
        print(f"| {step} | {' | '.join(cells)} | {', '.join(growth)} |")
    for arms, one in found.items():
        print(f"\n{arms:,} arms: the leading process works {one['train'] / one['simulated']:.1%} of the time.")


if __name__ == "__main__":
    main()
