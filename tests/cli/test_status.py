import json
from pathlib import Path

import pytest

from ceteris.cli import status
from ceteris.engines.engine import Position
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.record import RunFailure
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_split, miniature_study
from tests.made_up import made_up_folder, made_up_study
from tests.miniature import miniature_checkpoint, miniature_result

DATASET = miniature_dataset()
RUNS = miniature_study().runs(DATASET.digest)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> ResultsFolder:
    """Give a results folder of the miniature study without any run."""
    monkeypatch.chdir(tmp_path)
    return prepared(miniature_study())


def prepared(study) -> ResultsFolder:
    """Make a results folder for a study on the miniature images."""
    folder = ResultsFolder(Path("results"))
    folder.prepare(Manifest.of(study, DATASET, miniature_split(DATASET)), DATASET.test)
    return folder


CHANCE = (
    "note: 2 runs finished no better than chance (16.67 %), and count as not learned: “baseline” (2 of 3). All "
    "of them predict the same class for every test image."
)


def publish(folder, *runs, **engine):
    """Finish runs."""
    for run in runs:
        folder.run_folder(run).publish(*miniature_result(run, engine=FakeEngine(**engine)), {})


def fail(folder, run, error="RuntimeError: out of luck"):
    """Let a run fail in its second epoch."""
    failure = RunFailure(run=run, engine="fake", error=error, where=(), position=Position(epoch=1, step=2))
    folder.run_folder(run).write_failure(failure)


def lines(out: str) -> list[str]:
    """Split what was printed, without the blanks at the ends of table rows."""
    return [line.rstrip() for line in out.splitlines()]


@pytest.mark.usefixtures("engine", "few_images")
def test_a_finished_study_is_told_run_by_run(ceteris, study_file):
    """Every variation with its runs, and the sum below."""
    ceteris("run", study_file, "--out", "results")

    code, out, err = ceteris("status", "results")

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "A miniature"
    assert "note: These images are noise." in out
    assert out.splitlines()[-1] == "9 of 9 runs done."


@pytest.mark.usefixtures("engine", "few_images")
def test_what_is_missing_is_counted_and_the_way_on_is_told(ceteris, study_file):
    """After a run of one variation the others are missing."""
    ceteris("run", study_file, "--out", "results", "--only", "0.5")

    _, out, _ = ceteris("status", "results")

    assert "missing" in out
    assert out.splitlines()[-1] == "3 of 9 runs done; `ceteris run` with the same study and folder does the rest."


