import errno
import os
import shutil
from pathlib import Path

import pytest

from ceteris import checksummed
from ceteris.checksummed import Damage
from ceteris.engines.engine import Position
from ceteris.errors import ResultsError
from ceteris.results.epochs import TrainingTime
from ceteris.results.record import RunFailure, Status
from ceteris.results.run_folder import RunFolder
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import flipped, miniature_checkpoint, miniature_result

RUN, OTHER = miniature_runs()[:2]
FACTS = {"instruction set": "none"}
COMPLETE = ["epochs.csv", "machine.json", "predictions.npy", "result.json", "weights.safetensors"]


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    """Give the folder of a run, not made yet."""
    return RunFolder(path=tmp_path / "runs" / "baseline" / "seed-00-12345678", run=RUN)


def publish(folder: RunFolder, engine: FakeEngine | None = None) -> None:
    """Finish the folder's run."""
    folder.publish(*miniature_result(folder.run, engine=engine), FACTS)


def names(path: Path) -> list[str]:
    """Name what a folder holds."""
    return sorted(entry.name for entry in path.iterdir())


def failure() -> RunFailure:
    """Give a failure of the run."""
    return RunFailure(run=RUN, engine="fake", error="RuntimeError: no", where=(), position=Position(epoch=1, step=1))


def test_a_folder_that_is_not_there_is_a_missing_run(folder):
    """Nothing on disk is a status like any other."""
    assert folder.examine().status is Status.MISSING
    assert folder.read_checkpoint() is None


def test_a_finished_run_is_read_with_its_time(folder):
    """Record, engine and training seconds are found; the files are the promised ones."""
    publish(folder)
    finding = folder.examine()
    assert finding.status is Status.FINISHED
    assert finding.record == miniature_result(RUN)[0].record
    time = TrainingTime(packed_batch_seconds=0.75, packed_batch_runs=1, share=0.75)
    assert (finding.engine, finding.training_time) == ("fake", time)
    assert names(folder.path) == COMPLETE


def test_a_diverged_run_has_no_predictions_and_no_weights(folder):
    """The bits of numbers that are no numbers are not the same everywhere, and nothing reads them."""
    publish(folder, FakeEngine(diverging=frozenset([RUN.seed])))
    assert folder.examine().status is Status.DIVERGED
    assert names(folder.path) == ["epochs.csv", "machine.json", "result.json"]


def test_the_result_is_written_last(folder, monkeypatch):
    """Whoever sees `result.json` can rely on everything it speaks of."""
    order = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: order.append(Path(new).name) or real(old, new))
    publish(folder)
    assert sorted(order) == COMPLETE
    assert order[-1] == "result.json"


def test_without_a_result_a_run_is_unfinished_whatever_else_is_there(folder):
    """Files that a killed process had already written do not count."""
    folder.write_checkpoint(miniature_checkpoint(RUN))
    publish(folder)
    (folder.path / "result.json").unlink()
    assert folder.examine().status is Status.MISSING
    folder.write_checkpoint(miniature_checkpoint(RUN, steps=4))
    finding = folder.examine()
    assert (finding.status, finding.position, finding.engine) == (
        Status.UNFINISHED,
        Position(epoch=1, step=1),
        "fake",
    )


def test_a_finished_run_needs_no_checkpoint_and_no_failure(folder):
    """Both go when the result is there, as do files that were never completed."""
    folder.write_checkpoint(miniature_checkpoint(RUN))
    folder.write_failure(failure())
    (folder.path / ".result.json.0a1b2c3d.partial").write_bytes(b"{")
    assert folder.has_leftovers()
    publish(folder)
    assert names(folder.path) == COMPLETE
    assert not folder.has_leftovers()


def test_a_failure_is_found_until_the_run_gets_further(folder):
    """It is a result like others; the next checkpoint replaces it."""
    folder.write_checkpoint(miniature_checkpoint(RUN))
    folder.write_failure(failure())
    finding = folder.examine()
    assert (finding.status, finding.failure) == (Status.FAILED, failure())
    assert folder.read_checkpoint() is not None
    folder.write_checkpoint(miniature_checkpoint(RUN, steps=5))
    assert folder.examine().status is Status.UNFINISHED


@pytest.mark.parametrize("name", COMPLETE)
def test_flipped_bits_in_any_file_of_a_result_are_noticed(folder, name):
    """Of 200 results with one random bit flipped in one file, 1,000 in all, none is accepted."""
    publish(folder)
    content = (folder.path / name).read_bytes()
    for changed in flipped(content, 200):
        (folder.path / name).write_bytes(changed)
        finding = folder.examine()
        assert finding.status is Status.DAMAGED
        assert [damage.file for damage in finding.damage] == [name]


