import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ceteris import checksummed
from ceteris.checksummed import seal, unseal
from ceteris.datasets.choice import known_images
from ceteris.errors import ResultsError
from ceteris.results import folder as module
from ceteris.results.folder import ResultsFolder, check_space, needed_bytes
from ceteris.results.manifest import Manifest
from ceteris.results.record import Status
from ceteris.results.run_folder import RunFolder
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_split, miniature_study
from tests.miniature import miniature_checkpoint, miniature_result

DATASET = miniature_dataset()
SPLIT = miniature_split(DATASET)
RENAMED = [
    {"factor": "step size", "name": "Large steps", "set": {"training.learning_rate": 0.5}},
    {"factor": "pooling", "name": "Pool 4x4", "set": {"network.layers.0.max_pool": 4}},
]


@pytest.fixture
def folder(tmp_path) -> ResultsFolder:
    """Give a results folder that is not made yet."""
    return ResultsFolder(tmp_path / "results")


def prepare(folder: ResultsFolder, **changes) -> tuple[str, ...]:
    """Make the folder for the miniature study, with changes."""
    return folder.prepare(Manifest.of(miniature_study(**changes), DATASET, SPLIT), DATASET.test)


def publish(folder: ResultsFolder, run) -> None:
    """Finish a run."""
    folder.run_folder(run).publish(*miniature_result(run), {})


def test_a_new_folder_says_what_it_is_about(folder):
    """Study, images and labels can be read back, and there is nothing to tell."""
    assert prepare(folder) == ()
    manifest = folder.read_manifest()
    assert replace(manifest, declarations=()) == Manifest.of(miniature_study(), DATASET, SPLIT)
    np.testing.assert_array_equal(folder.read_labels(manifest), DATASET.test.labels)
    np.testing.assert_array_equal(folder.read_images(manifest), DATASET.test.images)


def test_what_was_declared_stays_on_record(folder):
    """The same again adds nothing; anything else is added with the number of results there, damaged images or not."""
    prepare(folder)
    prepare(folder)
    (first,) = folder.read_manifest().declarations
    assert (first.analysis.margin, first.results) == (10, 0)

    for run in miniature_study().runs(DATASET.digest)[:2]:
        publish(folder, run)
    prepare(folder, analysis={"margin": 1.0})
    prepare(folder, analysis={"margin": 0.5})

    kept = folder.read_manifest().declarations
    assert kept[0] == first
    assert [(one.analysis.margin, one.results) for one in kept[1:]] == [(1.0, 2), (0.5, 2)]
    times = [datetime.fromisoformat(one.since) for one in kept]
    assert sorted(times) == times
    assert datetime.now(UTC) - times[0] < timedelta(hours=1)


def test_what_an_earlier_ceteris_declared_is_kept_without_a_time(folder):
    """It kept no record; what its study says is the first that is known."""
    prepare(folder, analysis={"margin": 0.7})
    facts = unseal((folder.path / "study.json").read_bytes())
    del facts["declarations"], facts["seal"]
    (folder.path / "study.json").write_bytes(seal(facts))
    assert folder.read_manifest().declarations == ()

    prepare(folder, analysis={"margin": 0.8})

    first, second = folder.read_manifest().declarations
    assert (first.analysis.margin, first.since, second.analysis.margin) == (0.7, None, 0.8)


def test_test_images_are_written_once(folder):
    """They are large: taking the folder up again leaves them, unless they are damaged or another version's."""
    prepare(folder)
    file = folder.path / "test-images.npy"
    first = file.stat().st_ino, file.read_bytes()
    prepare(folder)
    assert (file.stat().st_ino, file.read_bytes()) == first
    file.write_bytes(first[1][:-1])
    prepare(folder)
    assert file.read_bytes() == first[1]


def test_runs_have_folders_that_a_person_can_find(folder):
    """Variation, seed and the beginning of the digest make the name."""
    run = next(run for run in miniature_study(seeds=[7]).runs(DATASET.digest) if run.variation == "Pool 4x4")
    assert folder.run_folder(run).path == folder.path / "runs" / "pool-4x4" / f"seed-07-{run.digest[:8]}"


def test_the_same_study_again_is_nothing_to_tell(folder):
    """Finished runs stay, and are found in the order of the study."""
    prepare(folder)
    runs = miniature_study().runs(DATASET.digest)
    publish(folder, runs[4])
    assert prepare(folder) == ()
    assert [finding.status for finding in folder.survey(runs)] == [
        Status.FINISHED if run == runs[4] else Status.MISSING for run in runs
    ]


