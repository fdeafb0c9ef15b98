import csv
import shutil
import subprocess
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from ceteris.engines.engine import Position
from ceteris.errors import EngineError, ResultsError, StudyError
from ceteris.execution import study as module
from ceteris.execution.events import BatchStarted, EpochFinished, Note, RunDamaged, RunFinished, RunsHeld, StudyStarted
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import plan_study, run_study
from ceteris.networks.shape import Shape
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import scope_of
from ceteris.results.record import Status
from ceteris.results.results import read_results
from ceteris.study.study import Study
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study
from tests.execution.trained import of_kind
from tests.miniature import MINIATURE_IMAGES

STUDY = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})
DATASET = miniature_dataset()
RUNS = STUDY.runs(DATASET.digest)


class Usage(NamedTuple):
    """What `shutil.disk_usage` answers."""

    free: int


def run(folder: Path, study=STUDY, engine=None, **options) -> list:
    """Run the miniature study, and give all events."""
    engines = options.pop("engines", (engine or FakeEngine(),))
    return list(run_study(study, DATASET, folder=folder, engines=engines, executor=LocalExecutor(threads=2), **options))


def rows(folder: Path) -> list[dict[str, str]]:
    """Read `results.csv`."""
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_is_trained_and_its_table_written(tmp_path):
    """All runs are done, and the first event says what was to be done."""
    events = run(tmp_path / "results")
    (started,) = of_kind(events, StudyStarted)
    assert events[0] == started
    assert [finding.status for finding in started.findings] == [Status.MISSING] * 9
    assert (started.images.training_images, started.workers) == (20, 2)
    assert {run for batch in started.batches for run in batch.runs} == set(RUNS)
    assert read_results(tmp_path / "results").is_complete
    assert [(row["variation"], row["seed"], row["status"]) for row in rows(tmp_path / "results")] == [
        (run.variation, str(run.seed), "finished") for run in RUNS
    ]


def test_a_plan_says_what_is_left_and_writes_nothing(tmp_path):
    """Finished runs are found finished, unfinished ones go on, others are packed; without a folder nothing is there."""
    folder = tmp_path / "results"
    run(folder, only=["0.5"])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    facts = {"engines": (FakeEngine(),), "data_digest": DATASET.digest}
    plan = plan_study(STUDY, MINIATURE_IMAGES, folder=ResultsFolder(folder), **facts)

    assert [finding.status for finding in plan.findings] == [Status.MISSING] * 3 + [Status.FINISHED] * 3 + [
        Status.MISSING
    ] * 3
    assert {run for batch in plan.batches for run in batch.runs} == {one for one in RUNS if one.variation != "0.5"}
    assert plan.memory(1).training == 3000
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    everything = plan_study(STUDY, MINIATURE_IMAGES, **facts)
    assert {run for batch in everything.batches for run in batch.runs} == set(RUNS)
    assert plan_study(STUDY, MINIATURE_IMAGES, skipped={"0.5": "so"}, only=["0.5"], **facts).batches == ()


def test_what_grey_images_are_to_pretrained_networks_is_said():
    """In a note about these arms; of images in colour there is nothing to say."""
    head = {"backbone": "mobilenet_v2", "head": [{"dense": "classes"}]}
    study = miniature_study(variation=[{"factor": "transfer", "name": "head", "network": head}])
    grey = replace(MINIATURE_IMAGES, shape=Shape(32, 32, 1))

    notes, none = (
        plan_study(study, images, engines=(FakeEngine(),), skipped={"head": "no PyTorch"}).notes
        for images in (grey, MINIATURE_IMAGES)
    )

    text = "Pretrained networks are shown the grey images as colour: three equal channels."
    assert [note for note in notes if note not in none] == [text]
    assert [scope_of(note) for note in notes if note == text] == [("head",)]


@pytest.mark.parametrize(
    ("patience", "says"),
    [
        (1, []),
        (2, ["training.patience = 2 stops no run before the last of 3 epochs. Give a smaller one, or train longer."]),
    ],
)
def test_a_patience_that_stops_nothing_is_said(patience, says):
    """A run must have an epoch with the lowest loss, so many without a lower one, and another to leave out."""
    patient = {"factor": "stopping", "name": "patient", "set": {"training.patience": patience}}
    everywhere = miniature_study()
    training = everywhere.baseline.training.model_copy(update={"patience": patience})
    everywhere = everywhere.model_copy(
        update={"baseline": everywhere.baseline.model_copy(update={"training": training})}
    )

    notes, own = (
        [note for note in plan_study(one, MINIATURE_IMAGES, engines=(FakeEngine(),)).notes if "patience" in note]
        for one in (everywhere, miniature_study(variation=[patient]))
    )
    assert notes == says
    assert own == [note.replace("no run", "no run of 'patient'") for note in says]
    assert [scope_of(note) for note in own] == [("patient",)] * len(says)


