import hashlib
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from ceteris.datasets.cifar10 import Layout, find_copy
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.dataset import Origin
from ceteris.errors import DataError
from tests.datasets.tiny_cifar10 import PARTS, RECORDS, records, tar

REMEDY = "Replace it, or run `ceteris data fetch` and name no copy to use an intact one."
DISTRUST = "Do not trust this archive: delete it, and run `ceteris data fetch` to use an intact one."


def read(place, miniature, batches=5):
    """Find and read a copy of the miniature release."""
    return read_cifar10(find_copy(place, batches=batches), batches=batches, release=miniature.release)


def expected_images():
    """The training images of all five batches, as the records say."""
    table = np.concatenate(
        [np.frombuffer(records(part), np.uint8).reshape(RECORDS, 3073) for part in PARTS if part != "test_batch"]
    )
    return table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), table[:, 0]


@pytest.mark.parametrize("form", ["binary folder", "python folder", "binary archive", "python archive"])
@pytest.mark.parametrize("above", [False, True])
def test_every_form_of_the_official_release_reads_the_same(tmp_path, miniature, form, above):
    """Packed or not, python or binary, named itself or by the folder above: the same images, and official."""
    match form:
        case "binary folder":
            place = miniature.write_binary(tmp_path)
        case "python folder":
            place = miniature.write_python(tmp_path)
        case "binary archive":
            place = tmp_path / "cifar-10-binary.tar.gz"
            place.write_bytes(miniature.binary)
        case _:
            place = tmp_path / "cifar-10-python.tar.gz"
            place.write_bytes(miniature.python)

    dataset = read(tmp_path if above else place, miniature)

    images, labels = expected_images()
    np.testing.assert_array_equal(dataset.training.images, images)
    np.testing.assert_array_equal(dataset.training.labels, labels)
    assert len(dataset.test) == RECORDS
    assert (dataset.origin, dataset.notes) == (Origin.OFFICIAL, ())
    assert (
        dataset.digest
        == hashlib.sha256(b"".join(records(part) for part in (*sorted(PARTS[:5]), "test_batch"))).hexdigest()
    )


def test_one_batch_needs_only_its_own_file(tmp_path, miniature):
    """With batches = 1 the other training files may be missing, and do not count."""
    folder = miniature.write_binary(tmp_path)
    for number in range(2, 6):
        (folder / f"data_batch_{number}.bin").unlink()

    dataset = read(folder, miniature, batches=1)

    assert len(dataset.training) == RECORDS
    assert dataset.origin is Origin.OFFICIAL


def test_a_changed_pixel_makes_it_a_modified_copy(tmp_path, miniature):
    """What is not the official release is never passed off as it."""
    folder = miniature.write_binary(tmp_path)
    content = bytearray(records("data_batch_2"))
    content[100] ^= 1
    (folder / "data_batch_2.bin").write_bytes(content)

    dataset = read(folder, miniature)

    assert dataset.origin is Origin.MODIFIED
    assert " ".join(dataset.notes) == (
        "These images are not the official CIFAR-10 but a modified copy of it (the published checksums do not match "
        "data_batch_2): compare the accuracies with each other, not with published ones."
    )


def test_images_cannot_be_changed_by_a_run(tmp_path, miniature):
    """The arrays are read-only."""
    dataset = read(miniature.write_binary(tmp_path), miniature)

    with pytest.raises(ValueError, match="read-only"):
        dataset.training.images[0, 0, 0, 0] = 1


def link(name, target):
    """A tar member that is a link."""
    header = tarfile.TarInfo(name)
    header.type, header.linkname = tarfile.SYMTYPE, target
    return header


def device(name):
    """A tar member that is a device."""
    header = tarfile.TarInfo(name)
    header.type = tarfile.CHRTYPE
    return header


