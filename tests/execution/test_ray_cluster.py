import gc
import os
import signal
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from ceteris.engines.engine import Position
from ceteris.errors import EngineError
from ceteris.execution.events import BatchStarted, EpochFinished, Note
from ceteris.execution.packing import pack
from ceteris.execution.ray_cluster import ray_executor
from ceteris.execution.remote import check_versions, versions
from ceteris.results.record import Status
from ceteris.testing.executors import CallingThread, ExecutorConformance, results_of
from ceteris.testing.miniature import FakeEngine, miniature_runs

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def local_ray():
    """Start Ray on this machine, once for all tests of this file."""
    if find_spec("ray") is None:
        pytest.skip('Ray is not installed: pip install "ceteris[ray]"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own, at any time until its processes are forgotten
        with ray_executor(cores=2) as executor:
            yield executor
        gc.collect()


class TestRay(ExecutorConformance):
    """A Ray of this machine keeps the contract of executors."""

    threaded = False
    pause = 2.0

    @pytest.fixture
    def executor(self, local_ray):
        """With two cores."""
        return local_ray


@dataclass(frozen=True)
class Fatal:
    """Kills the process that trains, once."""

    flag: Path

    def __call__(self, runs, position):
        """Leave the flag and die, or go on."""
        if position == Position(epoch=1, step=1) and not self.flag.exists():
            time.sleep(1.0)  # a message is on its way by then
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_worker_has_not_sent_is_trained_elsewhere(local_ray, make_workspace, tmp_path):
    """From the checkpoints that the driver has written, to the same bytes, and the note says what happened."""
    workspace, reference = make_workspace(checkpoint_seconds=0), make_workspace("reference")
    runs = miniature_runs()[:3]
    engine = FakeEngine(before_step=Fatal(tmp_path / "flag"))
    events = list(local_ray.execute(pack(runs, engine), workspace, threading.Event()))
    list(CallingThread().execute(pack(runs, FakeEngine()), reference, threading.Event()))

    assert results_of(workspace.folder.path) == results_of(reference.folder.path)
    assert [event.text for event in events if isinstance(event, Note)] == [
        "3 runs of 'baseline': the worker died. Training goes on elsewhere, from the last checkpoint."
    ]
    starts = [event.batch.position for event in events if isinstance(event, BatchStarted)]
    assert starts == [Position(), Position(epoch=1, step=1)]


@dataclass(frozen=True)
class Crowd:
    """Trains until others had time to begin, which they must not, and counts who trains at the same time."""

    folder: Path

    def __call__(self, runs, position):
        """Sign in, wait for a second and then for a third, write down how many there are, and sign out."""
        if position == Position(epoch=0, step=1):
            own = self.folder / f"{runs[0].seed}.now"
            own.touch()
            for several, seconds in ((2, 60.0), (3, 3.0)):
                until = time.monotonic() + seconds
                while len([*self.folder.iterdir()]) < several and time.monotonic() < until:
                    time.sleep(0.05)
            (self.folder / f"{runs[0].seed}.seen").write_text(str(len([*self.folder.glob("*.now")])))
            own.unlink()


def test_no_more_packed_batches_train_at_a_time_than_there_are_cores(local_ray, make_workspace, tmp_path):
    """The one that is queued ahead waits, whatever those in training ask of Ray."""
    folder = tmp_path / "crowd"
    folder.mkdir()
    engine = FakeEngine(before_step=Crowd(folder))
    batches = [batch for run in miniature_runs()[:3] for batch in pack([run], engine)]
    list(local_ray.execute(batches, make_workspace(), threading.Event()))
    assert max(int(path.read_text()) for path in folder.glob("*.seen")) == 2


@dataclass(frozen=True)
class Slow:
    """Makes training last for minutes, in which a request to stop arrives however busy the machine is."""

    def __call__(self, runs, position):
        """Wait."""
        time.sleep(0.1)


def test_only_a_request_to_stop_stops_workers(local_ray, make_workspace):
    """The end of the process that passes it on is none, and it is passed on all the same."""
    training = {"learning_rate": 0.1, "batch_size": 8, "epochs": 1_000}
    runs = miniature_runs(baseline={"network": {"layers": [{"dense": "classes"}]}, "training": training}, variation=[])
    workspace, stop = make_workspace(), threading.Event()
    for event in local_ray.execute(pack(runs, FakeEngine(before_step=Slow())), workspace, stop):
        assert not isinstance(event, Note)
        if isinstance(event, BatchStarted):
            sys.modules["ray"].kill(local_ray.cluster._switch, no_restart=False)
        elif isinstance(event, EpochFinished):
            stop.set()
    findings = workspace.folder.survey(runs)
    assert {one.status for one in findings} == {Status.UNFINISHED}
    assert all(one.position >= Position(epoch=1) for one in findings)


def test_a_ray_of_this_machine_asks_nothing_of_the_network(local_ray):
    """It listens on this machine only, and tells nobody that it is used."""
    assert [node.address for node in local_ray.cluster.nodes()] == ["127.0.0.1"]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_its_resources_are_those_of_its_nodes(local_ray):
    """As many cores as it was given."""
    assert local_ray.resources.cores == 2
    assert local_ray.resources.devices == {"cpu"}


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    """One sentence."""
    monkeypatch.setitem(sys.modules, "ray", None)
    message = 'the Ray executor needs Ray, which is not installed. Install it with `pip install "ceteris[ray]"`.'
    with pytest.raises(EngineError) as caught, ray_executor():
        pass
    assert str(caught.value) == message


def test_nodes_with_other_versions_are_refused():
    """Python and ceteris are compared, and both are named."""
    python, own = versions()
    check_versions((python, own), "10.0.0.7")
    message = (
        f"node 10.0.0.7 has Python {python} with ceteris {own}, and this process Python 3.10.1 with ceteris 0.0.1: "
        "install the same on every node."
    )
    with pytest.raises(EngineError) as caught:
        check_versions(("3.10.1", "0.0.1"), "10.0.0.7")
    assert str(caught.value) == message
