from pathlib import Path

import pytest

from ceteris.errors import DataError, ResultsError
from ceteris.paths import expanded


def test_text_and_paths_are_taken_alike(tmp_path, monkeypatch):
    """`~` is the home directory in both; what has none is the same path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert expanded("~/mine", error=DataError) == expanded(Path("~/mine"), error=DataError) == tmp_path / "mine"
    assert expanded("results/~mine", error=DataError) == Path("results/~mine")


def test_a_home_directory_that_nobody_has_is_an_error():
    """Of the kind that the caller names, with what named the path."""
    with pytest.raises(ResultsError) as caught:
        expanded("~nosuchuser/mine", error=ResultsError, where="--out")

    expected = "--out: ~nosuchuser/mine: no home directory is known for '~nosuchuser'. Write the path in full."
    assert str(caught.value) == expected