BIN = Layout.BINARY.folder
WHOLE = [(f"{BIN}/{part}.bin", records(part)) for part in PARTS]
BAD_ARCHIVES = {
    "HTML instead of an archive": (
        b"<!DOCTYPE html><html><body>Moved</body></html>",
        "{path}: a web page, expected a .tar.gz archive of CIFAR-10. " + REMEDY,
    ),
    "an empty file": (b"", "{path}: an empty file, expected a .tar.gz archive of CIFAR-10. " + REMEDY),
    "another archive": (
        tar([("notes/readme.txt", b"hello")]),
        "{path}: none of CIFAR-10's files in this archive, but 'notes/readme.txt'. " + REMEDY,
    ),
    "a missing member": (
        tar([entry for entry in WHOLE if "batch_3" not in entry[0]]),
        "{path}: data_batch_3.bin is missing in this archive. " + REMEDY,
    ),
    "a member twice": (
        tar([*WHOLE, WHOLE[0]]),
        "{path}: member '" + WHOLE[0][0] + "' is the second file of that name, expected one. " + DISTRUST,
    ),
    "a link": (
        tar([(link(f"{BIN}/data_batch_1.bin", "/etc/passwd"), b""), *WHOLE[1:]]),
        "{path}: member 'cifar-10-batches-bin/data_batch_1.bin' is a link, expected plain files only. " + DISTRUST,
    ),
    "a device": (
        tar([(device(f"{BIN}/data_batch_1.bin"), b""), *WHOLE[1:]]),
        "{path}: member 'cifar-10-batches-bin/data_batch_1.bin' is a device or pipe, expected plain files only. "
        + DISTRUST,
    ),
    "a path upwards": (
        tar([("../../data_batch_1.bin", records("data_batch_1")), *WHOLE[1:]]),
        "{path}: member '../../data_batch_1.bin' points outside the archive's own folder. " + DISTRUST,
    ),
    "an absolute path": (
        tar([("/tmp/data_batch_1.bin", records("data_batch_1")), *WHOLE[1:]]),  # noqa: S108 - never written
        "{path}: member '/tmp/data_batch_1.bin' points outside the archive's own folder. " + DISTRUST,
    ),
    "a member too large": (
        tar([(WHOLE[0][0], WHOLE[0][1] + b"x"), *WHOLE[1:]]),
        "{path}: member '" + WHOLE[0][0] + "' has 12293 bytes, expected at most 12292. " + REMEDY,
    ),
    "a member too short": (
        tar([(WHOLE[0][0], WHOLE[0][1][:-1]), *WHOLE[1:]]),
        "{path}: "
        + WHOLE[0][0].split("/")[1]
        + ": 12291 bytes found, expected 12292 bytes (4 records of 3073). "
        + REMEDY,
    ),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_a_bad_archive_is_refused_in_a_sentence(tmp_path, miniature, name):
    """Wrong, swapped and malicious archives: nothing is extracted, and the message says what to do."""
    content, message = BAD_ARCHIVES[name]
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(content)

    with pytest.raises(DataError) as error:
        read(path, miniature)

    assert str(error.value) == message.format(path=path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(tmp_path, miniature, kept):
    """However much of it is there."""
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(miniature.binary[: int(len(miniature.binary) * kept)])

    with pytest.raises(DataError) as error:
        read(path, miniature)

    assert str(error.value) == (
        f"{path}: the archive is damaged or cut short (Compressed file ended before the end-of-stream marker was "
        f"reached). {REMEDY}"
    )


def swap(folder):
    """Put one batch in the place of another."""
    (folder / "data_batch_2.bin").write_bytes(records("data_batch_1"))


def wrong_label(folder):
    """Give the third record of the test images label 10."""
    content = bytearray(records("test_batch"))
    content[2 * 3073] = 10
    (folder / "test_batch.bin").write_bytes(content)


BAD_FOLDERS = {
    "wrong label": (
        wrong_label,
        "{folder}/test_batch.bin: record 2 has label 10, expected 0 to 9. " + REMEDY,
    ),
    "swapped batches": (
        swap,
        "{folder}/data_batch_2.bin: holds the same images as data_batch_1, expected different ones. " + REMEDY,
    ),
    "an empty batch": (
        lambda folder: (folder / "data_batch_4.bin").write_bytes(b""),
        "{folder}/data_batch_4.bin: the file is empty, expected 12292 bytes (4 records of 3073). " + REMEDY,
    ),
    "a short batch": (
        lambda folder: (folder / "data_batch_4.bin").write_bytes(records("data_batch_4")[:5000]),
        "{folder}/data_batch_4.bin: 5000 bytes found, expected 12292 bytes (4 records of 3073). " + REMEDY,
    ),
    "a long batch": (
        lambda folder: (folder / "data_batch_4.bin").write_bytes(records("data_batch_4") * 2),
        "{folder}/data_batch_4.bin: 24584 bytes found, expected at most 12292. " + REMEDY,
    ),
    "a missing file": (
        lambda folder: (folder / "data_batch_4.bin").unlink(),
        "{folder}: data_batch_4.bin is missing, expected data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, "
        "data_batch_4.bin, data_batch_5.bin, test_batch.bin. " + REMEDY,
    ),
    "a folder in the place of a file": (
        lambda folder: ((folder / "data_batch_4.bin").unlink(), (folder / "data_batch_4.bin").mkdir()),
        "{folder}/data_batch_4.bin: not a plain file. " + REMEDY,
    ),
    "classes of another data set": (
        lambda folder: (folder / "batches.meta.txt").write_text("apple\nbear\ncan\n"),
        "{folder}/batches.meta.txt: names the classes 'apple', 'bear', 'can', ..., expected airplane, automobile, "
        "bird, ...: this is another data set. " + REMEDY,
    ),
}


@pytest.mark.parametrize("name", BAD_FOLDERS)
def test_a_bad_folder_is_refused_in_a_sentence(tmp_path, miniature, name):
    """A folder that is not a whole copy: where, what, and what to do."""
    spoil, message = BAD_FOLDERS[name]
    folder = miniature.write_binary(tmp_path)
    spoil(folder)

    with pytest.raises(DataError) as error:
        read(folder, miniature)

    assert str(error.value) == message.format(folder=folder)


def test_a_folder_without_the_files_is_refused(tmp_path, miniature):
    """A folder of something else says what would do."""
    (tmp_path / "holiday.jpg").write_bytes(b"")

    with pytest.raises(DataError) as error:
        read(tmp_path, miniature)

    assert str(error.value) == (
        f"{tmp_path}: no copy of CIFAR-10 in this folder. Name cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or "
        "the folder that holds cifar-10-batches-bin or cifar-10-batches-py, or run `ceteris data fetch` and name none."
    )


def test_a_place_that_is_not_there_is_refused(tmp_path, miniature):
    """A path with a typo says so."""
    with pytest.raises(DataError) as error:
        read(tmp_path / "cfiar", miniature)

    assert str(error.value) == (
        f"{tmp_path / 'cfiar'}: no such file or folder. Name cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or "
        "the folder that holds cifar-10-batches-bin or cifar-10-batches-py, or run `ceteris data fetch` and name none."
    )


@pytest.mark.skipif("CETERIS_DATA" not in os.environ, reason="CETERIS_DATA names no real CIFAR-10")
def test_real_images_read_whole():
    """A real copy has 50,000 and 10,000 images, 1,000 of each class to test."""
    dataset = read_cifar10(find_copy(Path(os.environ["CETERIS_DATA"]), batches=5), batches=5)

    assert dataset.training.images.shape == (50_000, 32, 32, 3)
    assert np.bincount(dataset.test.labels).tolist() == [1_000] * 10
