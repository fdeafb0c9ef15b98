from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ceteris.datasets.inspection import inspect_folder
from ceteris.datasets.source import finished
from tests.datasets.photographs import draw_photograph
from tests.datasets.picture_files import saved


@pytest.fixture(scope="module")
def pictures():
    """Draw twelve pictures, none like another, each as the bytes of a JPEG file."""
    generator = np.random.default_rng(5)
    return [saved(draw_photograph("shell", (160, 120), generator), "JPEG", quality=90) for _ in range(12)]


@pytest.fixture
def inspect(tmp_path):
    """Write files into a folder and inspect it."""

    def inspect(files):
        for name, content in files.items():
            path = tmp_path / "mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return finished(inspect_folder(tmp_path / "mine", workers=1))

    return inspect


def smaller(content):
    """Save a picture again, smaller and compressed harder."""
    with Image.open(BytesIO(content)) as picture:
        return saved(picture.resize((144, 108)), "JPEG", quality=60)


def names(groups):
    """Name the files of groups."""
    return [[one.file.name for one in group] for group in groups]


def test_copies_and_near_copies_are_found_and_grouped(inspect, pictures):
    """What is the same byte for byte is one group; what is nearly the same another, with one of each."""
    found = inspect(
        {
            **{f"a/{number}.jpg": pictures[number] for number in range(6)},
            **{f"b/{number}.jpg": pictures[number] for number in range(6, 12)},
            "a/same.jpg": pictures[0],
            "b/same.jpg": pictures[0],
            "b/small.jpg": smaller(pictures[0]),
            "a/small.jpg": smaller(pictures[7]),
        }
    )

    assert names(found.copies) == [["a/0.jpg", "a/same.jpg", "b/same.jpg"]]
    assert names(found.near_copies) == [["a/0.jpg", "b/small.jpg"], ["a/small.jpg", "b/7.jpg"]]
    assert names(found.contradictory) == names((*found.copies, *found.near_copies))


def test_a_folder_without_parts_is_divided_as_a_study_would(inspect, pictures):
    """A fifth of each class for the test, a tenth of the rest for validation: at least one of each."""
    found = inspect({f"{'ab'[number % 2]}/{number}.jpg": picture for number, picture in enumerate(pictures)})

    assert dict(found.counts) == {
        (part, label): number for part, number in (("training", 4), ("validation", 1), ("test", 1)) for label in (0, 1)
    }
    assert (found.is_divided, found.crossing, found.guessing) == (False, (), 0.5)


def test_what_crosses_to_the_test_is_found(inspect, pictures):
    """In a folder that is divided, a copy and a near copy of what is learnt from are among the test images."""
    found = inspect(
        {
            **{f"train/a/{number}.jpg": pictures[number] for number in range(4)},
            **{f"train/b/{number}.jpg": pictures[number] for number in range(4, 8)},
            "train/b/again.jpg": pictures[4],
            "test/a/8.jpg": pictures[8],
            "test/a/same.jpg": pictures[1],
            "test/b/small.jpg": smaller(pictures[5]),
        }
    )

    assert found.is_divided
    assert names(found.crossing) == [
        ["train/a/1.jpg", "test/a/same.jpg"],
        ["train/b/5.jpg", "test/b/small.jpg"],
    ]


def test_sizes_formats_and_faults_are_kept(inspect, pictures):
    """A file says its size upright and its true format; what is no picture says why."""
    found = inspect({"a/1.png": pictures[0], "a/2.jpg": b"", "b/1.jpg": pictures[1]})

    assert [(one.width, one.height, one.format, one.is_misnamed) for one in found.pictures] == [
        (160, 120, "JPEG", True),
        (160, 120, "JPEG", False),
    ]
    assert [(file.name, reason) for file, reason in found.unreadable] == [("a/2.jpg", "is empty")]