def test_another_version_of_the_study_is_told_and_its_runs_are_not_counted(folder):
    """Runs that both versions have count; the others remain on disk."""
    prepare(folder)
    for run in miniature_study().runs(DATASET.digest)[:4]:
        publish(folder, run)
    notes = prepare(folder, seeds=2)
    assert notes == (
        f"{folder.path} was last used for another version of this study: seeds 0-2 -> 0-1.",
        f"{folder.path} also holds 1 run of other versions of this study, not counted.",
    )
    runs = miniature_study(seeds=2).runs(DATASET.digest)
    assert [finding.status for finding in folder.survey(runs)].count(Status.FINISHED) == 3
    assert [name.split("-")[:2] for name in folder.stale(runs)] == [["baseline/seed", "02"]]


def test_going_back_to_the_earlier_version_finds_its_runs_again(folder):
    """Nothing is lost by trying another version in between."""
    prepare(folder)
    runs = miniature_study().runs(DATASET.digest)
    publish(folder, runs[2])
    prepare(folder, seeds=2)
    prepare(folder)
    assert folder.survey(runs)[2].status is Status.FINISHED


def test_many_differences_are_told_in_short(folder):
    """Three are named, the others counted."""
    prepare(folder)
    notes = prepare(folder, seeds=[5], variation=[{"factor": "a", "name": "b", "set": {"training.epochs": 9}}])
    (note,) = notes
    assert note == (
        f"{folder.path} was last used for another version of this study: "
        "seeds 0-2 -> 5; 0.5 is gone; Pool 4x4 is gone; and 1 more."
    )


def test_a_renamed_variation_keeps_its_runs(folder):
    """What is trained does not depend on what it is called: finished and unfinished runs move to the new name."""
    prepare(folder)
    old = [run for run in miniature_study().runs(DATASET.digest) if run.variation == "0.5"]
    publish(folder, old[0])
    folder.run_folder(old[1]).write_checkpoint(miniature_checkpoint(old[1]))
    prepare(folder, variation=RENAMED)
    new = [run for run in miniature_study(variation=RENAMED).runs(DATASET.digest) if run.variation == "Large steps"]
    findings = folder.survey(new)
    assert [finding.status for finding in findings] == [Status.FINISHED, Status.UNFINISHED, Status.MISSING]
    assert findings[0].record.run.factor == "step size"
    assert folder.run_folder(new[0]).path.parent.name == "large-steps"


def test_a_run_in_training_is_not_moved(folder):
    """A renamed variation that another process is training stays where that process writes."""
    prepare(folder)
    old = miniature_study().runs(DATASET.digest)[3]
    folder.run_folder(old).write_checkpoint(miniature_checkpoint(old))
    held = folder.claim([old])
    prepare(folder, variation=RENAMED)
    held.release()
    assert folder.run_folder(old).examine().status is Status.UNFINISHED


def test_somebody_elses_folder_is_left_alone(folder):
    """A folder with other things in it is refused before anything is written there."""
    folder.path.mkdir()
    (folder.path / "results.csv").write_text("mine")
    with pytest.raises(ResultsError) as error:
        prepare(folder)
    assert str(error.value) == (
        f"{folder.path} holds 'results.csv' but no study.json: it is not a results folder. "
        "Name a new or empty folder for the results."
    )
    assert [path.name for path in folder.path.iterdir()] == ["results.csv"]


def test_a_folder_whose_making_was_interrupted_is_taken_up(folder):
    """Hidden files and claims of a process that was killed at the start are no reason to refuse."""
    folder.path.mkdir()
    (folder.path / ".study.json.0a1b2c3d.partial").write_bytes(b"{")
    (folder.path / "claims").mkdir()
    (folder.path / "labels.npy").write_bytes(b"")
    assert prepare(folder) == ()
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "claims",
        "labels.npy",
        "study.json",
        "test-images.npy",
    ]


def test_a_damaged_study_file_is_set_aside_and_written_anew(folder):
    """Runs are not touched; the note says where the old file is."""
    prepare(folder)
    runs = miniature_study().runs(DATASET.digest)
    publish(folder, runs[0])
    for number in (1, 2):
        (folder.path / "study.json").write_bytes(b"%d" % number)
        (note,) = prepare(folder)
        assert note == (
            f"{folder.path / 'study.json'} could not be read (is cut short, or was not written by ceteris); "
            f"it is now {folder.path / 'damaged' / f'{number}-study.json'}, a new one is in its place."
        )
    assert folder.survey(runs)[0].status is Status.FINISHED


def test_a_study_of_a_later_version_is_left_where_it_is(folder, monkeypatch):
    """It is neither read nor set aside; both ways say what to do."""
    monkeypatch.setattr(checksummed, "FORMAT", 2)
    prepare(folder)
    monkeypatch.undo()
    for use in (lambda: prepare(folder), folder.read_manifest):
        with pytest.raises(ResultsError) as error:
            use()
        assert str(error.value) == (
            f"{folder.path / 'study.json'} has format 2, and this ceteris reads up to 1. Install a later version."
        )


