"""What is drawn for each image, and that both engines make the same bytes of it, those of plain steps in NumPy."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from ceteris.engines.augmentation import View, plain_views, views
from ceteris.engines.augmentation import augmented as in_numpy
from ceteris.engines.lanes.kernels import load_kernels, usable_instruction_sets
from ceteris.engines.streams import shifts
from ceteris.engines.torch.batches import seen
from ceteris.networks.shape import Shape
from ceteris.training.training import Training

IMAGE = Shape(13, 11, 3)
EVERYTHING = {"flip": True, "crop": 3, "rotation": 40.0, "cutout": 5, "brightness": 0.5, "contrast": 0.8}


def toned(image, brightness, contrast):
    """Change brightness, then contrast around 128, in whole numbers."""
    gain = brightness * contrast // 4096
    return np.clip((image.astype(np.int64) * gain + 128 * (4096 - contrast) + 2048) // 4096, 0, 255).astype(np.uint8)


def rotated(image, cosine, sine):
    """Look up each pixel where it was before a clockwise rotation, pixel by pixel."""
    height, width = image.shape[:2]
    result = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            across, along = x - (width - 1) / 2, y - (height - 1) / 2
            column = math.floor((cosine * across + sine * along) / 2**14 + width / 2)
            row = math.floor((cosine * along - sine * across) / 2**14 + height / 2)
            if 0 <= row < height and 0 <= column < width:
                result[y, x] = image[row, column]
    return result


def shifted(image, down, right):
    """Move an image within a black frame."""
    margin = 16
    framed = np.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    height, width = image.shape[:2]
    return framed[margin + down :, margin + right :][:height, :width]


def augmented(image, row):
    """Do one step after the other, in the order that the documentation gives."""
    mirrored, down, right, cosine, sine, top, left, side, brightness, contrast = (int(number) for number in row)
    result = toned(image, brightness, contrast)
    result = result[:, ::-1] if mirrored else result
    result = shifted(rotated(result, cosine, sine), down, right).copy()
    result[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return result


def drawn_images(count, shape=IMAGE):
    """Draw images without a black pixel."""
    generator = np.random.default_rng(5)
    return generator.integers(1, 256, (count, shape.height, shape.width, shape.channels), dtype=np.uint8)


SETTINGS = [
    *({name: strength} for name, strength in EVERYTHING.items()),
    EVERYTHING,
    {"rotation": 180.0, "cutout": 40},
    {"brightness": 1.0, "contrast": 1.0},
]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_both_engines_see_the_bytes_that_plain_steps_give(settings, channels):
    """PyTorch and each build of the kernels make every byte that NumPy makes, one step after the other."""
    shape = Shape(IMAGE.height, IMAGE.width, channels)
    images, rows = drawn_images(37, shape), views(3, 2, 37, Training(**settings), shape)
    expected = np.stack([augmented(image, row) for image, row in zip(images, rows, strict=True)])

    in_torch = seen(torch.from_numpy(images), torch.arange(37), torch.from_numpy(rows).long())

    assert not np.array_equal(expected, images)
    assert np.array_equal(in_torch, expected)
    assert np.array_equal([in_numpy(image, row) for image, row in zip(images, rows, strict=True)], expected)
    for build in usable_instruction_sets():
        assert np.array_equal(load_kernels(build).seen(images, rows), expected), build


def test_images_without_a_change_keep_their_bytes():
    """A run without augmentation beside others sees its images as they are."""
    images, rows = drawn_images(20), plain_views(20)

    assert views(3, 2, 20, Training(), IMAGE) is None
    assert np.array_equal(seen(torch.from_numpy(images), torch.arange(20), torch.from_numpy(rows).long()), images)
    for build in usable_instruction_sets():
        assert np.array_equal(load_kernels(build).seen(images, rows), images)


def test_draws_stay_what_they_were():
    """Numbers that stored results rest on are pinned: a change of them needs a new `SCHEMA`."""
    rows = views(7, 1, 4, Training(**EVERYTHING), IMAGE)

    assert rows.dtype == np.int16
    assert rows.tolist() == PINNED


PINNED = [
    [1, 3, 1, 13785, -8855, 7, 1, 5, 3955, 875],
    [1, -3, 0, 16291, -1747, 1, 4, 5, 4009, 1971],
    [1, -2, -2, 13242, -9649, 10, 7, 5, 4246, 3732],
    [0, -3, 0, 15896, 3970, 0, 6, 5, 3041, 959],
]


@pytest.mark.parametrize("name", EVERYTHING)
def test_one_augmentation_does_not_change_what_another_draws(name):
    """Alone it draws what it draws beside all others, and leaves their numbers as they are in an unchanged image."""
    alone, all_rows = (views(2, 0, 50, Training(**one), IMAGE) for one in ({name: EVERYTHING[name]}, EVERYTHING))
    own = np.any(alone != plain_views(50), axis=0)

    assert np.array_equal(alone[:, own], all_rows[:, own])
    assert [View(column).name for column in np.flatnonzero(own)] == {
        "flip": ["MIRRORED"],
        "crop": ["DOWN", "RIGHT"],
        "rotation": ["COSINE", "SINE"],
        "cutout": ["TOP", "LEFT", "SIDE"],
        "brightness": ["BRIGHTNESS"],
        "contrast": ["CONTRAST"],
    }[name]


def test_mirrored_and_shifted_images_are_those_of_version_0_1():
    """Their draws are the ones that stored results rest on."""
    rows = views(7, 1, 30, Training(flip=True, crop=4), IMAGE)

    assert np.array_equal(rows[:, :3], shifts(7, 1, 30, flip=True, crop=4))


def test_strengths_are_drawn_evenly_up_to_the_largest():
    """Angles, centres of squares and factors are uniform over all that the settings allow."""
    rows = views(2, 0, 20_000, Training(**EVERYTHING), IMAGE).astype(np.int64)
    angles = np.degrees(np.arctan2(rows[:, View.SINE], rows[:, View.COSINE]))

    for values, largest in (
        (angles, 40),
        (rows[:, View.BRIGHTNESS] / 4096 - 1, 0.5),
        (rows[:, View.CONTRAST] / 4096 - 1, 0.8),
    ):
        assert np.abs(values).max() == pytest.approx(largest, rel=0.01)
        assert stats.kstest(values, stats.uniform(-largest, 2 * largest).cdf).pvalue > 0.001
    for values, side in ((rows[:, View.TOP], IMAGE.height), (rows[:, View.LEFT], IMAGE.width)):
        assert stats.chisquare(np.bincount(values + 2, minlength=side)).pvalue > 0.001
    assert rows[:, View.COSINE] ** 2 + rows[:, View.SINE] ** 2 == pytest.approx(2**28, rel=1e-4)
    assert (
        np.abs(np.corrcoef(np.delete(rows, View.SIDE, axis=1).T - np.eye(9, 20_000))[View.TOP :, : View.TOP]).max()
        < 0.03
    )


def test_a_quarter_turn_is_exact_and_clockwise():
    """Rotation by 90 degrees moves each pixel of a square image to its place on the right."""
    image = drawn_images(1, Shape(8, 8, 3))[0]

    assert np.array_equal(rotated(image, 0, 2**14), np.rot90(image, -1))
