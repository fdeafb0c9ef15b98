import numpy as np
import pytest
from PIL import Image, ImageEnhance

from ceteris.datasets.near_copies import grey_thumbnail, hashes, near_copies, near_copies_across
from tests.datasets.photographs import draw_photograph


@pytest.fixture(scope="module")
def photographs():
    """Draw 60 pictures, none like another."""
    generator = np.random.default_rng(11)
    return [draw_photograph(("leaf", "shell", "stone")[number % 3], (240, 180), generator) for number in range(60)]


def thumbnail(picture):
    """Make a picture as small as it is compared."""
    return grey_thumbnail(np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.LANCZOS)))


CHANGES = {
    "smaller": lambda picture: picture.resize((100, 75)),
    "lighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "paler": lambda picture: ImageEnhance.Contrast(picture).enhance(0.7),
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "grey": lambda picture: picture.convert("L"),
    "trimmed": lambda picture: picture.crop((4, 3, 236, 177)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found(photographs, change):
    """Each picture is found beside its copy, however that was changed."""
    originals = [thumbnail(picture) for picture in photographs[:20]]
    changed = [thumbnail(CHANGES[change](picture)) for picture in photographs[:20]]

    found = list(near_copies(np.stack(originals + changed)))

    assert found == [(number, number + 20) for number in range(20)]


def test_different_pictures_are_left_alone(photographs):
    """None of 1,770 pairs of different pictures is taken for a copy."""
    assert list(near_copies(np.stack([thumbnail(picture) for picture in photographs]))) == []


def test_two_sets_are_compared_with_each_other_only(photographs):
    """A copy within a set is no pair; one in the other set is, also when it is mirrored."""
    first = np.stack([thumbnail(photographs[number]) for number in (0, 0, 1)])
    second = np.stack([thumbnail(photographs[number]) for number in (2, 1, 0)])

    assert list(near_copies_across(first, second)) == [(0, 2), (1, 2), (2, 1)]
    assert list(near_copies_across(first, second[:, :, ::-1])) == [(0, 2), (1, 2), (2, 1)]


@pytest.mark.parametrize("side", [32, 50, 96])
def test_pictures_of_any_size_are_compared(photographs, side):
    """Copies of other sizes are found, also where the side is no multiple of 32."""
    shrunk = photographs[0].convert("RGB").resize((side, side), Image.Resampling.LANCZOS)

    assert list(near_copies(np.stack([thumbnail(photographs[0]), grey_thumbnail(np.asarray(shrunk))]))) == [(0, 1)]


def test_plain_pictures_are_compared_by_their_grey():
    """Where there is nothing to correlate, black is not white."""
    flat = np.stack([np.full((32, 32), level, np.uint8) for level in (0, 3, 255, 250, 120)])

    assert list(near_copies(flat)) == [(0, 1), (2, 3)]


def test_hashes_tell_direction():
    """A picture that grows lighter to the right has other bits than one that grows lighter downwards."""
    across = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))

    right, down = hashes(np.stack([across, across.T]))

    assert [int(word).bit_count() for word in (*right, *down)] == [64, 0, 0, 64]


def test_many_pictures_are_compared_block_by_block():
    """A copy a thousand places away is found."""
    generator = np.random.default_rng(3)
    noise = generator.integers(0, 256, (1200, 32, 32), dtype=np.uint8)
    noise[1150] = noise[40]

    assert list(near_copies(noise)) == [(40, 1150)]
