import hashlib
import shutil

import numpy as np
import pytest
from PIL import Image

from ceteris.datasets import folder_dataset
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import ImageKind, Origin, split_dataset
from ceteris.datasets.folder_cache import entries
from ceteris.datasets.folder_dataset import folder_ahead
from ceteris.datasets.source import Ahead, finished
from ceteris.errors import DataError
from ceteris.networks.shape import Shape
from tests.datasets.photographs import draw_photograph, write_photographs
from tests.datasets.picture_files import saved, scene
from tests.datasets.small_folders import CHOICE, levels, plain, read


def test_a_folder_becomes_three_disjoint_sets(two_classes):
    """A fifth of each class is tested on, a tenth of the rest watches convergence, all with their labels."""
    _, dataset = read(two_classes)

    parts = (dataset.training, dataset.validation, dataset.test)
    assert [len(part) for part in parts] == [14, 2, 4]
    assert sorted(level for part in parts for level in levels(part)) == [*range(10), *range(100, 110)]
    assert all((np.asarray(levels(part)) >= 100).tolist() == part.labels.astype(bool).tolist() for part in parts)
    assert dataset.class_names == ("a", "b")
    assert (dataset.name, dataset.origin) == ("mine", Origin.OWN)
    assert dataset.source == "folder mine, 20 % of each class set aside for testing"
    assert dataset.notes == ()


def test_the_digest_follows_the_content(two_classes):
    """A folder has the digest of its copy elsewhere, and another when one pixel differs or the division does."""
    _, dataset = read(two_classes)
    shutil.copytree(two_classes, two_classes.with_name("copy"))
    _, copied = read(two_classes.with_name("copy"))
    _, divided = read(two_classes, DataChoice(name="./mine", size=16, test=0.4))
    (two_classes / "a" / "0.png").write_bytes(plain(50))
    _, changed = read(two_classes)

    assert copied.digest == dataset.digest
    assert len({dataset.digest, divided.digest, changed.digest}) == 3


def test_files_that_cannot_be_read_are_left_out_and_told(two_classes, fill):
    """The rest is unharmed, and the reader is told how many are missing and why."""
    fill({"a/bad.png": b"", "a/page.jpg": b"<html>", "b/1.txt": b"words", "b/cut.png": plain(3)[:40]})

    _, dataset = read(two_classes)

    assert len(dataset.training) + len(dataset.validation) + len(dataset.test) == 20
    assert dataset.notes == (
        (
            "4 of 24 files cannot be read and were left out: a/bad.png is empty; a/page.jpg is a web page, not a JPEG, "
            "PNG, WebP, BMP, GIF or TIFF image; b/1.txt is text, not a JPEG, PNG, WebP, BMP, GIF or TIFF image; and "
            "1 more."
        ),
    )


def test_parts_of_the_folder_stay_as_they_are(fill):
    """Training, validation and test folders are taken as they are, and what is in two of them is told."""
    folder = fill(
        {
            **{
                f"train/{name}/{number}.png": plain(20 * (name == "b") + number) for name in "ab" for number in range(4)
            },
            **{f"valid/{name}/v.png": plain(50 + (name == "b")) for name in "ab"},
            "test/a/new.png": plain(60),
            "test/a/copy.png": plain(2),
            "test/b/new.png": plain(61),
        }
    )

    _, dataset = read(folder)
    split = split_dataset(dataset, CHOICE)

    assert sorted(levels(split.validation)) == [50, 51]
    assert sorted(levels(split.test)) == [2, 60, 61]
    assert (len(split.training), split.classes) == (8, 2)
    assert dataset.source == "folder mine"
    assert dataset.notes == (
        (
            "1 of 3 test image is among the training or validation images too, byte for byte, so that accuracies come "
            "out too high: test/a/copy.png."
        ),
    )


