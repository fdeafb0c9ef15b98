"""Machines that share a results folder over a network file system, each a process: they are killed, and they sleep."""

import functools
import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ceteris.engines.engine import Position
from ceteris.execution import waiting
from ceteris.execution.events import RunFinished
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.locks import holder, lock
from ceteris.results import folder as results_folder
from ceteris.study.run import Run
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study
from tests.locks.network import Network

MACHINES = int(os.environ.get("CETERIS_MACHINES", "8"))  # `make soak` asks for 32
STALE = 2.5 if MACHINES == 8 else 5.0
BEAT, LOOK = STALE / 12, STALE / 25
MOST_DELAY = STALE * 0.4
"""Seconds for which a list of names is remembered: in earnest 60 of the 120 that a holder may be silent."""

DATASET = miniature_dataset()


def study(seeds: int, epochs: int):
    """Give a study whose packed batches take a while."""
    return miniature_study(
        seeds=seeds,
        data={"name": "shapes", "batches": 1, "validation": 0.34},
        baseline={
            "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
            "training": {"learning_rate": 0.1, "batch_size": 8, "epochs": epochs},
        },
    )


@dataclass(frozen=True)
class Steps:
    """Notes in a file of its process when which runs are trained, and lets the machine sleep at one of the steps."""

    log: Path
    step_seconds: float
    sleeps_at: int

    def __call__(self, runs: Sequence[Run], position: Position) -> None:
        """Note a step, and take the time that it takes."""
        with self.log.open("a") as file:
            file.write(json.dumps([time.clock_gettime(time.CLOCK_MONOTONIC), [run.digest[:12] for run in runs]]) + "\n")
        if sum(1 for _ in self.log.open()) == self.sleeps_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(self.step_seconds)


def start(number: int, folder: Path, log: Path, given, *, step_seconds: float, sleeps_at: int, seed: int) -> int:
    """Start a machine that trains the study, and give the number of its process."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _work(number, folder, log, given, step_seconds=step_seconds, sleeps_at=sleeps_at, seed=seed)
        code = 0
    except BaseException as error:
        log.with_suffix(".error").write_text(repr(error))
        raise
    finally:
        os._exit(code)
    return 0


def _work(number: int, folder: Path, log: Path, given, *, step_seconds: float, sleeps_at: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    Network(folder.parent, seconds=chance.uniform(0.0, MOST_DELAY)).mount()
    wrong, real = chance.uniform(-600.0, 600.0), time.time
    time.time = lambda: real() + wrong
    since, monotonic = chance.uniform(0.0, 1e6), time.monotonic
    lock.Watch.__init__ = functools.partialmethod(lock.Watch.__init__, clock=lambda: monotonic() + since)
    table = f"machine-{number}"
    holder.process_table = lambda: table
    results_folder.Locks = functools.partial(
        lock.Locks, beat_seconds=BEAT, stale_seconds=STALE, host=f"node{number}", table=table
    )
    lock.LOOK_SECONDS = waiting.LOOK_SECONDS = LOOK
    engine = FakeEngine(before_step=Steps(log, step_seconds, sleeps_at))
    for event in run_study(
        given, DATASET, folder=folder, engines=(engine,), executor=LocalExecutor(threads=1), checkpoint_seconds=0.2
    ):
        if isinstance(event, RunFinished) and event.record.run.digest[:12] in log.read_text():
            with log.with_suffix(".published").open("a") as file:
                file.write(f"{event.record.run.digest[:12]}\n")


def published(logs: Sequence[Path]) -> list[str]:
    """Name the runs that machines have trained to their end, once for each time."""
    files = [log.with_suffix(".published") for log in logs]
    return [run for file in files if file.exists() for run in file.read_text().splitlines()]


def trained_twice(logs: Sequence[Path], pause: float) -> list[str]:
    """Name the runs that two machines trained at the same time, by the steps that each noted.

    Steps of one machine that are further apart than `pause` seconds belong to two spells: it slept between them.
    """
    spells: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for log in logs:
        its: dict[str, list[float]] = defaultdict(list)
        for line in log.read_text().splitlines():
            at, runs = json.loads(line)
            for run in runs:
                its[run].append(at)
        for run, times in its.items():
            first = last = times[0]
            for at in times[1:]:
                if at - last > pause:
                    spells[run].append((first, last, log.name))
                    first = at
                last = at
            spells[run].append((first, last, log.name))
    found = []
    for run, its_spells in spells.items():
        ordered = sorted(its_spells)
        for (_, end, one), (begin, _, other) in pairwise(ordered):
            if begin <= end and one != other:
                found.append(f"{run}: {one} until {end:.3f}, {other} from {begin:.3f}")
    return found
