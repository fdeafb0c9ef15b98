"""The crash tests of `tests/execution` at every call instead of every seventeenth, and at random moments."""

import os
import shutil
import signal
import time

import numpy as np
import pytest

from ceteris.testing.executors import results_of
from tests.execution.crash import ERRORS, check_recovers, check_sound, failing_at, killed_at, run

MOST_CALLS = 5_000
RANDOM_KILLS = 200

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> dict[str, bytes]:
    """Give the files of the study, trained without interruption."""
    folder = tmp_path_factory.mktemp("reference") / "results"
    run(folder)
    return results_of(folder)


def test_killed_at_every_single_call(tmp_path, reference):
    """No call of the operating system is a bad moment to be killed at."""
    folder = tmp_path / "results"
    for number in range(1, MOST_CALLS):
        if not killed_at(folder, number):
            break
        check_recovers(folder, reference)
        shutil.rmtree(folder)
    assert 300 < number < MOST_CALLS - 1


def test_killed_at_a_call_and_again_while_recovering(tmp_path, reference):
    """Recovery itself may be killed, at any of its calls."""
    folder, chance = tmp_path / "results", np.random.default_rng(1)
    for number in range(1, MOST_CALLS, 5):
        if not killed_at(folder, number):
            break
        for _ in range(3):
            killed_at(folder, int(chance.integers(1, 200)))
            check_sound(folder)
        check_recovers(folder, reference)
        shutil.rmtree(folder)
    assert 300 < number < MOST_CALLS - 5


@pytest.mark.parametrize("stays", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("code", ERRORS)
def test_failing_at_every_single_call(tmp_path, reference, code, stays):
    """No call of the operating system is a bad moment to fail at."""
    folder = tmp_path / "results"
    for number in range(1, MOST_CALLS):
        if not failing_at(folder, number, code, stays=stays):
            break
        check_recovers(folder, reference)
        shutil.rmtree(folder, ignore_errors=True)
    assert 300 < number < MOST_CALLS - 1


def start(folder, *, threads: int) -> int:
    """Start a process that runs the study, and give its number."""
    child = os.fork()
    if not child:
        code = 1
        try:
            run(folder, threads=threads)
            code = 0
        finally:
            os._exit(code)
    return child


def test_killed_at_random_moments_with_two_threads(tmp_path, reference):
    """Two hundred kills by the clock, at moments that nobody chose, and every study ends with the same bytes."""
    folder, chance = tmp_path / "results", np.random.default_rng(1)
    kills = 0
    while kills < RANDOM_KILLS:
        child = start(folder, threads=2)
        time.sleep(chance.random() * 0.15)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        kills += os.WIFSIGNALED(status)
        check_sound(folder)
        if chance.random() < 0.2:
            check_recovers(folder, reference)
            shutil.rmtree(folder)


def test_ten_processes_on_one_folder(tmp_path, reference):
    """Ten commands at once, with kills among them: no run is lost, and every byte is as it should be."""
    chance = np.random.default_rng(1)
    for attempt in range(10):
        folder = tmp_path / f"results-{attempt}"
        children = [start(folder, threads=2) for _ in range(10)]
        time.sleep(chance.random() * 0.1)
        for child in children[:3]:
            os.kill(child, signal.SIGKILL)
        for child in children:
            status = os.waitpid(child, 0)[1]
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        check_recovers(folder, reference)
