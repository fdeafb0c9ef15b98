"""Studies of the user's own code, from their file to their report."""

import json
import threading

import pytest

from ceteris.engines.torch.engine import TorchEngine
from ceteris.errors import ResultsError
from ceteris.execution.events import EpochFinished
from ceteris.execution.local import LocalExecutor
from ceteris.execution.own_code import try_own_code
from ceteris.execution.study import plan_study, run_study
from ceteris.explore.explorer import Explorer
from ceteris.inference.ensemble import gather
from ceteris.report.report import write_report
from ceteris.results.results import read_results
from ceteris.study.reader import read_study
from ceteris.testing.executors import CallingThread
from ceteris.testing.miniature import miniature_dataset, miniature_split
from tests.miniature import MINIATURE_IMAGES

NETS = """\
from torch import nn

from layers import pooled


class Net(nn.Module):
    def __init__(self, classes, image_shape, width=2):
        super().__init__()
        print("width", width)
        self.body = nn.Conv2d(image_shape[0], width, 3, stride=4)
        self.head = nn.Linear(width, classes)

    def forward(self, images):
        return self.head(pooled(self.body(images)))


class Broken(Net):
    def forward(self, images):
        return self.absent if self.training else super().forward(images)
"""
STUDY = """\
title = "Own"
seeds = 2

[data]
name = "shapes"
batches = 1
validation = 0.34

[baseline]
network = { module = "nets.py:Net" }

[baseline.training]
learning_rate = 0.01
epochs = 2
batch_size = 8

[[variation]]
factor = "width"
name = "wide"
set = { "network.arguments.width" = 3 }

[[variation]]
factor = "line"
name = "clamped"
network = { module = "clamped.py:Net" }

[[variation]]
factor = "fault"
name = "broken"
network = { module = "nets.py:Broken" }
"""
TWICE = "Two beginnings of the training of 'baseline' with seed 0 gave the same bits after 8 steps (run {})."


@pytest.fixture
def study(tmp_path):
    """A study of four arms, one of which fails in training, and the folder with its code."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "own.toml").write_text(STUDY)
    (folder / "nets.py").write_text(NETS)
    (folder / "clamped.py").write_text(NETS.replace("self.body(images)", "self.body(images).relu()"))
    (folder / "layers.py").write_text("def pooled(values):\n    return values.mean((2, 3))\n")
    return folder / "own.toml"


def notes_of(folder):
    """Give the notes of a results folder."""
    return read_results(folder).manifest.notes


def run(study, folder, **options):
    """Run a study file with PyTorch alone."""
    executor = options.pop("executor", CallingThread())
    list(
        run_study(
            read_study(study),
            miniature_dataset(),
            folder=folder,
            engines=(TorchEngine(),),
            executor=executor,
            **options,
        )
    )
    return read_results(folder)


def test_a_study_of_own_modules_runs_from_its_file_to_its_report(study, tmp_path):
    """Runs that fail cost no other; the report needs no code, and shows the line that differs."""
    results = run(study, tmp_path / "results", executor=LocalExecutor(threads=1))
    (study.parent / "nets.py").write_text("raise SystemExit('the report runs nothing')")
    report = write_report(tmp_path / "results")

    assert {name: len(found) for name, found in _by_status(results).items()} == {"finished": 8, "failed": 2}
    first = results.findings[0].run
    assert TWICE.format(first.digest[:8]) in notes_of(tmp_path / "results")
    assert (
        "'baseline' and 'wide' run code of the user's own, nets.py:Net, which PyTorch trains and the lanes engine does "
        "not. Its text is kept with the results."
    ) in notes_of(tmp_path / "results")
    text = report.text.read_text()
    assert "The baseline is a PyTorch module of the user's own, nets.py:Net." in text
    assert "    -        return self.head(pooled(self.body(images)))\n" in text
    assert "    +        return self.head(pooled(self.body(images).relu()))\n" in text
    assert "Changed: width none → 3." in text


def _by_status(results):
    found = {}
    for one in results.findings:
        found.setdefault(one.status.value, []).append(one)
    return found


def test_a_failure_keeps_the_users_own_traceback_and_a_run_its_prints(study, tmp_path):
    """The error names file and line; what was printed stands beside it."""
    results = run(study, tmp_path / "results", only=["baseline", "broken"])
    failure = _by_status(results)["failed"][0]
    folder = results.folder.run_folder(failure.run).path
    stored = json.loads((folder / "failure.json").read_text())

    assert stored["error"] == (
        "nets.py:Broken fails on images: nets.py, line 19, in forward: AttributeError: 'Broken' object has no "
        "attribute "
        "'absent'"
    )
    assert 'File "nets.py", line 19, in forward\n    return self.absent if' in stored["trace"]
    assert failure.failure.trace == stored["trace"]
    finished = results.folder.run_folder(results.findings[0].run).path
    assert (finished / "printed.txt").read_text() == "width 2\n"


def test_the_code_is_kept_and_changed_code_makes_new_runs(study, tmp_path):
    """Under its digest, and told where the folder is used again; what was measured of the old is not of the new."""
    results = run(study, tmp_path / "results", only=["baseline"])
    kept = sorted(
        path.relative_to(results.folder.path / "code") for path in (results.folder.path / "code").rglob("*.py")
    )
    before = results.findings[0].run.digest
    (study.parent / "layers.py").write_text("def pooled(values):\n    return values.amax((2, 3))\n")
    again = run(study, tmp_path / "results", only=["baseline"])

    assert {path.name for path in kept} == {"nets.py", "layers.py", "clamped.py"}
    assert again.findings[0].run.digest != before
    assert TWICE.format(before[:8]) not in again.manifest.notes
    assert len(list((results.folder.path / "runs" / "baseline").iterdir())) == 8


def test_what_was_measured_is_not_measured_again(study, tmp_path, monkeypatch):
    """The note stays with the folder."""
    run(study, tmp_path / "results", only=["baseline"])
    monkeypatch.setattr(TorchEngine, "repeats", lambda *_: pytest.fail("measured again"))
    again = run(study, tmp_path / "results", only=["baseline"])

    assert sum(note.startswith("Two beginnings") for note in again.manifest.notes) == 1


def test_a_seed_that_does_not_decide_all_is_told(study, tmp_path, monkeypatch):
    """With what may be the cause."""
    monkeypatch.setattr(TorchEngine, "repeats", lambda *_: False)
    results = run(study, tmp_path / "results", only=["baseline"])

    assert any(
        note.endswith(
            "A run that is interrupted or trained again may give another result: the code keeps something outside of "
            "parameters and buffers, or draws random numbers that no seed decides."
        )
        for note in results.manifest.notes
    )


def test_no_code_of_a_results_folder_is_run(study, tmp_path):
    """Neither to predict nor to explore."""
    results = run(study, tmp_path / "results", only=["baseline"])
    sentence = (
        "'baseline' was trained by code of its user's own, and code in a results folder is never run; build the "
        "network "
        "with that code, and load `weights.safetensors` of a run into it."
    )
    for refused in (lambda: gather(results, [results.findings[0]]), lambda: Explorer(results)):
        with pytest.raises(ResultsError) as caught:
            refused()
        assert str(caught.value) == sentence


def test_a_plan_finds_what_fails_without_training(study):
    """Each arm is built once and shown two images; an engine that trains no own code is not asked."""
    (study.parent / "clamped.py").write_text(NETS.replace("image_shape[0]", "channels"))
    plan = plan_study(read_study(study), MINIATURE_IMAGES, engines=(TorchEngine(),))
    tried = try_own_code(plan.shares, miniature_split(miniature_dataset()))

    assert tried.parameters == {"baseline": 2 * 27 + 2 + 30, "wide": 3 * 27 + 3 + 40, "broken": 2 * 27 + 2 + 30}
    assert tried.faults == {
        "clamped": "clamped.py:Net cannot be built: clamped.py, line 10, in __init__: NameError: name 'channels' is "
        "not "
        "defined"
    }


FUNCTION = """\
import numpy as np


