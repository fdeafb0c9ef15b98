from dataclasses import replace

import numpy as np
import pytest

from ceteris.datasets.features import FeatureCache, FeatureKey, images_digest
from ceteris.errors import DataError

KEY = FeatureKey(
    backbone="mobilenet_v2",
    weights="a" * 64,
    images="b" * 64,
    resolution=96,
    preparation=1,
    precision="float32 on cpu",
    view="plain",
)
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def cache(tmp_path):
    """A cache that holds one entry."""
    cache = FeatureCache(tmp_path / "features")
    keep(cache)
    return cache


def keep(cache, key=KEY):
    """Put three rows under a key."""
    room = cache.room(key, 3, 4)
    room[:] = VALUES
    return cache.keep(key, room, seconds=1.5, precision_error=0.01)


def test_what_is_kept_is_found_again(cache):
    """The same values, mapped from the disk, with how they were made."""
    found = cache.read(KEY)

    assert np.array_equal(found.values, VALUES)
    assert isinstance(found.values, np.memmap)
    assert (found.seconds, found.precision_error) == (1.5, 0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "c" * 64},
        {"images": "c" * 64},
        {"resolution": 128},
        {"preparation": 2},
        {"precision": "bfloat16 on cpu"},
        {"view": "mirrored"},
        {"backbone": "resnet18"},
    ],
)
def test_other_features_have_another_key(cache, change):
    """Whatever decides features is part of their name."""
    assert cache.read(replace(KEY, **change)) is None


@pytest.mark.parametrize("spoil", ["flip", "cut", "forget", "garble"])
def test_what_is_damaged_counts_as_not_there(cache, spoil):
    """A flipped bit, a shorter file, a missing one, and no JSON."""
    folder = cache.entries()[0].folder
    features, facts = folder / "features.npy", folder / "facts.json"
    content = bytearray(features.read_bytes())
    if spoil == "flip":
        content[-1] ^= 1
        features.write_bytes(content)
    elif spoil == "cut":
        features.write_bytes(content[:-4])
    elif spoil == "forget":
        facts.unlink()
    else:
        facts.write_text("{")

    assert cache.read(KEY) is None
    keep(cache)
    assert np.array_equal(cache.read(KEY).values, VALUES)


def test_what_is_half_made_is_no_entry(cache):
    """Room was made and nothing was kept."""
    other = replace(KEY, view="mirrored")
    cache.room(other, 3, 4)

    assert cache.read(other) is None
    assert [entry.description for entry in cache.entries()] == [
        "mobilenet_v2 at 96 x 96, 3 images, plain, float32 on cpu",
        "unfinished",
    ]


def test_clearing_frees_everything(cache):
    """Nothing is left, and the bytes are counted."""
    size = sum(entry.size for entry in cache.entries())

    assert cache.clear() == size > VALUES.nbytes
    assert cache.entries() == ()
    assert cache.read(KEY) is None


def test_a_place_that_cannot_hold_them_is_told(tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "features").write_text("mine")
    cache = FeatureCache(tmp_path / "features")

    with pytest.raises(DataError) as caught:
        cache.room(KEY, 250_000, 4)

    assert "features cannot be kept here (" in str(caught.value)
    assert str(caught.value).endswith(
        "Make room there, run `ceteris data clear`, or choose another folder with XDG_CACHE_HOME."
    )


def test_one_pixel_decides_the_digest_of_images():
    """Images are known by their pixels and their shape."""
    images = np.zeros((2, 4, 4, 3), np.uint8)
    other = images.copy()
    other[1, 2, 3, 1] = 1

    assert images_digest(images) == images_digest(images.copy())
    assert len({images_digest(images), images_digest(other), images_digest(images.reshape(1, 8, 4, 3))}) == 3
