import doctest
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from ceteris.datasets import dataset as module
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, allot, split_dataset, validation_places
from ceteris.errors import DataError


def dataset(labels, *, names=("ant", "bee", "cat")):
    """Images whose first pixel tells their place."""
    count = len(labels)
    images = np.random.default_rng(3).integers(0, 256, (count, 2, 2, 3), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    made = LabelledImages(images=images, labels=np.array(labels, np.int32))
    return Dataset(
        name="shapes",
        training=made,
        test=made,
        class_names=names,
        digest="0",
        origin=Origin.BUILT_IN,
        source="made by a test",
    )


LABELS = [0] * 30 + [1] * 50 + [2] * 20


def test_the_parts_are_disjoint_and_together_everything():
    """Every training image is in exactly one of the two sets, in its old order."""
    split = split_dataset(dataset(LABELS), DataChoice(name="shapes", validation=0.1))

    places = [part.images[:, 0, 0, 0].tolist() for part in (split.training, split.validation)]
    assert sorted(places[0] + places[1]) == list(range(100))
    assert places == [sorted(place) for place in places]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.33])
def test_how_many_images_there_are_is_known_before_they_are_divided(share):
    """Where some of them are held out for validation, and where there are images for it."""
    made, choice = dataset(LABELS), DataChoice(validation=share)

    for one in (made, replace(made, validation=made.test)):
        assert one.kind(choice) == split_dataset(one, choice).kind


def test_validation_is_stratified():
    """Each class gives its share."""
    chosen = validation_places(np.array(LABELS, np.uint8), 0.1, classes=3)

    assert np.bincount(np.array(LABELS)[chosen]).tolist() == [3, 5, 2]


@pytest.mark.parametrize(("counts", "share", "expected"), [((15, 25, 10), 0.1, [2, 2, 1]), ((7, 7, 7), 0.5, [4, 3, 3])])
def test_shares_that_are_no_whole_numbers_go_to_the_largest_remainder(counts, share, expected):
    """The total is the rounded share of all; what is left over goes to the classes that lost most by rounding."""
    labels = np.repeat(np.arange(3), counts).astype(np.int32)

    chosen = validation_places(labels, share, classes=3)

    assert np.bincount(labels[chosen], minlength=3).tolist() == expected


def test_the_split_is_always_the_same():
    """It is a function of labels and share, with no seed; these places were chosen once and for all."""
    chosen = validation_places(np.arange(40).astype(np.uint8) % 2, 0.1, classes=2)

    assert chosen.tolist() == [3, 10, 19, 36]


def test_a_share_that_leaves_a_class_out_is_an_error():
    """Too few images of a class for both sets."""
    with pytest.raises(DataError) as error:
        split_dataset(dataset([0] * 30 + [1] * 30 + [2]), DataChoice(name="shapes", validation=0.1))

    assert str(error.value) == (
        "validation = 0.1 leaves the validation set of 6 images without class 'cat'. "
        "Choose a share that gives every class an image in both sets."
    )


def test_unit_scaling_is_grey_level_over_255():
    """A pixel lies in [0, 1]."""
    split = split_dataset(dataset(LABELS), DataChoice(name="shapes", scaling="unit"))

    np.testing.assert_array_equal(split.scale, np.full(3, 1 / 255, np.float32))
    np.testing.assert_array_equal(split.offset, np.zeros(3, np.float32))


def test_pixels_lie_between_minus_one_and_one_unless_a_study_says_otherwise():
    """Black is -1 and white is 1, centred as the initial weights expect it."""
    split = split_dataset(dataset(LABELS), DataChoice(name="shapes"))

    assert (split.scale * 0 + split.offset).tolist() == [-1, -1, -1]
    assert split.scale * 255 + split.offset == pytest.approx(np.ones(3), abs=1e-6)


def test_standard_scaling_gives_the_training_part_mean_0_and_deviation_1():
    """Mean and deviation are those of the part that is learnt from, not of validation or test."""
    split = split_dataset(dataset(LABELS), DataChoice(name="shapes", scaling="standard"))

    values = split.training.images.astype(np.float64) * split.scale + split.offset
    assert values.mean(axis=(0, 1, 2)) == pytest.approx(np.zeros(3), abs=1e-5)
    assert values.std(axis=(0, 1, 2)) == pytest.approx(np.ones(3), abs=1e-5)


def test_no_run_can_change_what_the_next_one_sees():
    """All arrays are read-only."""
    split = split_dataset(dataset(LABELS), DataChoice(name="shapes"))

    for array in (split.training.images, split.training.labels, split.validation.images, split.scale, split.offset):
        assert not array.flags.writeable


DIGESTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(100)]
FILE_LABELS = [number % 3 for number in range(100)]


def test_each_class_gives_its_share():
    """Rounded to whole pictures: of 34, 33 and 33 pictures a fifth each."""
    chosen = allot(FILE_LABELS, DIGESTS, 0.2, "test")

    assert [sum(FILE_LABELS[place] == label for place in chosen) for label in range(3)] == [7, 7, 7]


def test_the_choice_does_not_depend_on_order_or_names():
    """What is chosen is decided by the content of the files."""
    chosen = {DIGESTS[place] for place in allot(FILE_LABELS, DIGESTS, 0.2, "test")}
    backwards = allot(FILE_LABELS[::-1], DIGESTS[::-1], 0.2, "test")

    assert {DIGESTS[::-1][place] for place in backwards} == chosen


def test_one_more_picture_moves_few():
    """Nearly all of the test pictures stay test pictures when the folder grows."""
    before = {DIGESTS[place] for place in allot(FILE_LABELS[:99], DIGESTS[:99], 0.2, "test")}
    after = {DIGESTS[place] for place in allot(FILE_LABELS, DIGESTS, 0.2, "test")}

    assert len(before - after) <= 1


def test_copies_stay_on_one_side():
    """No picture is chosen while a copy of it in the same class is not."""
    digests = [DIGESTS[number // 4] for number in range(100)]
    chosen = set(allot([0] * 100, digests, 0.3, "test"))

    assert 20 <= len(chosen) <= 30
    for place in range(100):
        copies = {place // 4 * 4 + offset for offset in range(4)}
        assert copies <= chosen or not copies & chosen


def test_a_class_of_copies_gives_none():
    """Where all pictures of a class are one, none can be set aside."""
    assert allot([0, 0, 1, 1], ["aa", "aa", "bb", "cc"], 0.5, "test") in {(2,), (3,)}


def test_another_purpose_chooses_others():
    """What is set aside for validation is not chosen by the same numbers as what is tested on."""
    assert allot(FILE_LABELS, DIGESTS, 0.2, "test") != allot(FILE_LABELS, DIGESTS, 0.2, "validation")


def test_the_examples_run():
    """The docstring tells the truth."""
    assert doctest.testmod(module) == (0, 2)