def train(request):
    rng = np.random.default_rng(request.seed)
    for epoch in range(request.epochs):
        if request.arguments.get("fails") and epoch:
            raise ValueError("as asked")
        yield dict.fromkeys(("training_loss", "validation_loss"), rng.random()) | dict.fromkeys(
            ("training_accuracy", "validation_accuracy"), 0.5
        )
    return rng.dirichlet(np.ones(request.classes), len(request.test_images))
"""
OWN_TRAINING = STUDY[: STUDY.index("[[variation]]")].replace(
    'network = { module = "nets.py:Net" }', 'train = "train.py:train"'
)
OWN_TRAINING += """\
[[variation]]
factor = "fault"
name = "fails"
set = { "train.arguments.fails" = true }
"""


@pytest.fixture
def trained(tmp_path):
    """A study whose runs a function of the user's own trains."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "own.toml").write_text(OWN_TRAINING)
    (folder / "train.py").write_text(FUNCTION)
    return folder / "own.toml"


def test_a_study_of_a_training_function_runs_from_its_file_to_its_report(trained, tmp_path):
    """In processes of their own; a run that fails costs no other, and the report says who trained."""
    results = run(trained, tmp_path / "results", executor=LocalExecutor(threads=1))
    report = write_report(tmp_path / "results").text.read_text()
    first = results.findings[0]

    assert {name: len(found) for name, found in _by_status(results).items()} == {"finished": 2, "failed": 2}
    with pytest.raises(
        ResultsError, match=r"code in a results folder is never run; train and predict with that code\.$"
    ):
        gather(results, [results.findings[0]])
    assert (first.record.engine, first.record.epochs) == ("own function", 2)
    assert results.findings[-1].failure.error == (
        "train.py:train fails in epoch 2: train.py, line 8, in train: ValueError: as asked"
    )
    assert (
        "'baseline' and 'fails' are trained by a function of the user's own, train.py:train, which decides what it "
        "follows of the settings. Its text is kept with the results."
    ) in results.manifest.notes
    assert any("same bits after one epoch on at most 256 images" in note for note in results.manifest.notes)
    assert "The baseline is a training function of the user's own, train.py:train." in report


def test_a_run_that_was_stopped_begins_again(trained, tmp_path):
    """It leaves no checkpoint, and its result is that of a run that was not stopped."""
    stop = threading.Event()
    (trained.parent / "own.toml").write_text(OWN_TRAINING[: OWN_TRAINING.index("[[variation]]")])
    whole = run(trained, tmp_path / "whole")
    events = run_study(
        read_study(trained),
        miniature_dataset(),
        folder=tmp_path / "results",
        engines=(),
        executor=CallingThread(),
        stop=stop,
    )
    for event in events:
        if isinstance(event, EpochFinished):
            stop.set()
    left = read_results(tmp_path / "results")
    again = run(trained, tmp_path / "results")

    assert {one.status.value for one in left.findings} == {"missing"}
    assert [one.record for one in again.findings] == [one.record for one in whole.findings]
