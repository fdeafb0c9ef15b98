import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.results.atomic import (
    clear_partials,
    look_again,
    make_folder,
    move,
    remove,
    write_atomically,
    write_together,
)

ADVICE = {
    "space": "Free some space there and run the same command again",
    "folder": "Choose a folder that you may read and write, or change its permissions",
    "disk": "Check the folder and its disk, then run the same command again",
}
OLD, NEW = b"old" * 100, b"new" * 200


def fail_at(monkeypatch, name: str, number: int, code: int) -> list[int]:
    """Make one function of `os` fail at one of its calls; the list grows by one entry a call."""
    real, calls = getattr(os, name), []

    def call(*arguments, **options):
        calls.append(1)
        if len(calls) == number:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(os, name, call)
    return calls


def test_content_takes_the_place_of_what_was_there(tmp_path):
    """A file that is written again holds the new content, and nothing else is left in the folder."""
    write_atomically(tmp_path / "file", OLD)
    write_atomically(tmp_path / "file", NEW)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", NEW)]


def test_the_file_is_flushed_before_it_is_renamed_and_the_folder_after(tmp_path, monkeypatch):
    """A power cut cannot leave an empty file under the final name: content, name, folder are flushed in that order."""
    order = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: order.append("fsync") or real_fsync(file))
    monkeypatch.setattr(os, "replace", lambda *names: order.append("replace") or real_replace(*names))
    write_atomically(tmp_path / "file", NEW)
    assert order == ["fsync", "replace", "fsync"]


def test_several_files_are_written_before_the_first_is_flushed_and_flushed_before_the_first_is_renamed(
    tmp_path, monkeypatch
):
    """A disk does most of its work once; each file is still complete under its name, or not there."""
    order = []
    real_write, real_replace = os.write, os.replace
    monkeypatch.setattr(os, "write", lambda *arguments: order.append("write") or real_write(*arguments))
    monkeypatch.setattr(os, "fsync", lambda _: order.append("fsync"))
    monkeypatch.setattr(os, "replace", lambda *names: order.append("replace") or real_replace(*names))
    write_together(tmp_path, {"a": OLD, "b": NEW})
    assert order == ["write", "write", "fsync", "fsync", "replace", "replace", "fsync"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": OLD, "b": NEW}


@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace"])
def test_of_several_files_each_is_old_or_new_whatever_fails(tmp_path, monkeypatch, name):
    """Whichever call fails, no file is a part of itself, and nothing half written stays."""
    number = 1
    while True:
        for file in ("a", "b"):
            (tmp_path / file).write_bytes(OLD)
        with monkeypatch.context() as patch:
            calls = fail_at(patch, name, number, errno.ENOSPC)
            with suppress(ResultsError):
                write_together(tmp_path, {"a": NEW, "b": NEW})
            is_done = len(calls) < number
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
        assert {(tmp_path / file).read_bytes() for file in ("a", "b")} <= {OLD, NEW}
        if is_done:
            break
        number += 1
    assert number > 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
def test_a_failing_call_leaves_the_old_content_or_the_new(tmp_path, monkeypatch, name, code):
    """Whichever call fails, at whichever of its turns, the file holds all of the old or all of the new content."""
    file = tmp_path / "file"
    number, failures = 1, 0
    while True:
        file.write_bytes(OLD)
        with monkeypatch.context() as patch:
            calls = fail_at(patch, name, number, code)
            try:
                write_atomically(file, NEW)
            except ResultsError:
                failures += 1
            is_done = len(calls) < number
        assert file.read_bytes() in (OLD, NEW)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
        if is_done:
            break
        number += 1
    assert file.read_bytes() == NEW
    assert failures == number - 1


def test_short_writes_are_continued(tmp_path, monkeypatch):
    """A disk that takes seven bytes at a time gets all of them."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:7]))
    write_atomically(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == NEW


@pytest.mark.parametrize(
    ("name", "code", "found", "advice"),
    [
        ("write", errno.ENOSPC, "the disk is full: cannot write result.json, which takes 600 bytes", "space"),
        ("write", errno.EDQUOT, "the disk quota is used up: cannot write result.json, which takes 600 bytes", "space"),
        ("open", errno.EACCES, "cannot write result.json: permission denied", "folder"),
        ("open", errno.EROFS, "cannot write result.json: read-only file system", "folder"),
        ("fsync", errno.EIO, "cannot write result.json: input/output error", "disk"),
    ],
)
def test_an_error_names_the_folder_and_what_is_needed(tmp_path, monkeypatch, name, code, found, advice):
    """A full disk, a used-up quota, a read-only folder and a broken disk are each told with what to do."""
    fail_at(monkeypatch, name, 1, code)
    with pytest.raises(ResultsError) as error:
        write_atomically(tmp_path / "result.json", NEW)
    assert str(error.value) == f"{tmp_path}: {found}. {ADVICE[advice]}; what was complete is kept."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_truly_full_device_is_told(tmp_path, monkeypatch):
    """The error of a real full device is recognised, not only the one that tests make up."""
    real = os.open
    monkeypatch.setattr(
        os, "open", lambda path, flags, mode=0o777: real("/dev/full" if flags & os.O_CREAT else path, os.O_WRONLY, mode)
    )
    with pytest.raises(ResultsError, match=r"the disk is full: cannot write result\.json, which takes 600 bytes"):
        write_atomically(tmp_path / "result.json", NEW)


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    """A folder cannot be made where a file is, and the message says so."""
    (tmp_path / "results").write_text("mine")
    with pytest.raises(ResultsError) as error:
        make_folder(tmp_path / "results" / "runs")
    assert str(error.value) == (
        f"{tmp_path / 'results' / 'runs'}: cannot create the folder: not a directory. "
        "Check the folder and its disk, then run the same command again; what was complete is kept."
    )
    assert (tmp_path / "results").read_text() == "mine"


def test_folders_are_made_with_those_above_them(tmp_path):
    """Three missing levels are made; making them again changes nothing."""
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_removing_and_moving(tmp_path):
    """A file that is there goes, one that is not is no error, and a folder moves with what is in it."""
    (tmp_path / "folder").mkdir()
    write_atomically(tmp_path / "folder" / "file", NEW)
    write_atomically(tmp_path / "other", NEW)
    remove(tmp_path / "other")
    remove(tmp_path / "other")
    move(tmp_path / "folder", tmp_path / "moved")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "moved"]


def test_leftovers_of_killed_writers_are_cleared_and_nothing_else(tmp_path):
    """Half-written files go; complete ones and other hidden ones stay."""
    for name in (".result.json.0a1b2c3d.partial", "result.json", ".hidden", "notes.partial"):
        (tmp_path / name).write_bytes(NEW)
    clear_partials(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "notes.partial", "result.json"]


def test_looking_again_leaves_nothing_behind(tmp_path):
    """A folder that is there is as before, and one that is not is made."""
    look_again(tmp_path / "a" / "b")
    look_again(tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]
