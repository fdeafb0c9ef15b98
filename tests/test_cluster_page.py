"""`docs/cluster.md`: its job scripts do what the page says, with a Slurm that only calls them."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ceteris.datasets.shapes import draw_shapes
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.results.results import read_results
from tests.documents import ROOT

BLOCKS = re.findall(r"```\w+\n(.*?)```", (ROOT / "docs" / "cluster.md").read_text(), flags=re.DOTALL)
SHARED, SHARDS, MERGE, *OTHERS = BLOCKS
NOT_RUN = {
    "ceteris data fetch": "needs the network",
    "ceteris run studies/cifar10.toml --executor ray": "tests/execution has tests with a cluster",
    "from ceteris.execution.ray_cluster import ray_executor": "likewise",
}
STUDY = """\
title = "On a cluster"
seeds = 2
baseline_seeds = 2
[data]
name = "./images.npz"
[baseline.network]
layers = [{ max_pool = 8 }, { dense = "classes" }]
[baseline.training]
epochs = 1
""" + "".join(
    f"""\
[[variation]]
factor = "pooling"
name = "Pool {size}"
set = {{ "network.layers.0.max_pool" = {size} }}
"""
    for size in (2, 4, 16)
)

PROGRAM = f"""\
#!{sys.executable}
from ceteris.cli import run
from ceteris.cli.application import main
run._MEASURED_SECONDS = 0.05
run._close = lambda *_: None
main()
"""
"""The command, where `run` draws no report, which takes longer than all else here; `merge` draws one."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Give a folder with the study, its images, and programs that stand for Slurm's."""
    home = tmp_path_factory.mktemp("cluster")
    images = draw_shapes(batches=1, images=300).training
    np.savez(home / "images.npz", images=images.images, labels=images.labels)
    (home / "study.toml").write_text(STUDY)
    (home / "bin").mkdir()
    for name, text in (("srun", '#!/bin/sh\nexec "$@"\n'), ("ceteris", PROGRAM)):
        (home / "bin" / name).write_text(text)
        (home / "bin" / name).chmod(0o755)
    return home


def begin(home, script, task=1):
    """Start a script as the task of a job array."""
    settings = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "SCRATCH": str(home / "scratch")}
    environment = os.environ | settings | {"SLURM_ARRAY_TASK_ID": str(task)}
    return subprocess.Popen(
        [shutil.which("bash"), "-e", "-c", script],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(processes):
    """Wait for scripts, which end well, and give what they print."""
    printed = []
    for process in processes:
        out, err = process.communicate()
        assert process.returncode == 0, err
        printed.append(out)
    return printed


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_the_job_arrays_train_the_study(home):
    """Two tasks share one folder; four train a shard each, and the merged folder has the same results."""
    together = [begin(home, SHARED, task) for task in (1, 2)]
    ends([*together, *(begin(home, SHARDS, task) for task in (1, 2, 3, 4))])
    (printed,) = ends([begin(home, MERGE)])

    assert printed.splitlines()[0] == "results/study: 8 of 8 runs done, 8 of them new here."
    merged, shared = read_results(home / "results" / "study"), read_results(home / "scratch" / "results" / "study")
    assert merged.is_complete
    assert merged.records == shared.records
    assert (home / "results" / "study" / "report.html").exists()


def test_other_code_of_the_page_is_known():
    """What is not run here has a reason."""
    assert [[begins for begins in NOT_RUN if text.startswith(begins)] for text in OTHERS] == [[one] for one in NOT_RUN]