def test_a_study_that_is_not_known_any_more_is_told(folder):
    """A study that only another version of ceteris could write is an error with its reason."""
    prepare(folder)
    content = (folder.path / "study.json").read_bytes()
    facts = {key: value for key, value in unseal(content).items() if key not in ("seal", "format")}
    facts["study"]["title"] = ""
    (folder.path / "study.json").write_bytes(seal(facts))
    with pytest.raises(ResultsError) as error:
        folder.read_manifest()
    assert str(error.value).startswith(
        f"{folder.path / 'study.json'} holds a study that this version of ceteris does not know: "
    )


def test_a_folder_without_a_study_is_told(folder):
    """Reading what is no results folder, or no folder, says what is expected."""
    for make in (lambda: None, folder.path.mkdir, lambda: shutil.copy(__file__, folder.path / "notes.txt")):
        make()
        with pytest.raises(ResultsError) as error:
            folder.read_manifest()
        assert str(error.value) == (
            f"{folder.path} is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote."
        )


def test_damage_to_the_folders_own_files_is_told(folder):
    """Reading alone never repairs; the message says how to."""
    prepare(folder)
    manifest = folder.read_manifest()
    for name, read in (
        ("labels.npy", lambda: folder.read_labels(manifest)),
        ("test-images.npy", lambda: folder.read_images(manifest)),
        ("study.json", folder.read_manifest),
    ):
        file = folder.path / name
        content = file.read_bytes()
        file.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
        with pytest.raises(ResultsError) as error:
            read()
        kind = "seal" if name == "study.json" else "SHA-256"
        assert str(error.value) == (
            f"{file} was changed after it was written: its {kind} does not match. "
            "Run the study again with this folder: finished runs are kept."
        )


def test_claims_are_per_run(folder):
    """One run's claim does not hinder another's, and is seen from outside."""
    first, second = miniature_study().runs(DATASET.digest)[:2]
    held = folder.claim([first])
    assert folder.holder(first)
    assert not folder.holder(second)
    with folder.claim([first, second]) as others:
        assert others.names == [second.digest]
        assert others.refused == {first.digest: held.holder}
    held.release()
    assert not folder.holder(first)


def test_waiting_for_another_writer_ends_with_an_error(folder, monkeypatch):
    """A process that never lets go of the folder's own files is told about, instead of waiting for ever."""
    prepare(folder)
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.0)
    held = folder._claim_folder()
    with pytest.raises(ResultsError) as error:
        folder.write_table([])
    held.release()
    assert str(error.value) == (
        f"{folder.path}: {held.holder} has been writing its study.json or results.csv for 0 seconds. "
        "End that process, then run the same command again."
    )


def test_the_table_is_written(folder):
    """One row a run, below a header."""
    prepare(folder)
    runs = miniature_study().runs(DATASET.digest)
    publish(folder, runs[0])
    folder.write_table(folder.survey(runs))
    lines = (folder.path / "results.csv").read_text().splitlines()
    assert len(lines) == 1 + len(runs)
    assert lines[1].startswith("baseline,baseline,0,finished,3,")
    assert lines[2].startswith("baseline,baseline,1,missing,0,,")


def test_a_path_that_is_a_file_is_told(tmp_path):
    """Results cannot go into a file."""
    (tmp_path / "results").write_text("mine")
    with pytest.raises(ResultsError) as error:
        prepare(ResultsFolder(Path(tmp_path / "results")))
    assert str(error.value) == (
        f"{tmp_path / 'results' / 'claims'}: cannot create the folder: not a directory. "
        "Check the folder and its disk, then run the same command again; what was complete is kept."
    )


def images(run, test_images):
    """Say what a run of a known data set looks at, but for the number of test images."""
    return replace(known_images(run.specification.data), test_images=test_images)


class Usage(NamedTuple):
    """What `shutil.disk_usage` answers."""

    free: int


def test_the_estimate_is_what_a_run_takes(tmp_path):
    """In blocks of 4 KiB, the files of a finished run fit the estimate and fill most of it."""
    run = miniature_runs()[0]
    folder = RunFolder(path=tmp_path / "run", run=run)
    folder.publish(*miniature_result(run, engine=FakeEngine()), {})
    taken = sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.path.iterdir())
    needed = needed_bytes([run], images(run, 12))
    assert 0.5 * needed < taken <= needed + 4096


def test_a_disk_without_room_is_told_before_anything_is_trained(tmp_path, monkeypatch):
    """The message says how much is needed and how much there is."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(300_000))
    runs = miniature_runs()
    with pytest.raises(ResultsError) as error:
        check_space(tmp_path, runs, images(runs[0], 10_000))
    assert str(error.value) == (
        f"{tmp_path}: 9 runs will take about 2.0 MB there, and 0.3 MB are free. "
        "Free some space, or choose a folder on another disk; nothing was trained yet."
    )
    check_space(tmp_path, runs[:1], images(runs[0], 10_000))
    check_space(tmp_path, (), images(runs[0], 10_000))
