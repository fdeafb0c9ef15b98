"""A study that is killed and run again ends with the bytes of one left alone: the real command and engine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ceteris
from ceteris.datasets.shapes import draw_shapes
from ceteris.engines.lanes.kernels import chosen_instruction_set, load_kernels, usable_instruction_sets

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

STUDY = """\
title = "To be killed"
seeds = 3
[data]
name = "./images.npz"
[baseline.network]
layers = [{ conv = 3, activation = "relu" }, { max_pool = 4 }, { dropout = 0.2 }, { dense = "classes" }]
[baseline.training]
learning_rate = 0.002
epochs = 6
[[variation]]
factor = "learning rate"
name = "0.001"
set = { "training.learning_rate" = 0.001 }
[[variation]]
factor = "epochs"
name = "fewer"
set = { "training.epochs" = 1 }
"""
"""Two packed batches, of which one is done when the other has most of its training before it."""
FUSED = [name for name in usable_instruction_sets() if load_kernels(name).fused]  # these give the same bits
KILLS = int(os.environ.get("CETERIS_KILLS", "1"))  # `make soak` asks for more
IMAGES = 1_500 if KILLS == 1 else 10_000
DETERMINED = ("result.json", "predictions.npy", "weights.safetensors")


PROGRAM = """
from ceteris.cli import run
from ceteris.cli.application import main
run._close = lambda *_: None
run._MEASURED_SECONDS = 0.05
main()
"""
"""The command, which estimates briefly and draws no report: both take longer than all else here."""


def command(study, out, *options):
    """Spell out the command that trains the study."""
    return [sys.executable, "-c", PROGRAM, "run", str(study), "--out", str(out), *options]


def determined(folder):
    """Read every file that specification and seed alone decide."""
    files = [path for name in DETERMINED for path in folder.glob(f"runs/*/*/{name}")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def has_begun(out):
    """Say whether a run has left a checkpoint or a result."""
    return any(out.glob("runs/*/*/checkpoint.safetensors")) or any(out.glob("runs/*/*/result.json"))


def wait_until_begun(process, out):
    """Let a process work until it has written something about a run, or is done."""
    while process.poll() is None and not has_begun(out):
        time.sleep(0.01)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Write the study and its images, and give its file."""
    folder = tmp_path_factory.mktemp("killed")
    images = draw_shapes(batches=1, images=IMAGES).training
    np.savez(folder / "images.npz", images=images.images, labels=images.labels)
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def expected(study):
    """Train it without interruption, from Python and with one thread, and give the bytes of its runs."""
    alone = study.with_name("alone")
    ceteris.run(ceteris.read_study(study), folder=alone, threads=1)
    assert len(determined(alone)) == 9 * len(DETERMINED)
    return determined(alone)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_study_ends_with_the_bytes_of_one_left_alone(tmp_path, study, expected, kind):
    """Killed once it has begun and run again, with other threads and kernels: the same bytes in every file of a run."""
    again = tmp_path / "again"
    patience = np.random.default_rng(4)
    for _ in range(KILLS):
        first = subprocess.Popen(
            command(study, again, "--threads", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until_begun(first, again)
        if KILLS > 1:
            time.sleep(patience.uniform(0, 3))
        first.send_signal(kind)
        first.wait()
    assert (again / "study.json").exists()

    narrowest = FUSED[-1] if chosen_instruction_set() in FUSED else chosen_instruction_set()
    second = subprocess.run(
        command(study, again, "--threads", "2"),
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"CETERIS_ISA": str(narrowest)},
    )

    assert determined(again) == expected
    assert "failed" not in second.stdout
    assert not list(Path(again).glob("runs/*/*/checkpoint.safetensors"))


def test_a_study_that_adds_seeds_and_is_killed_twice_ends_as_one_left_alone(study):
    """Killed in its first and in a later round: the same runs, their bytes, and the seeds that each arm was given."""
    study = study.with_name("adds.toml")
    alone, again = study.with_name("adds alone"), study.with_name("adds again")
    plan = "seeds = { first = 6, step = 3, most = 9 }\nanalysis = { margin = 0.001 }"
    text = STUDY.replace("seeds = 3", plan).replace("epochs = 6", "epochs = 1")
    text = text.replace('"training.epochs" = 1', '"training.batch_size" = 64')
    study.write_text(text.replace('"training.learning_rate" = 0.001', '"training.learning_rate" = 0.00199'))
    ceteris.run(ceteris.read_study(study), folder=alone)
    asked = json.loads((alone / "study.json").read_bytes())["asked"]
    assert asked["baseline"] == 9

    for results in (1, 19):  # of 18 in the first round
        process = subprocess.Popen(command(study, again), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len([*again.glob("runs/*/*/result.json")]) < results:
            time.sleep(0.01)
        process.kill()
        process.wait()
    subprocess.run(command(study, again), check=True, capture_output=True)

    assert determined(again) == determined(alone)
    assert json.loads((again / "study.json").read_bytes())["asked"] == asked


def test_two_processes_share_one_folder(tmp_path, study, expected):
    """Two commands at once on one folder do every run once, and the bytes are those of one left alone."""
    shared = tmp_path / "shared"

    both = [subprocess.Popen(command(study, shared, "--threads", "1"), stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        process.communicate()

    assert [process.returncode for process in both] == [0, 0]
    assert determined(shared) == expected
