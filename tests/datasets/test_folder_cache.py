import errno
import os

import numpy as np
import pytest

from ceteris.datasets import folder_dataset
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.folder_cache import clear, entries
from ceteris.datasets.folder_dataset import read_folder
from ceteris.datasets.source import FileProgress, Waiting
from ceteris.errors import DataError
from ceteris.locks.lock import Locks
from tests.datasets.small_folders import CHOICE, read


def test_images_are_decoded_once(two_classes):
    """The second reading takes everything from the cache, read-only and byte for byte the same."""
    told, first = read(two_classes)
    again, second = read(two_classes)

    assert {event.doing for event in told} == {"looking at", "decoding"}
    assert told[-1] == FileProgress(doing="decoding", done=20, total=20)
    assert {event.doing for event in again} == {"looking at"}
    assert first.digest == second.digest
    np.testing.assert_array_equal(first.training.images, second.training.images)
    assert not second.training.images.flags.writeable


@pytest.mark.parametrize(
    "changed",
    [
        {"size": 24},
        {"fit": "pad"},
        {"test": 0.4},
        {"validation": 0.3},
    ],
)
def test_other_choices_are_decoded_apart(two_classes, changed):
    """Size, fit and shares each have an entry of their own."""
    read(two_classes)
    told, _ = read(two_classes, DataChoice(**{"name": "./mine", "size": 16, **changed}))

    assert "decoding" in {event.doing for event in told}
    assert len(entries(two_classes.with_name("cache"))) == 2


def test_a_damaged_entry_is_made_again(two_classes):
    """A flipped bit in the cache is noticed, and the folder decoded once more."""
    _, dataset = read(two_classes)
    test = np.array(dataset.test.images)
    test = np.array(dataset.test.images)
    (entry,) = entries(two_classes.with_name("cache"))
    content = bytearray((entry.path / "images.npy").read_bytes())
    content[-1] ^= 1
    (entry.path / "images.npy").write_bytes(bytes(content))

    told, again = read(two_classes)

    assert "decoding" in {event.doing for event in told}
    assert again.digest == dataset.digest
    np.testing.assert_array_equal(again.test.images, test)


def test_the_cache_can_be_looked_at_and_cleared(two_classes):
    """Each entry says what it was made from; clearing frees what it took."""
    read(two_classes)
    cache = two_classes.with_name("cache")
    (entry,) = entries(cache)

    assert (entry.source, entry.images, entry.side) == ("mine", 20, 16)
    assert clear(cache) == entry.size > 20 * 16 * 16 * 3
    assert entries(cache) == ()


def test_another_process_is_waited_for(two_classes):
    """While somebody else decodes into the cache, nothing is decoded twice."""
    cache = two_classes.with_name("cache")
    (cache / "folders").mkdir(parents=True)
    lock = Locks(cache / "folders" / ".locks").take(["writing"])
    events = read_folder(two_classes, CHOICE, cache=cache, workers=1)
    event = next(event for event in events if not (isinstance(event, FileProgress) and event.doing == "looking at"))
    lock.release()

    assert event == Waiting(doing="decoding images", folder=cache / "folders", holder=str(lock.holder))
    assert next(events).doing == "decoding"


def test_a_full_disk_is_told(two_classes, monkeypatch):
    """How much is free, how much is needed, and what to do."""
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(folder_dataset.EntryWriter.__init__.__globals__["shutil"], "disk_usage", lambda _: usage)

    with pytest.raises(DataError) as raised:
        read(two_classes, DataChoice(name="./mine", size=256))

    assert str(raised.value) == (
        "cache/folders: 1 kB free, 7.9 MB needed for the decoded images. Make room or allow writing there, or choose "
        "another folder with XDG_CACHE_HOME."
    )
    assert list(two_classes.with_name("cache").glob("folders/.*.partial")) == []


def test_a_cache_that_another_user_owns_is_read(two_classes, monkeypatch):
    """A whole entry needs no lock and no permission to write; where pictures are to be decoded, the folder is named."""
    _, dataset = read(two_classes)

    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "cache/folders/.locks")

    monkeypatch.setattr(Locks, "take", forbidden)

    assert read(two_classes)[1].digest == dataset.digest
    with pytest.raises(DataError) as raised:
        read(two_classes, DataChoice(name="./mine", size=256))
    assert str(raised.value) == (
        "cache/folders: decoded images cannot be kept here (permission denied), 7.9 MB are needed. Make room or allow "
        "writing there, or choose another folder with XDG_CACHE_HOME."
    )


def test_a_cache_that_cannot_be_cleared_is_told(two_classes, monkeypatch):
    """Where, why, and what to look at."""
    read(two_classes)

    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("shutil.rmtree", forbidden)

    with pytest.raises(DataError, match=r"^cache/folders cannot be cleared \(permission denied\)\. Check its"):
        clear(two_classes.with_name("cache"))
