import json
import os

import pytest

from ceteris.errors import ResultsError
from ceteris.export.export import FACTS, check_place, publish

OURS = {FACTS: json.dumps({"made_by": "ceteris"}).encode(), "README.md": b"first"}


def names(folder):
    """List all that is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_with_all_its_files(tmp_path):
    """And with the folders above it; nothing is left beside it."""
    publish(tmp_path / "exports" / "one", OURS, is_replacing=False)

    assert names(tmp_path / "exports") == ["one"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "exports/one").iterdir()} == OURS


def test_an_empty_folder_may_be_filled(tmp_path):
    """Whoever made the folder beforehand meant it."""
    (tmp_path / "one").mkdir()

    publish(tmp_path / "one", OURS, is_replacing=False)

    assert names(tmp_path) == ["one"]
    assert names(tmp_path / "one") == sorted(OURS)


def test_an_export_is_replaced_only_if_that_is_meant(tmp_path):
    """Without being told to, what is there stays; if told, all of it makes way."""
    place = tmp_path / "one"
    publish(place, {**OURS, "model.onnx": b"old"}, is_replacing=False)

    with pytest.raises(ResultsError) as error:
        publish(place, OURS, is_replacing=False)
    assert str(error.value) == (
        f"{place} holds an export already. Replace it with --force, or name another with --out."
    )
    assert (place / "model.onnx").read_bytes() == b"old"

    publish(place, {**OURS, "README.md": b"second"}, is_replacing=True)
    assert names(place) == ["README.md", FACTS]
    assert (place / "README.md").read_bytes() == b"second"
    assert names(tmp_path) == ["one"]


@pytest.mark.parametrize("facts", [None, b"not JSON", b"[]", b'{"made_by": "another"}'])
def test_what_is_no_export_is_never_replaced(tmp_path, facts):
    """Not even if told so: it may be somebody's thesis."""
    (tmp_path / "thesis.txt").write_text("mine")
    if facts is not None:
        (tmp_path / FACTS).write_bytes(facts)

    with pytest.raises(ResultsError) as error:
        publish(tmp_path, OURS, is_replacing=True)

    assert str(error.value) == (
        f"{tmp_path} holds something else; an export goes into a folder of its own. Name a new one with --out."
    )
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_file_is_in_the_way(tmp_path):
    """A file of the name of the folder is said to be one."""
    (tmp_path / "one").touch()

    with pytest.raises(ResultsError, match=r"one is a file; an export goes into a folder of its own\. "):
        check_place(tmp_path / "one", is_replacing=True)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_disk_that_fails_leaves_what_was_there(tmp_path, monkeypatch, is_there):
    """The old export stands, or there is none; no half of a new one, and nothing beside it."""
    place = tmp_path / "one"
    if is_there:
        publish(place, OURS, is_replacing=False)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(ResultsError, match="the disk is full"):
        publish(place, {**OURS, "README.md": b"second"}, is_replacing=True)

    assert names(tmp_path) == (["one"] if is_there else [])
    assert not is_there or (place / "README.md").read_bytes() == b"first"
