"""Random kills of workers, nodes and the driver of a Ray cluster while a real study trains: `make soak-ray`."""

# ruff: noqa: T201 - what was killed is printed, because many minutes may pass

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ceteris.datasets.shapes import draw_shapes
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.results.folder import ResultsFolder
from tests.execution.test_kill import PROGRAM, STUDY, determined

KILLS = int(os.environ.get("CETERIS_RAY_KILLS", "6"))
OF_ITS_OWN = max(1, KILLS // 10)
"""Kills of a command that has a Ray of its own; the others are of a cluster."""
SEED = int(os.environ.get("CETERIS_RAY_SEED", "5"))
NODES = 3
PATIENCE = 600.0
STORE = 100_000_000
EARLY = 0.5
"""Of the kills of a driver: the share that does not wait until something trains."""
MARK = "CETERIS_SOAK"
"""A variable of the environment that all processes of a Ray inherit, by which they are found."""

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
    return [process for process, line in processes() if line.startswith(b"ray::_train")]


def processes(mark: str = "") -> list[tuple[int, bytes]]:
    """Give all processes with such a mark, and their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append((int(folder.name), (folder / "cmdline").read_bytes()))
    return found


def files_of(folder: Path) -> set[Path]:
    """Give all files of a results folder, but those that say who wrote something last."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Write a study of the lanes engine and its images, and give its file."""
    folder = tmp_path_factory.mktemp("soak")
    images = draw_shapes(batches=1, images=4_000).training
    np.savez(folder / "images.npz", images=images.images, labels=images.labels)
    (folder / "study.toml").write_text(STUDY.replace("epochs = 6", "epochs = 40"))
    return folder / "study.toml"


@pytest.fixture(scope="module")
def alone(study) -> Path:
    """Train it on this machine without interruption, and give its results."""
    folder = study.with_name("alone")
    subprocess.run([sys.executable, "-c", DRIVER, str(study), str(folder)], check=True)
    return folder


@pytest.fixture
def cluster(monkeypatch) -> Iterator:
    """Start a head without cores, for the driver, and some nodes of one core each; no process is left of them."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv(MARK, "cluster")
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(NODES):
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
    yield cluster
    cluster.shutdown()
    assert wait_for(lambda: not processes("cluster"))


def wait_for(condition, process=None) -> bool:
    """Wait until something holds or the driver has ended; say whether it holds."""
    until = time.monotonic() + PATIENCE
    while not condition() and (process is None or process.poll() is None) and time.monotonic() < until:
        time.sleep(0.05)
    return bool(condition())


def is_as(folder: Path, alone: Path) -> None:
    """See that results are those of a study left alone to the byte, and that nothing else lies there."""
    assert determined(folder) == determined(alone)
    assert files_of(folder) == files_of(alone)
    place = ResultsFolder(folder)
    assert not any(place.holder(run) for run in place.read_manifest().runs())


def test_random_kills_cost_no_result_and_leave_nothing_behind(tmp_path, study, alone, cluster):
    """Every study ends with the bytes of one left alone; then no worker is there, nothing is held or half written."""
    chance = np.random.default_rng(SEED)
    kills = {"worker": 0, "node": 0, "driver": 0}
    studies, folder, driver = 0, tmp_path / "results", None
    while sum(kills.values()) < KILLS or driver is not None or folder.exists():
        if driver is None:
            driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(study), str(folder), cluster.address])
        what = str(chance.choice(list(kills)))
        is_early = what == "driver" and chance.random() < EARLY  # at any time, also before something trains
        if sum(kills.values()) < KILLS and (is_early or wait_for(workers, driver)):
            time.sleep(chance.uniform(0, 8 if is_early else 4))
            if what == "worker" and (found := workers()):
                os.kill(int(chance.choice(found)), signal.SIGKILL)
            elif what == "node":
                cluster.remove_node(list(cluster.worker_nodes)[int(chance.integers(NODES))], allow_graceful=False)
                cluster.add_node(num_cpus=1, object_store_memory=STORE)
            elif driver.poll() is None:
                what = "driver"
                driver.kill()
            else:
                what = ""
            if what:
                kills[what] += 1
                print(f"killed: {kills}, studies done: {studies}", flush=True)
        else:
            driver.wait(PATIENCE)
        if driver.poll() is None and what != "driver":
            continue
        driver.wait(PATIENCE)
        assert wait_for(lambda: not workers())
        if driver.returncode == 0:
            is_as(folder, alone)
            shutil.rmtree(folder)
            studies += 1
        else:
            assert driver.returncode == -signal.SIGKILL
        driver = None
    assert studies


def test_a_command_with_a_ray_of_its_own_leaves_nothing_behind(tmp_path, study, alone, monkeypatch):
    """It is killed at any time and goes on when it is given again; no process and no folder of its Ray outlives it."""
    chance = np.random.default_rng(SEED)
    monkeypatch.setenv(MARK, "own")
    folder, command = tmp_path / "results", [sys.executable, "-c", PROGRAM, "run", str(study), "--executor", "ray"]
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp") as place:  # the paths of Ray's sockets must be short
        monkeypatch.setenv("TMPDIR", place)
        command += ["--out", str(folder), "--threads", "2"]
        for _ in range(OF_ITS_OWN):
            driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            if chance.random() < EARLY:
                wait_for(workers, driver)
            time.sleep(chance.uniform(0, 8))
            driver.kill()
            driver.wait()
            assert wait_for(lambda: not processes("own"))
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        assert wait_for(lambda: not processes("own"))
        assert not [*Path(place).iterdir()]
    is_as(folder, alone)