@pytest.mark.parametrize("name", COMPLETE)
def test_cut_files_of_a_result_are_noticed(folder, name):
    """A file that was cut anywhere, or emptied, is damage."""
    publish(folder)
    content = (folder.path / name).read_bytes()
    for length in range(0, len(content), 13):
        (folder.path / name).write_bytes(content[:length])
        assert folder.examine().status is Status.DAMAGED


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "result.json"])
def test_a_missing_file_of_a_result_is_damage(folder, name):
    """A result stands and falls with each of its files."""
    publish(folder)
    (folder.path / name).unlink()
    assert folder.examine().damage == (Damage(file=name, reason="is missing"),)
    assert str(folder.examine().damage[0]) == f"{name} is missing"


def test_a_damaged_checkpoint_or_failure_is_noticed(folder):
    """Both files of a run without a result are checked, and named."""
    folder.write_checkpoint(miniature_checkpoint(RUN))
    folder.write_failure(failure())
    for name in ("checkpoint.safetensors", "failure.json"):
        (folder.path / name).write_bytes((folder.path / name).read_bytes()[:-1])
    assert [damage.file for damage in folder.examine().damage] == ["checkpoint.safetensors", "failure.json"]


def test_the_folder_of_another_run_is_damage(folder):
    """A folder that was copied over another run's is not taken for that run's."""
    publish(RunFolder(path=folder.path, run=OTHER))
    assert [str(damage) for damage in folder.examine().damage] == [
        f"result.json is the result of another run, with digest {OTHER.digest[:8]}"
    ]


def test_examining_changes_nothing(folder):
    """Looking at a damaged run leaves every byte where it is."""
    publish(folder)
    (folder.path / "weights.safetensors").write_bytes(b"")
    (folder.path / ".partial").write_bytes(b"")
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    folder.examine()
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


def test_a_damaged_result_is_set_aside_whole_and_under_a_name_of_its_own(folder, tmp_path):
    """Twice damaged, twice set aside; nothing is overwritten, and the run is missing then."""
    for number in (1, 2):
        publish(folder)
        (folder.path / "weights.safetensors").write_bytes(b"%d" % number)
        aside = folder.set_aside(folder.examine().damage, tmp_path / "damaged")
        assert aside == tmp_path / "damaged" / f"baseline-seed-00-12345678-{number}"
        assert names(aside) == COMPLETE
        assert folder.examine().status is Status.MISSING
    assert (tmp_path / "damaged" / "baseline-seed-00-12345678-1" / "weights.safetensors").read_bytes() == b"1"


def test_of_an_unfinished_run_only_what_is_damaged_is_set_aside(folder, tmp_path):
    """A broken failure report does not cost the checkpoint."""
    folder.write_checkpoint(miniature_checkpoint(RUN))
    folder.write_failure(failure())
    (folder.path / "failure.json").write_bytes(b"{}")
    aside = folder.set_aside(folder.examine().damage, tmp_path / "damaged")
    assert names(aside) == ["failure.json"]
    assert names(folder.path) == ["checkpoint.safetensors"]
    assert folder.examine().status is Status.UNFINISHED


def test_a_disk_that_cannot_read_a_file_has_damaged_it(folder, monkeypatch):
    """A bad sector is damage that is set aside and redone; other errors are told."""
    publish(folder)
    real = Path.read_bytes

    def failing(code):
        def read(path):
            if path.name == "predictions.npy":
                raise OSError(code, os.strerror(code))
            return real(path)

        return read

    monkeypatch.setattr(Path, "read_bytes", failing(errno.EIO))
    assert [str(damage) for damage in folder.examine().damage] == [
        "predictions.npy cannot be read: the disk reports an error"
    ]
    monkeypatch.setattr(Path, "read_bytes", failing(errno.EACCES))
    with pytest.raises(ResultsError) as error:
        folder.examine()
    assert str(error.value) == (
        f"{folder.path}: cannot read predictions.npy: permission denied. "
        "Choose a folder that you may read and write, or change its permissions; what was complete is kept."
    )


def test_a_result_of_a_later_version_is_an_error_that_names_it(folder, monkeypatch):
    """It is left where it is, and the message says what to do."""
    monkeypatch.setattr(checksummed, "FORMAT", 2)
    publish(folder)
    monkeypatch.undo()
    with pytest.raises(ResultsError) as error:
        folder.examine()
    assert str(error.value) == (
        f"{folder.path / 'result.json'} has format 2, and this ceteris reads up to 1. Install a later version."
    )


def test_a_run_that_another_process_publishes_meanwhile_is_not_missed(folder, monkeypatch, tmp_path):
    """If the result appears between two looks, it is found."""
    publish(folder)
    shutil.move(folder.path, tmp_path / "ready")
    real = Path.read_bytes

    def read(path):
        if path.name == "failure.json" and not folder.path.exists():
            folder.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(tmp_path / "ready", folder.path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert folder.examine().status is Status.FINISHED