def test_running_again_repeats_nothing(tmp_path):
    """A finished study is found finished, without training a step or changing a byte."""
    run(tmp_path / "results")
    before = results_of(tmp_path / "results")
    events = run(tmp_path / "results")
    assert [type(event) for event in events] == [StudyStarted]
    assert events[0].batches == ()
    assert results_of(tmp_path / "results") == before


def test_a_folder_keeps_the_seeds_of_its_baseline(tmp_path):
    """A study that declares none goes on with those that the folder has; one that declares more trains them."""
    folder = tmp_path / "results"
    run(folder, Study(**{**dict(STUDY), "baseline_seeds": 4}))
    events = run(folder)
    assert of_kind(events, StudyStarted)[0].batches == ()
    assert [event.text for event in of_kind(events, Note)] == [
        (
            "This folder keeps the 4 seeds of the baseline that it has; a new one would have 3. To train as many here, "
            "write baseline_seeds = 3 into the study file."
        )
    ]
    assert len(read_results(folder).records) == 10
    run(folder, Study(**{**dict(STUDY), "baseline_seeds": 6}))
    assert len(read_results(folder).records) == 12


def test_only_variations_without_a_baseline_have_nothing_to_be_compared_with(tmp_path):
    """It is said before the training, until the baseline is there."""
    text = (
        "The baseline is not trained, and all is compared with it: there are no verdicts before it is. Name it too: "
        "--only baseline."
    )
    assert Note(text=text) in run(tmp_path / "results", only=["0.5"])
    run(tmp_path / "results", only=["baseline"])
    assert Note(text=text) not in run(tmp_path / "results", only=["0.5"])


def test_only_some_variations(tmp_path):
    """Only those that are named are trained; the table has the others as missing."""
    run(tmp_path / "results", only=["0.5", "baseline"])
    assert {row["variation"]: row["status"] for row in rows(tmp_path / "results")} == {
        "baseline": "finished",
        "0.5": "finished",
        "Pool 4x4": "missing",
    }


def test_a_misspelled_variation_is_told_with_the_nearest(tmp_path):
    """All mistakes at once, and nothing is written."""
    with pytest.raises(StudyError) as error:
        run(tmp_path / "results", only=["pool 4X4", "zzz"])
    assert error.value.mistakes == (
        "there is no variation called 'pool 4X4'; did you mean 'Pool 4x4'?",
        "there is no variation called 'zzz'; the study has 'baseline', '0.5' and 'Pool 4x4'.",
    )
    assert not (tmp_path / "results").exists()


def test_other_images_than_asked_for_are_refused(tmp_path):
    """A study of CIFAR-10 is never trained on something else without a word."""
    study = miniature_study(data={"name": "cifar10", "validation": 0.34})
    with pytest.raises(StudyError) as error:
        run(tmp_path / "results", study)
    assert str(error.value) == (
        "the study asks for 'cifar10', and the images given are 'shapes'. "
        "Give the images it asks for, or change data.name in the study."
    )
    assert not (tmp_path / "results").exists()


def test_what_no_engine_can_train_is_told_before_anything_is_written(tmp_path):
    """The folder is not even made."""
    variation = [{"factor": "m", "name": "m", "set": {"training.optimizer": "sgd", "training.momentum": 0.5}}]
    study = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34}, variation=variation)
    with pytest.raises(EngineError):
        run(tmp_path / "results", study)
    assert not (tmp_path / "results").exists()


def test_notes_are_said_and_stored(tmp_path):
    """Notes of the images, of the caller and about fallbacks are with the results for good."""

    class Willing(FakeEngine):
        def unsupported(self, _specification) -> None:
            return None

    variation = [{"factor": "m", "name": "m", "set": {"training.optimizer": "sgd", "training.momentum": 0.5}}]
    study = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34}, variation=variation)
    events = run(
        tmp_path / "results", study, engines=(FakeEngine(), Willing(name="general")), notes=["The caller's note."]
    )
    fallback = "'m' is trained by the general engine; the fake engine cannot: it knows no momentum."
    assert events[0] == Note(text=fallback)
    assert read_results(tmp_path / "results").notes == (
        "These images are noise.",
        "The caller's note.",
        fallback,
        "The runs were not all trained alike: 3 by fake (float32) and 3 by general (float32).",
    )


def test_a_changed_study_says_so(tmp_path):
    """Runs of the earlier version stay and do not count."""
    run(tmp_path / "results")
    folder = tmp_path / "results"
    smaller = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34}, seeds=2)
    events = run(folder, smaller)
    assert [note.text for note in of_kind(events, Note)] == [
        f"{folder} was last used for another version of this study: seeds 0-2 -> 0-1.",
        f"{folder} also holds 3 runs of other versions of this study, not counted.",
    ]
    assert of_kind(events, BatchStarted) == []
    assert len(rows(folder)) == 6


def test_failed_and_damaged_runs_are_done_again(tmp_path):
    """A second command mends both, and the files are those of a study without trouble."""
    folder, reference = tmp_path / "results", tmp_path / "reference"
    run(reference)
    run(folder, engine=FakeEngine(failing=frozenset([1])))
    path = ResultsFolder(folder).run_folder(RUNS[0]).path
    (path / "predictions.npy").write_bytes(b"rubbish")
    assert sorted(row["status"] for row in rows(folder)) == ["failed"] * 3 + ["finished"] * 6
    events = run(folder)
    assert [event.run for event in of_kind(events, RunDamaged)] == [RUNS[0]]
    assert len(of_kind(events, RunFinished)) == 4
    assert results_of(folder) == results_of(reference)


