"""What is said of a folder that cannot be listed."""

from pathlib import Path

import pytest

from ceteris.datasets.folder_entries import list_entries
from ceteris.errors import DataError


def refused(path):
    """Give the message."""
    with pytest.raises(DataError) as raised:
        list_entries(path)
    return str(raised.value)


def test_a_name_that_reads_the_same_is_not_suggested_without_a_reason(make):
    """The question "Did you mean café?" helps nobody who wrote café."""
    folder = make("cafe\u0301/1")

    assert refused(folder / "caf\u00e9") == (
        "mine/caf\u00e9: there is no such folder, but one whose name reads the same and differs in how Unicode "
        "composes the letters. Rename it, or copy its name from a listing of the folder above."
    )


def test_a_path_that_no_system_has_is_one_line():
    """A character that ends strings, and a name that is too long."""
    assert refused(Path("a\x00b")) == r"a\x00b cannot be read: embedded null byte. Check the path."
    assert refused(Path("x" * 300)) == f"{'x' * 300} cannot be read: file name too long. Check the path."


def test_a_folder_that_may_not_be_listed_is_one_line(make, closed):
    """Also where its neighbours may not be listed either."""
    folder = make("a/1")
    closed("mine")

    assert refused(folder) == "mine cannot be read: permission denied. Check its permissions."
    assert refused(folder / "b") == "mine/b: there is no such folder. Check the path; a study's is seen from its file."
