import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.cifar100 import Cifar100
from ceteris.datasets.dataset import Origin
from ceteris.datasets.source import finished
from ceteris.errors import DataError
from tests.datasets.published_files import FILES, cifar100_archive, small, write
from tests.datasets.tiny_cifar10 import tar

REMEDY = "Replace it, or run `ceteris data fetch cifar100` and name no copy to use an intact one."
WHOLE = FILES[Cifar100]
RECORD = 3074


def read(location):
    """Read a copy of the miniature release."""
    return finished(small(Cifar100).read(DataChoice(name="cifar100"), location=location, download=False))


def refusal(location):
    """Give the message with which a copy is refused."""
    with pytest.raises(DataError) as error:
        read(location)
    return str(error.value)


def changed(place, value):
    """The test records with another byte."""
    content = bytearray(WHOLE["test.bin"])
    content[place] = value
    return bytes(content)


def test_fine_labels_are_the_classes(tmp_path):
    """The second byte of a record counts, of 100 classes."""
    dataset = read(write(tmp_path, WHOLE))

    assert dataset.training.labels.tolist() == list(range(40))
    assert len(dataset.class_names) == 100
    assert (dataset.class_names[0], dataset.class_names[51], dataset.class_names[99]) == ("apple", "mushroom", "worm")


@pytest.mark.parametrize("named", ["the archive", "under another name", "its folder"])
def test_the_archive_is_read_without_extracting_it(tmp_path, named):
    """Named itself, whatever it is called, or by its folder; nothing appears beside it."""
    path = tmp_path / ("mine.tgz" if named == "under another name" else "cifar-100-binary.tar.gz")
    path.write_bytes(cifar100_archive(WHOLE))

    dataset = read(tmp_path if named == "its folder" else path)

    assert dataset.origin is Origin.OFFICIAL
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_of_other_images_is_a_modified_copy(tmp_path):
    """The files in it decide."""
    path = tmp_path / "cifar-100-binary.tar.gz"
    path.write_bytes(cifar100_archive({**WHOLE, "test.bin": changed(5, 0) if WHOLE["test.bin"][5] else changed(5, 1)}))

    assert "match test.bin)" in read(path).notes[0]


BAD = {
    "a class of 100": (changed(2 * RECORD + 1, 100), "record 2 has label 100, expected 0 to 99. "),
    "a superclass of 20": (changed(2 * RECORD, 20), "record 2 has the superclass 20, expected 0 to 19. "),
    "a truncated file": (
        WHOLE["test.bin"][:-1],
        "61479 bytes found, expected 61480 (20 records of 3074). ",
    ),
    "a byte too many": (WHOLE["test.bin"] + b"\0", "61481 bytes found, expected at most 61480. "),
    "records of CIFAR-10": (
        b"".join(WHOLE["test.bin"][start + 1 : start + RECORD] for start in range(0, 20 * RECORD, RECORD)),
        "61460 bytes found, expected 61480 (20 records of 3074). ",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_refused_in_a_sentence(tmp_path, name):
    """With the file, what was found, what was expected, and what to do."""
    content, message = BAD[name]
    write(tmp_path, {**WHOLE, "test.bin": content})

    assert refusal(tmp_path) == f"{tmp_path / 'test.bin'}: {message}{REMEDY}"


def test_a_bad_archive_is_refused_in_a_sentence(tmp_path):
    """Another archive, other classes, a file that is missing, a web page, and one that unpacks to too much."""
    path = tmp_path / "cifar-100-binary.tar.gz"

    def refused(content):
        path.write_bytes(content)
        return refusal(path)

    assert refused(tar([("cifar-10-batches-bin/data_batch_1.bin", b"")])) == (
        f"{path}: train.bin and test.bin not in this archive, but 'cifar-10-batches-bin/data_batch_1.bin'. {REMEDY}"
    )
    assert refused(cifar100_archive(WHOLE, names=("cat", "dog", "frog"))) == (
        f"{path}: fine_label_names.txt: names the classes 'cat', 'dog', 'frog', ..., expected apple, aquarium_fish, "
        f"baby, ...: this is another data set. {REMEDY}"
    )
    assert refused(b"<!DOCTYPE html><html>moved</html>") == (
        f"{path}: a web page, expected a .tar.gz archive of CIFAR-100. {REMEDY}"
    )
    assert refused(cifar100_archive({**WHOLE, "notes.bin": bytes(1 << 22)})) == (
        f"{path}: unpacks to more than {2 * 60 * RECORD + (1 << 20)} bytes, which CIFAR-100 never does. Do not trust "
        "this archive: delete it, and run `ceteris data fetch cifar100` to use an intact one."
    )