def test_many_copies_are_counted_and_some_named(fill):
    """Three names are enough for a note."""
    sound = {f"train/{name}/{number}.png": plain(100 * (name == "b") + number) for name in "ab" for number in range(8)}
    copies = {name.replace("train", "test"): content for name, content in sound.items() if name[-5] in "01"}
    folder = fill(sound | copies)

    assert read(folder)[1].notes == (
        (
            "4 of 4 test images are among the training or validation images too, byte for byte, so that accuracies "
            "come out too high: test/a/0.png, test/a/1.png, test/b/0.png; and 1 more."
        ),
    )


def test_copies_that_were_changed_are_told(fill):
    """A test image that was scaled, or mirrored, from one that is learnt from: named above every number, and no other.

    In images of less than 32 pixels too little is left to compare.
    """
    generator = np.random.default_rng(5)

    def drawn():
        return draw_photograph("leaf", (96, 96), generator)

    pictures = [drawn() for _ in range(12)]
    files = {f"train/{'ab'[n % 2]}/{n}.png": saved(picture, "PNG") for n, picture in enumerate(pictures)}
    mirrored = pictures[1].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    folder = fill(
        files
        | {
            "test/a/small.png": saved(pictures[2].resize((64, 64)), "PNG"),
            "test/a/new.png": saved(drawn(), "PNG"),
            "test/b/turned.png": saved(mirrored, "PNG"),
        }
    )

    notes = {size: read(folder, DataChoice(name="./mine", size=size))[1].notes for size in (48, 16)}

    assert notes[48] == (
        (
            "2 of 3 test images look nearly the same as training or validation images; where they are copies (scaled, "
            "compressed again, lighter, mirrored), accuracies come out too high: test/a/small.png like train/a/2.png, "
            "test/b/turned.png like train/b/1.png."
        ),
    )
    assert notes[16] == ()
    assert read(folder, DataChoice(name="./mine", size=48))[1].notes == notes[48]


