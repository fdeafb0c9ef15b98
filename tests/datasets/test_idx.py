import gzip

import numpy as np
import pytest

from ceteris.datasets import fashion_mnist, mnist
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.fashion_mnist import FashionMnist
from ceteris.datasets.idx import PARTS, read_idx
from ceteris.datasets.mnist import Mnist
from ceteris.datasets.source import finished
from ceteris.errors import DataError
from tests.datasets.published_files import FILES, idx, packed, small, write

REMEDY = "Replace it, or run `ceteris data fetch mnist` and name no copy to use an intact one."
IMAGES, LABELS = PARTS[0], PARTS[1]


def refusal(folder, source=Mnist):
    """Give the message with which a folder is refused."""
    with pytest.raises(DataError) as error:
        finished(small(source).read(DataChoice(name="mnist"), location=folder, download=False))
    return str(error.value)


def header(*numbers):
    """Big-endian numbers of 32 bits."""
    return np.array(numbers, ">u4").tobytes()


def with_label(label):
    """The training labels with a third one that is given."""
    content = bytearray(FILES[Mnist][LABELS])
    content[8 + 2] = label
    return bytes(content)


WHOLE = FILES[Mnist][IMAGES]
BAD = {
    "another magic number": (
        IMAGES,
        header(0x802, 40, 28, 28) + WHOLE[16:],
        "begins with 00 00 08 02, expected 00 00 08 03, an IDX file of images. ",
    ),
    "labels in the place of images": (
        IMAGES,
        FILES[Mnist][LABELS],
        "begins with 00 00 08 01, expected 00 00 08 03, an IDX file of images. ",
    ),
    "images in the place of labels": (
        LABELS,
        WHOLE,
        "begins with 00 00 08 03, expected 00 00 08 01, an IDX file of labels. ",
    ),
    "an empty file": (IMAGES, b"", "is empty, expected 00 00 08 03, an IDX file of images. "),
    "half a header": (IMAGES, WHOLE[:8], "its header says 40 images, expected 40 x 28 x 28. "),
    "images of another size": (
        IMAGES,
        idx(np.zeros((40, 32, 32), np.uint8)),
        "its header says 40 x 32 x 32 images, expected 40 x 28 x 28. ",
    ),
    "one image fewer": (
        IMAGES,
        idx(np.zeros((39, 28, 28), np.uint8)),
        "its header says 39 x 28 x 28 images, expected 40 x 28 x 28. ",
    ),
    "a header that promises billions": (
        LABELS,
        header(0x801, 2**32 - 1),
        "its header says 4294967295 labels, expected 40. ",
    ),
    "a truncated file": (IMAGES, WHOLE[:-1], "31375 bytes found, expected 31376 for 40 x 28 x 28 images. "),
    "a byte too many": (IMAGES, WHOLE + b"\0", "more than 31376 bytes found, expected 31376 for 40 x 28 x 28 images. "),
    "a label of 10": (LABELS, with_label(10), "label 2 is 10, expected 0 to 9. "),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_malformed_file_is_refused_in_a_sentence(tmp_path, name, is_packed):
    """Whether it is packed or not, with the file, what was found, what was expected, and what to do."""
    part, content, message = BAD[name]
    files = {**FILES[Mnist], part: content}
    write(tmp_path, packed(files) if is_packed else files)
    path = tmp_path / (f"{part}.gz" if is_packed else part)

    assert refusal(tmp_path) == f"{path}: {message}{REMEDY}"


def test_a_damaged_archive_is_refused(tmp_path):
    """Cut short, with a wrong checksum, or none at all."""
    write(tmp_path, packed(FILES[Mnist]))
    path = tmp_path / f"{IMAGES}.gz"
    whole = path.read_bytes()

    path.write_bytes(whole[:-20])
    assert refusal(tmp_path) == (
        f"{path}: the file is damaged or cut short (Compressed file ended before the end-of-stream marker was "
        f"reached). {REMEDY}"
    )
    path.write_bytes(whole[:-8] + bytes(4) + whole[-4:])
    assert refusal(tmp_path).startswith(f"{path}: the file is damaged or cut short (CRC check failed")
    path.write_bytes(b"<!DOCTYPE html><html>moved</html>")
    assert refusal(tmp_path) == f"{path}: a web page, expected an IDX file packed with gzip. {REMEDY}"
    path.unlink()
    path.mkdir()
    assert refusal(tmp_path) == f"{path}: not a plain file. {REMEDY}"


def test_no_more_is_unpacked_than_such_a_file_has(tmp_path, monkeypatch):
    """An archive of some kilobytes that unpacks to much more costs nothing."""
    write(tmp_path, packed({**FILES[Mnist], LABELS: FILES[Mnist][LABELS] + bytes(1 << 24)}))
    asked, read = [], gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size=-1: asked.append(size) or read(self, size))

    assert refusal(tmp_path) == (
        f"{tmp_path / LABELS}.gz: more than 48 bytes found, expected 48 for 40 labels. {REMEDY}"
    )
    assert max(asked) <= len(WHOLE) + 1
    assert min(asked) > 0


def test_a_file_of_the_other_data_set_is_told(tmp_path, monkeypatch):
    """MNIST and Fashion-MNIST have the same file names; the checksums of the images tell which it is."""
    digest = small(FashionMnist).release.contents[IMAGES]
    monkeypatch.setitem(mnist.IdxSource.contents.__globals__["_OWNERS"], digest, "Fashion-MNIST")
    write(tmp_path, FILES[FashionMnist])

    assert refusal(tmp_path) == (
        f"{tmp_path / IMAGES}: holds the images of Fashion-MNIST, expected MNIST. Name the folder of MNIST, or change "
        "data.name in the study."
    )


def test_the_real_ones_are_told_apart():
    """The checksums by which one is told from the other are those of the releases."""
    owners = mnist.IdxSource.contents.__globals__["_OWNERS"]

    assert owners[mnist.OFFICIAL.contents[IMAGES]] == Mnist.label
    assert owners[fashion_mnist.OFFICIAL.contents[IMAGES]] == FashionMnist.label


def test_an_array_is_read_with_its_checksum(tmp_path):
    """The checksum is of the unpacked file, so that packing does not matter."""
    array = np.arange(12, dtype=np.uint8)
    (tmp_path / "a").write_bytes(idx(array))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx(array)))

    (plain, first), (unpacked, second) = (read_idx(tmp_path / name, (12,), remedy="") for name in ("a", "b.gz"))

    assert first == second
    np.testing.assert_array_equal(plain, unpacked)
