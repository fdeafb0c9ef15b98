import errno
import os
import shutil
import signal

import pytest

from ceteris.engines.engine import Position
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.results.folder import ResultsFolder
from ceteris.testing.executors import results_of
from tests.execution.crash import DATASET, ENGINE, RUNS, STUDY, check_recovers, failing_at, killed_at, run

# The sweeps below take every nth call; `make soak` takes every one.
STRIDE = 17
MOST_CALLS = 5_000

# The children only run a study and end; that the test process has threads of its own does not matter to them.
forking = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> dict[str, bytes]:
    """Give the files of the study, trained without interruption."""
    folder = tmp_path_factory.mktemp("reference") / "results"
    run(folder)
    return results_of(folder)


@forking
def test_killed_at_any_call_the_study_ends_with_the_same_bytes(tmp_path, reference):
    """SIGKILL before an open, a rename or a flush, or in the middle of a write: no damage, and the same bytes."""
    folder = tmp_path / "results"
    kills = 0
    for number in range(1, MOST_CALLS, STRIDE):
        if not killed_at(folder, number):
            break
        check_recovers(folder, reference)
        shutil.rmtree(folder)
        kills += 1
    assert 20 < kills < MOST_CALLS // STRIDE


@forking
def test_killed_again_and_again_the_study_ends_with_the_same_bytes(tmp_path, reference):
    """A study that is never left in peace for longer than some calls comes to its end all the same."""
    folder = tmp_path / "results"
    kills = 0
    while killed_at(folder, 120):
        kills += 1
        assert kills < 200
    assert kills > 3
    check_recovers(folder, reference)


@forking
@pytest.mark.parametrize("position", [Position(step=1), Position(step=2), Position(epoch=1), Position(epoch=1, step=2)])
def test_sigkill_costs_no_more_than_one_checkpoint_interval(tmp_path, position):
    """With a checkpoint after every minibatch, a process that is killed in one has lost that one and no other."""

    def die(_runs, here):
        if here == position:
            os.kill(os.getpid(), signal.SIGKILL)

    folder = tmp_path / "results"
    child = os.fork()
    if not child:
        try:
            engine = type(ENGINE)(diverging=ENGINE.diverging, before_step=die)
            options = {"engines": (engine,), "executor": LocalExecutor(threads=1), "checkpoint_seconds": 0}
            for _ in run_study(STUDY, DATASET, folder=folder, **options):
                pass
        finally:
            os._exit(0)  # whatever happens: a copy of the test process must not go on with its tests
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert {finding.position for finding in ResultsFolder(folder).survey(RUNS)} == {position}


@pytest.mark.parametrize("stays", [False, True], ids=["once", "from then on"])
def test_failing_at_any_call_the_disk_loses_nothing(tmp_path, reference, stays):
    """A full disk at any call, for a moment or for good: an error of ours or none, no damage, and the same bytes."""
    folder = tmp_path / "results"
    failures = 0
    for number in range(1, MOST_CALLS, STRIDE):
        if not failing_at(folder, number, errno.ENOSPC, stays=stays):
            break
        check_recovers(folder, reference)
        shutil.rmtree(folder)
        failures += 1
    assert 20 < failures < MOST_CALLS // STRIDE
