"""Whether folders are classes or parts of the images."""

import pytest

from ceteris.datasets.folder import list_folder


@pytest.mark.parametrize(
    ("training", "validation", "test"),
    [
        ("training_set", "validation_set", "test_set"),
        ("Train Images", "Dev", "Test-Images"),
        ("TRAINING", "valid", "Testing"),
        ("train_data", "val.data", "test_data"),
        ("images_train", "images_val", "images_test"),
    ],
)
def test_usual_names_of_parts_are_parts(make, training, validation, test):
    """However they are spelled, folders of class folders with such names are not classes."""
    listing = list_folder(
        make(*(f"{part}/{name}/1" for part in (training, validation, test) for name in ("cats", "dogs")))
    )

    assert listing.class_names == ("cats", "dogs")
    assert [file.name for file in listing.training] == [f"{training}/cats/1", f"{training}/dogs/1"]
    assert [file.name for file in listing.validation] == [f"{validation}/cats/1", f"{validation}/dogs/1"]
    assert [file.name for file in listing.test] == [f"{test}/cats/1", f"{test}/dogs/1"]


@pytest.mark.parametrize("names", [("seg_train/a/x/1", "seg_test/b/x/1"), ("cats of 2019 test/x/1", "dogs/x/1")])
def test_folders_that_hint_at_parts_are_not_taken_for_classes(make, refusal, names):
    """Folders of folders whose names hint at two parts, or that hold the same folders as one that hints at a part."""
    first, second = sorted((name.split("/")[0] for name in names), key=str.encode)

    assert refusal(make(*names)) == (
        f"mine: '{first}' and '{second}' have no files of their own, but folders, and by their names they are parts of "
        "a data set rather than classes. Name them 'train', 'validation' and 'test', with the class folders directly "
        "inside."
    )


@pytest.mark.parametrize(
    "names",
    [
        ("test tubes/1", "beakers/2"),
        ("test tubes/old/1", "beakers/new/2"),
        ("contest/x/1", "cats/x/2"),
        ("indoors/cats/1", "outdoors/cats/2"),
    ],
)
def test_classes_may_have_such_words_in_their_names(make, names):
    """A word alone decides nothing: it takes folders of folders, alike or of two parts."""
    assert len(list_folder(make(*names)).class_names) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["bus/1", "car/1", "train/1"],
            (
                "mine: 'train' is a usual name for a folder of training images, but there are no class folders in it. "
                "If it is a class, rename it, for example to 'train class'; if not, sort its images into class folders."
            ),
        ),
        (
            ["train/1", "test/1"],
            (
                "mine: 'test' and 'train' are usual names for folders of test and training images, but there are no "
                "class folders in them. If they are classes, rename them, for example to 'test class'; if not, sort "
                "their images into class folders."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", *(f"test/{number}" for number in range(7))],
            (
                "mine: 7 files lie outside class folders in 'test' ('0', '1', '2', '3', '4' and 2 more); expected "
                "class folders as in 'train': 'cat' and 'dog'. Sort the test images into such folders, or move 'test' "
                "away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "val/1"],
            (
                "mine: 1 file lies outside class folders in 'val' ('1'); expected class folders as in 'train': 'cat' "
                "and 'dog'. Sort the validation images into such folders, or move 'val' away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "test/"],
            (
                "mine: 'test' is empty; expected class folders as in 'train': 'cat' and 'dog'. Sort the test images "
                "into such folders, or move 'test' away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "training_set/cat/1", "test/cat/1"],
            "mine has 'train' and 'training_set', which both mean training images. Keep one of them.",
        ),
    ],
)
def test_what_looks_half_like_parts_is_refused(make, refusal, names, message):
    """Never a guess: where, what was found, what was expected, and how to say what was meant."""
    assert refusal(make(*names)) == message


def test_a_renamed_class_is_one(make):
    """What the message advises works."""
    assert list_folder(make("bus/1", "car/1", "train class/1")).class_names == ("bus", "car", "train class")
