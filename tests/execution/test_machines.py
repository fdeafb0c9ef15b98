"""Machines that share a folder whose server shows files late, whose clocks are wrong, and that sleep and are killed."""

import os
import signal
import time

import numpy as np
import pytest

from ceteris.execution.study import run_study
from ceteris.results.folder import ResultsFolder
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine
from tests.execution.machines import DATASET, MACHINES, STALE, published, start, study, trained_twice

KILLED = SLEEPING = MACHINES // 4
STEP_SECONDS = 0.02
STUDY = study(seeds=2 * MACHINES, epochs=8 if MACHINES == 8 else 30)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="machines are forked processes"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


class Machines:
    """Machines at work on one folder, those among them that sleep, and what each has trained when."""

    def __init__(self, folder, logs, chance):
        """Begin with none."""
        self.folder, self.place, self.chance = folder, logs, chance
        self.logs, self.working, self.asleep, self.slept = [], {}, {}, 0

    def begin(self, number, *, sleeps=False):
        """Start a machine, which may sleep at one of its first steps."""
        log = self.place / f"machine-{number}-{len(self.logs)}.log"
        log.touch()
        self.logs.append(log)
        sleeps_at = int(self.chance.integers(3, 20)) if sleeps else 0
        seed = int(self.chance.integers(2**31))
        child = start(number, self.folder, log, STUDY, step_seconds=STEP_SECONDS, sleeps_at=sleeps_at, seed=seed)
        self.working[child] = number

    def kill(self, number):
        """Kill a machine that has begun to train; say whether it is dead, or had ended."""
        child = next((child for child, its in self.working.items() if its == number), None)
        if child is not None and not self.logs[number].stat().st_size:
            return False
        if child is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            del self.working[child]
        return True

    def look(self):
        """See which machines have ended or fallen asleep, and wake those that have slept until others went on."""
        for child, number in list(self.working.items()):
            changed, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if changed and os.WIFSTOPPED(status):
                self.asleep[child], self.slept = time.monotonic(), self.slept + 1
            elif changed:
                del self.working[child]
                assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"machine {number}"
        for child, since in list(self.asleep.items()):
            if time.monotonic() - since > 2 * STALE:
                os.kill(child, signal.SIGCONT)
                del self.asleep[child]


def test_machines_that_die_and_sleep_train_every_run_and_none_twice_at_a_time(tmp_path):
    """A quarter is killed, half of them started again; a quarter sleeps until others have taken over, and wakes up."""
    folder = tmp_path / "server" / "results"
    folder.parent.mkdir()
    chance = np.random.default_rng(MACHINES)
    machines = Machines(folder, tmp_path, chance)
    for number in range(MACHINES):
        machines.begin(number, sleeps=number < SLEEPING)
    to_kill, killed = list(range(SLEEPING, SLEEPING + KILLED)), 0
    while machines.working:
        time.sleep(0.02)
        machines.look()
        if to_kill and chance.random() < 0.1 and machines.kill(to_kill[0]):
            if killed % 2:
                machines.begin(to_kill[0])
            del to_kill[0]
            killed += 1
    machines.begin(MACHINES)  # what the last ones were killed at, another one goes on with
    while machines.working:
        time.sleep(0.02)
        machines.look()
    for _ in run_study(STUDY, DATASET, folder=tmp_path / "alone", engines=(FakeEngine(),)):
        pass

    assert (killed, machines.slept) == (KILLED, SLEEPING)
    assert trained_twice(machines.logs, pause=STALE / 2) == []
    assert len(published(machines.logs)) == len(set(published(machines.logs)))
    assert results_of(folder) == results_of(tmp_path / "alone")
    assert not any(ResultsFolder(folder).holder(run) for run in STUDY.runs(DATASET.digest))
