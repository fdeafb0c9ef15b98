"""Random kills of workers, nodes and the driver of a Ray cluster while a real study trains: `make soak-ray`."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ceteris.datasets.shapes import draw_shapes
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.results.folder import ResultsFolder
from tests.execution.test_kill import STUDY, determined

KILLS = int(os.environ.get("CETERIS_RAY_KILLS", "6"))
NODES = 3
PATIENCE = 600.0

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason='Ray is not installed: pip install "ceteris[ray]"'),
    pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here"),
    pytest.mark.filterwarnings("ignore"),
]

DRIVER = """
import sys
from pathlib import Path
from ceteris.datasets.choice import load_dataset
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.execution.local import LocalExecutor
from ceteris.execution.ray_cluster import ray_executor
from ceteris.execution.study import run_study
from ceteris.study.reader import read_study

def train(executor):
    study = read_study(Path(sys.argv[1]))
    for event in run_study(
        study, load_dataset(study.data), folder=Path(sys.argv[2]), engines=(lanes_engine(),), executor=executor,
        checkpoint_seconds=1.0,
    ):
        if hasattr(event, "text"):
            print(event.text, flush=True)

if len(sys.argv) > 3:
    with ray_executor(sys.argv[3]) as executor:
        train(executor)
else:
    train(LocalExecutor(threads=1))
"""
"""What `ceteris run` does, with a checkpoint every second in place of one a minute."""


def workers() -> list[int]:
    """Give the processes of Ray that train now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::_train"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Write a study of the lanes engine and its images, and give its file."""
    folder = tmp_path_factory.mktemp("soak")
    images = draw_shapes(batches=1, images=4_000).training
    np.savez(folder / "images.npz", images=images.images, labels=images.labels)
    (folder / "study.toml").write_text(STUDY.replace("epochs = 6", "epochs = 40"))
    return folder / "study.toml"


@pytest.fixture(scope="module")
def expected(study) -> dict[str, bytes]:
    """Train it on this machine without interruption, and give the bytes of its runs."""
    alone = study.with_name("alone")
    subprocess.run([sys.executable, "-c", DRIVER, str(study), str(alone)], check=True)
    return determined(alone)


@pytest.fixture
def cluster() -> Iterator:
    """Start a head without cores, for the driver, and some nodes of one core each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(NODES):
        cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def wait_for(condition, process) -> bool:
    """Wait until something holds or the driver has ended; say whether it holds."""
    until = time.monotonic() + PATIENCE
    while not condition() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    return bool(condition())


def test_random_kills_cost_no_result_and_leave_nothing_behind(tmp_path, study, expected, cluster):
    """Every study ends with the bytes of one left alone; then no worker is there, nothing is held or half written."""
    chance = np.random.default_rng(5)
    kills = {"worker": 0, "node": 0, "driver": 0}
    studies, folder, driver = 0, tmp_path / "results", None
    while sum(kills.values()) < KILLS or driver is not None:
        if driver is None:
            command = [sys.executable, "-c", DRIVER, str(study), str(folder), cluster.address]
            driver = subprocess.Popen(command)
        if wait_for(workers, driver) and sum(kills.values()) < KILLS:
            time.sleep(chance.uniform(0, 4))
            what = str(chance.choice(list(kills)))
            if what == "worker" and (found := workers()):
                os.kill(int(chance.choice(found)), signal.SIGKILL)
            elif what == "node":
                cluster.remove_node(list(cluster.worker_nodes)[int(chance.integers(NODES))], allow_graceful=False)
                cluster.add_node(num_cpus=1)
            elif driver.poll() is None:
                driver.kill()
            else:
                continue
            kills[what] += 1
            print(f"killed: {kills}, studies done: {studies}", flush=True)  # noqa: T201 - hours may pass
        else:
            driver.wait(PATIENCE)
        if driver.poll() is None:
            continue
        until = time.monotonic() + PATIENCE
        while workers() and time.monotonic() < until:
            time.sleep(0.1)
        assert not workers()
        if driver.returncode == 0:
            place = ResultsFolder(folder)
            assert determined(folder) == expected
            assert not any(place.holder(run) for run in place.read_manifest().runs())
            assert not [*folder.rglob("*.partial"), *folder.rglob("checkpoint*"), *folder.rglob("failure.json")]
            assert not (folder / "damaged").exists()
            shutil.rmtree(folder)
            studies += 1
        else:
            assert driver.returncode == -signal.SIGKILL
        driver = None
    assert studies