def test_a_stopped_study_has_a_table_and_goes_on(tmp_path):
    """`results.csv` tells how far it came; the next command ends with the bytes of an uninterrupted one."""
    folder, reference, stop = tmp_path / "results", tmp_path / "reference", threading.Event()
    run(reference)

    def before_step(_runs, position):
        if position == Position(epoch=2, step=1):
            stop.set()

    run(folder, engine=FakeEngine(before_step=before_step), stop=stop)
    found = {row["status"] for row in rows(folder)}
    assert "unfinished" in found
    assert {row["epochs"] for row in rows(folder) if row["status"] == "unfinished"} <= {"0", "1", "2"}
    run(folder)
    assert results_of(folder) == results_of(reference)


def test_an_error_of_the_listener_leaves_a_table_and_saved_runs(tmp_path):
    """Closing the iterator in the middle loses nothing."""
    folder, reference = tmp_path / "results", tmp_path / "reference"
    run(reference)
    events = run_study(STUDY, DATASET, folder=folder, engines=(FakeEngine(),), executor=LocalExecutor(threads=1))
    with closing(events):
        while not isinstance(next(events), EpochFinished):
            pass
    assert len(rows(folder)) == 9
    assert read_results(folder).held == ()
    run(folder)
    assert results_of(folder) == results_of(reference)


def test_runs_that_another_process_lets_go_of_are_looked_at_once_more(tmp_path):
    """What was held at first, and is free and unfinished at the end, is trained after all."""
    folder = tmp_path / "results"
    held = ResultsFolder(folder).claim([RUNS[4]])
    events = []
    for event in run_study(STUDY, DATASET, folder=folder, engines=(FakeEngine(),), executor=LocalExecutor(threads=2)):
        events.append(event)
        if isinstance(event, RunsHeld):
            held.release()
    assert [event.runs for event in of_kind(events, RunsHeld)] == [(RUNS[4],)]
    assert of_kind(events, BatchStarted)[-1].batch.runs == (RUNS[4],)
    assert read_results(folder).is_complete


def test_runs_that_stay_held_are_left(tmp_path):
    """The command ends without them, and neither waits nor goes round in circles."""
    folder = tmp_path / "results"
    held = ResultsFolder(folder).claim([RUNS[4]])
    events = run(folder)
    assert len(of_kind(events, RunsHeld)) == 1
    results = read_results(folder)
    held.release()
    assert results.held == (RUNS[4],)
    assert [row["status"] for row in rows(folder)].count("finished") == 8


def test_what_a_killed_process_left_beside_a_result_is_removed(tmp_path):
    """Its checkpoint and half-written files go, though the run itself is not touched."""
    folder = tmp_path / "results"
    run(folder)
    before = results_of(folder)
    path = ResultsFolder(folder).run_folder(RUNS[0]).path
    for name in ("checkpoint.safetensors", ".result.json.0a1b2c3d.partial"):
        (path / name).write_bytes(b"leftover")
    assert [type(event) for event in run(folder)] == [StudyStarted]
    assert results_of(folder) == before


def test_a_disk_without_room_is_told_before_training(tmp_path, monkeypatch):
    """The message says how much is needed, and no run has begun."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=100_000))
    with pytest.raises(ResultsError) as error:
        run(tmp_path / "results")
    assert str(error.value) == (
        f"{tmp_path / 'results'}: 9 runs will take about 0.2 MB there, and 0.1 MB are free. "
        "Free some space, or choose a folder on another disk; nothing was trained yet."
    )
    assert not (tmp_path / "results" / "runs").exists()


def test_a_truly_full_disk_keeps_what_is_complete(tmp_path, monkeypatch):
    """On a file system of 160 kilobytes the study ends with an error, and goes on when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    size = "size=160k"
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", size, "tmpfs", disk], check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        monkeypatch.setattr(module, "check_space", lambda *_, **__: None)
        with pytest.raises(ResultsError) as error:
            run(disk / "results")
        message = str(error.value)
        assert message.startswith(f"{disk / 'results'}")
        assert "the disk is full: cannot " in message
        assert message.endswith("Free some space there and run the same command again; what was complete is kept.")
        shutil.copytree(disk / "results", tmp_path / "results")
    finally:
        subprocess.run([shutil.which("umount"), disk], check=True)
    findings = ResultsFolder(tmp_path / "results").survey(RUNS)
    assert {finding.status for finding in findings} <= {Status.FINISHED, Status.MISSING, Status.UNFINISHED}
    assert Status.FINISHED in {finding.status for finding in findings}
    run(tmp_path / "results")
    run(tmp_path / "reference")
    assert results_of(tmp_path / "results") == results_of(tmp_path / "reference")
