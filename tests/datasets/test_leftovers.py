"""What is nobody's image in a folder of images."""

import pytest

from ceteris.datasets.folder import list_folder
from ceteris.datasets.leftovers import is_leftover, is_written_by_ceteris


@pytest.mark.parametrize(
    "name", ["lost+found", "System Volume Information", "$RECYCLE.BIN", "@eaDir", "#recycle", "__MACOSX", ".git"]
)
def test_what_systems_leave_is_neither_class_nor_image(make, name):
    """At the root of a drive, beside the classes, and with thumbnails inside a class."""
    listing = list_folder(make(f"{name}/1.png", f"a/{name}/2.png", "a/3.png", "b/4.png"))

    assert listing.class_names == ("a", "b")
    assert [file.name for file in listing.training] == ["a/3.png", "b/4.png"]
    assert listing.passed_over == ()


def test_what_only_resembles_it_is_the_users():
    """A class may be about recycling."""
    assert not any(map(is_leftover, ("recycle", "lost and found", "system", "eaDir", "thumbs")))


def test_results_are_known_by_their_files(make):
    """A folder of results folders counts; one with an image beside them does not."""
    folder = make("results/x/study.json", "results/x/runs/", "results/notes.txt", "mixed/y/study.json", "mixed/y/runs/")
    (folder / "mixed" / "1.JPG").touch()

    assert is_written_by_ceteris(folder / "results" / "x")
    assert is_written_by_ceteris(folder / "results")
    assert not is_written_by_ceteris(folder / "mixed")
    assert not is_written_by_ceteris(folder / "mixed" / "y" / "runs")