@pytest.mark.usefixtures("engine", "few_images")
def test_a_damaged_file_is_named(ceteris, study_file, tmp_path):
    """A flipped bit is found, and the run is no longer counted."""
    ceteris("run", study_file, "--out", "results")
    result = min((tmp_path / "results").glob("runs/*/*/result.json"))
    content = bytearray(result.read_bytes())
    content[len(content) // 2] ^= 4
    result.write_bytes(content)

    _, out, _ = ceteris("status", "results")

    assert "damaged: " in out
    assert "result.json" in out
    assert out.splitlines()[-1].startswith("8 of 9 runs done;")


def test_another_folder_is_refused(ceteris, tmp_path):
    """A folder that `ceteris run` did not write."""
    code, out, err = ceteris("status", tmp_path)

    assert (code, out) == (2, "")
    assert err == (
        f"error: {tmp_path} is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.\n"
    )


def test_every_state_has_its_column(folder, ceteris):
    """Failures and damage are told with their reasons, and the exit code says that something is wrong."""
    publish(folder, *RUNS[:3], diverging=frozenset([2]))
    folder.run_folder(RUNS[3]).write_checkpoint(miniature_checkpoint(RUNS[3], steps=4))
    folder.run_folder(RUNS[4]).write_checkpoint(miniature_checkpoint(RUNS[4], steps=7))
    fail(folder, RUNS[6])
    publish(folder, RUNS[7])
    (folder.run_folder(RUNS[7]).path / "weights.safetensors").unlink()
    held = folder.claim([RUNS[8]])
    code, out, err = ceteris("status", "results")
    held.release()
    assert (code, err) == (1, "")
    assert lines(out) == [
        "A miniature",
        "images: drawn for a test",
        "note: These images are noise.",
        CHANCE,
        "",
        "factor         variation  finished  diverged  in training       unfinished  missing  failed  damaged",
        "               baseline          2         1            -                -        -       -        -",
        "learning rate  0.5               -         -            -  2, epoch 2 of 3        1       -        -",
        "pooling        Pool 4x4          -         -            1                -        -       1        1",
        "",
        "failed: 'Pool 4x4', seed 0: RuntimeError: out of luck (in epoch 2)",
        "damaged: 'Pool 4x4', seed 1: weights.safetensors is missing",
        "3 of 9 runs done; 1 is in training now.",
        f"in training: 1 run by {held.holder}.",
    ]


def test_only_states_that_occur_have_columns(folder, ceteris):
    """A complete study is short, and its exit code is 0 though a run diverged."""
    publish(folder, *RUNS, diverging=frozenset([1]))
    code, out, _ = ceteris("status", "results")
    assert code == 0
    assert lines(out)[5:] == [
        "factor         variation  finished  diverged",
        "               baseline          2         1",
        "learning rate  0.5               2         1",
        "pooling        Pool 4x4          2         1",
        "",
        "9 of 9 runs done.",
    ]


@pytest.mark.usefixtures("folder")
def test_a_study_that_has_not_begun_is_not_wrong(ceteris):
    """Runs that are still to come are no failure."""
    code, out, _ = ceteris("status", "results")
    assert code == 0
    assert lines(out)[4:] == [
        "factor         variation  finished  missing",
        "               baseline          -        3",
        "learning rate  0.5               -        3",
        "pooling        Pool 4x4          -        3",
        "",
        "0 of 9 runs done; `ceteris run` with the same study and folder does the rest.",
    ]


def test_damage_is_said_to_be_mended_by_running_again(folder, ceteris):
    """The last line says what to do."""
    publish(folder, *RUNS)
    (folder.run_folder(RUNS[7]).path / "result.json").write_bytes(b"")
    code, out, _ = ceteris("status", "results")
    assert code == 1
    assert lines(out)[-2:] == [
        "damaged: 'Pool 4x4', seed 1: result.json is cut short, or was not written by ceteris",
        "8 of 9 runs done; `ceteris run` with the same study and folder does the rest, setting damaged files aside.",
    ]


def test_many_failures_are_cut_short(tmp_path, ceteris, monkeypatch):
    """Ten are shown and the others counted; brackets in an error are text."""
    monkeypatch.chdir(tmp_path)
    study = miniature_study(seeds=5)
    folder = prepared(study)
    for run in study.runs(DATASET.digest)[:13]:
        fail(folder, run, error="[red]an error[/red] with brackets")
    code, out, _ = ceteris("status", "results")
    assert code == 1
    assert out.count("\nfailed: ") == 10
    assert "failed: 'baseline', seed 0: [red]an error[/red] with brackets (in epoch 2)" in out
    assert "and 3 more.\n" in out


def test_of_many_variations_those_come_first_that_are_not_at_an_end(folder, ceteris, monkeypatch):
    """Runs that went wrong or are under way before those that have not begun; it says of how many, JSON has all."""
    monkeypatch.setattr(status, "MOST_SHOWN", 1)
    publish(folder, *RUNS[:6])
    shown = "1 of 2 variations are shown here"
    code, out, _ = ceteris("status", "results")
    assert code == 0
    assert lines(out)[5:] == [
        "factor   variation  finished  missing",
        "         baseline          3        -",
        "pooling  Pool 4x4          -        3",
        f"{shown}, first those that are under way or failed, then those that have not begun; `--json` has all.",
        "",
        "6 of 9 runs done; `ceteris run` with the same study and folder does the rest.",
    ]

    (folder.run_folder(RUNS[3]).path / "weights.safetensors").unlink()
    code, out, _ = ceteris("status", "results")
    assert code == 1
    assert lines(out)[6:8] == [
        "               baseline          3        -        -",
        "learning rate  0.5               2        -        1",
    ]
    publish(folder, *RUNS)
    assert "\n1 of 2 variations are shown here; `--json` has all.\n" in ceteris("status", "results")[1]
    names = [arm["name"] for arm in json.loads(ceteris("status", "results", "--json")[1])["arms"]]
    assert names == ["baseline", "0.5", "Pool 4x4"]


def test_looking_changes_nothing(folder, ceteris):
    """Status may be asked of a folder that one may only read, or while a study runs."""
    publish(folder, RUNS[0])
    (folder.run_folder(RUNS[0]).path / "weights.safetensors").write_bytes(b"")
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}
    ceteris("status", "results")
    assert {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")} == before


def test_the_look_is_told(ceteris, tmp_path):
    """Of a study that adds seeds, the last line says how far its looks have come."""
    made_up_folder(tmp_path / "results", study=made_up_study(seeds={"first": 8, "step": 4, "most": 16}))

    code, out, err = ceteris("status", tmp_path / "results")

    assert (code, err) == (0, "")
    assert lines(out)[-2:] == ["40 of 40 runs done.", "Look 1 of 3 was taken, at 8 seeds; 1 variation is still open."]