def test_copies_never_cross_a_division_that_is_made_here(fill):
    """Four copies of each picture are learnt from, or watched, or tested on, together."""
    folder = fill(
        {f"{name}/{number}.png": plain(100 * (name == "b") + number // 4) for name in "ab" for number in range(60)}
    )

    _, dataset = read(folder)

    sets = [set(levels(part)) for part in (dataset.training, dataset.validation, dataset.test)]
    assert sum(map(len, sets)) == len(set.union(*sets)) == 30
    assert dataset.notes == ()


def test_a_class_with_too_few_images_is_refused(two_classes, fill):
    """One image each to learn from, to validate and to test is the least."""
    fill({"c/1.png": plain(1), "c/2.png": plain(2), "c/3.png": b"no picture"})

    with pytest.raises(DataError) as raised:
        read(two_classes)

    assert str(raised.value) == (
        "mine: class 'c' has 2 images that can be read, expected at least 3. Run `ceteris data check mine` to see what "
        "is wrong with the others."
    )


def test_a_class_of_copies_cannot_be_divided(two_classes, fill):
    """The message says which share, and which class."""
    fill({f"c/{number}.png": plain(1) for number in range(5)})

    with pytest.raises(DataError) as raised:
        read(two_classes)

    assert str(raised.value) == (
        "mine: test = 0.2 would take every image of class 'c': too few of them differ. Add images of it, or choose a "
        "smaller share."
    )


def test_three_hundred_classes_keep_their_labels(fill):
    """Red and green count the classes: each picture has its own class, before and after the cache."""
    names = [f"{label:03}" for label in range(300)]

    def picture(label, number):
        return saved(Image.new("RGB", (8, 8), (label % 256, label // 256, number)), "PNG")

    folder = fill({f"{name}/{n}.png": picture(label, n) for label, name in enumerate(names) for n in range(5)})
    choice = DataChoice(name="./mine", size=8, validation=0.25)
    _, dataset = read(folder, choice)
    _, again = read(folder, choice)

    assert dataset.class_names == tuple(names)
    for part in (dataset.training, dataset.validation, dataset.test, again.test):
        drawn = part.images[:, 0, 0, :2].astype(int) @ [1, 256]
        np.testing.assert_array_equal(part.labels, drawn)
        assert set(drawn.tolist()) == set(range(300))


def test_what_a_folder_will_be_like_is_known_from_its_names(two_classes):
    """A plan needs no pixel."""
    cache = two_classes.with_name("cache")

    assert finished(folder_ahead(two_classes, CHOICE, cache=cache)) == Ahead(
        images=ImageKind(shape=Shape(16, 16, 3), classes=2, training_images=14, validation_images=2, test_images=4)
    )
    assert not cache.exists()


def test_a_plan_knows_the_notes_of_a_folder_that_was_decoded(two_classes, fill):
    """What an earlier run saw in the pictures is said beforehand; what was changed since is not taken for seen."""
    fill({"a/bad.png": b"no picture"})
    cache = two_classes.with_name("cache")

    def notes():
        return finished(folder_ahead(two_classes, CHOICE, cache=cache)).notes

    before = notes()
    _, dataset = read(two_classes)
    after = notes()
    fill({"a/bad.png": plain(77)})

    assert (before, notes()) == ((), ())
    assert (
        after
        == dataset.notes
        == (
            (
                "1 of 21 files cannot be read and was left out: a/bad.png is text, not a JPEG, PNG, WebP, BMP, GIF or "
                "TIFF image."
            ),
        )
    )


def test_classes_without_a_test_image_are_told(fill):
    """A test of one class in three says nothing about the others; validation likewise."""
    learnt = {
        f"train/{name}/{number}.png": plain(20 * "abc".index(name) + number) for name in "abc" for number in (1, 2)
    }
    folder = fill(learnt | {"test/a/1.png": plain(90), "val/a/1.png": plain(91), "val/b/1.png": plain(92)})

    assert read(folder)[1].notes == (
        "2 of 3 classes have no test image: 'b' and 'c'; test accuracies say nothing about them.",
        ("1 of 3 classes has no validation image: 'c'; validation accuracies and convergence say nothing about it."),
    )


def test_one_image_under_two_labels_is_told(fill):
    """At most one of the labels can be right, on whichever side of the test the files are."""
    folder = fill(
        {f"{name}/{number}.png": plain(100 * (name == "b") + number) for name in "ab" for number in range(10)}
        | {"b/same.png": plain(3), "b/again.png": plain(3), "a/other.png": plain(104)}
    )

    note = next(note for note in read(folder)[1].notes if "class" in note)

    assert note == (
        "2 images are in more than one class, byte for byte, and at most one of the labels can be right: a/3.png and "
        "b/again.png; a/other.png and b/4.png."
    )


def test_photographs_of_every_kind_are_read(tmp_path):
    """Mixed sizes, formats, modes and faults: what is no picture is told, and all others are there."""
    folder = tmp_path / "photographs"
    unusable = write_photographs(folder, 90, largest=640)

    _, dataset = read(folder, DataChoice(name="./photographs", size=32))

    parts = (dataset.training, dataset.validation, dataset.test)
    assert unusable
    assert sum(len(part) for part in parts) == 90 - len(unusable)
    (entry,) = entries(tmp_path / "cache")
    assert sorted(line.split()[0] for line in _left_out(entry)) == sorted(unusable)


def _left_out(entry):
    found = folder_dataset.open_entry(entry.path)
    assert hashlib.sha256(found.images.tobytes()).hexdigest() == found.images_sha256
    return found.left_out


def test_a_scene_is_fitted_as_the_study_says(fill):
    """The fit of the study reaches the pixels."""
    files = [(name, number) for name in "ab" for number in range(4)]
    folder = fill(
        {f"{name}/{number}.png": saved(Image.fromarray(scene(40 + number, 60)), "PNG") for name, number in files}
    )
    crop, pad = (DataChoice(name="./mine", size=32, fit=fit) for fit in ("crop", "pad"))

    assert read(folder, crop)[1].training.images[:, 0].any()
    assert not read(folder, pad)[1].training.images[:, 0].any()
