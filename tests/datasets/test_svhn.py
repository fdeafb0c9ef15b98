import zlib

import numpy as np
import pytest
from scipy.io import savemat

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.source import finished
from ceteris.datasets.svhn import Svhn
from ceteris.errors import DataError
from tests.datasets.published_files import FILES, mat, small, write

REMEDY = "Replace it, or run `ceteris data fetch svhn` and name no copy to use an intact one."
EXPECTED = "expected a MATLAB 5 file with the arrays X and y"
WHOLE = FILES[Svhn]["test_32x32.mat"]
PIXELS, LABELS = np.zeros((32, 32, 3, 20), np.uint8), np.full((20, 1), 10.0)


def read(location):
    """Read a copy of the miniature release."""
    return finished(small(Svhn).read(DataChoice(name="svhn"), location=location, download=False))


def test_ten_is_the_digit_zero(tmp_path):
    """Labels 1 to 10 become 1 to 9 and 0, as the classes are called."""
    dataset = read(write(tmp_path, FILES[Svhn]))

    assert dataset.training.labels.tolist()[:12] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert dataset.class_names == tuple("0123456789")


def labels_with(value):
    """Labels of which the fifth is given."""
    labels = LABELS.copy()
    labels[4] = value
    return labels


def bomb():
    """A small file with a packed element that unpacks to 64 MB."""
    element = zlib.compress(bytes(1 << 26))
    return WHOLE + np.array([15, len(element)], "<u4").tobytes() + element


BAD = {
    "no MATLAB file": (b"<!DOCTYPE html><html>moved</html>", f"a web page, {EXPECTED}. "),
    "an empty file": (b"", f"an empty file, {EXPECTED}. "),
    "no labels": (mat(X=PIXELS), f"no array y in this file, {EXPECTED}. "),
    "images of another size": (
        mat(X=np.zeros((28, 28, 3, 20), np.uint8), y=LABELS),
        "X is of uint8 in the shape (28, 28, 3, 20), expected uint8 in the shape (32, 32, 3, 20). ",
    ),
    "pixels that are no bytes": (
        mat(X=PIXELS[..., :2].astype(np.float32), y=LABELS),
        "X is of float32 in the shape (32, 32, 3, 2), expected uint8 in the shape (32, 32, 3, 20). ",
    ),
    "a label too few": (
        mat(X=PIXELS, y=LABELS[1:]),
        "y is of float64 in the shape (19, 1), expected a number for each of 20 images. ",
    ),
    "a label of 0": (
        mat(X=PIXELS, y=labels_with(0)),
        "the label of image 4 is 0, expected 1 to 10; 10 is the digit 0. ",
    ),
    "a label of 11": (
        mat(X=PIXELS, y=labels_with(11)),
        "the label of image 4 is 11, expected 1 to 10; 10 is the digit 0. ",
    ),
    "a label that is no number": (
        mat(X=PIXELS, y=labels_with(np.nan)),
        "the label of image 4 is nan, expected 1 to 10; 10 is the digit 0. ",
    ),
    "a label between": (
        mat(X=PIXELS, y=labels_with(2.5)),
        "the label of image 4 is 2.5, expected 1 to 10; 10 is the digit 0. ",
    ),
    "a cell array": (
        mat(X=np.array([["a"], [1]], object), y=LABELS),
        "X is of the kind 'cell', expected numbers. ",
    ),
    "a structure": (mat(X=PIXELS, y={"a": 1}), "y is of the kind 'struct', expected numbers. "),
    "one that unpacks to too much": (bomb(), "unpacks to more than 1110176 bytes, which SVHN never does. "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_refused_in_a_sentence(tmp_path, name):
    """With the file, what was found, what was expected, and what to do."""
    content, message = BAD[name]
    path = write(tmp_path, {**FILES[Svhn], "test_32x32.mat": content}) / "test_32x32.mat"

    with pytest.raises(DataError) as error:
        read(tmp_path)

    assert str(error.value) == f"{path}: {message}{REMEDY}"


@pytest.mark.parametrize("kept", [130, 200, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, kept):
    """However much of it is there."""
    content = WHOLE[: kept if kept > 1 else int(kept * len(WHOLE))]
    path = write(tmp_path, {**FILES[Svhn], "test_32x32.mat": content}) / "test_32x32.mat"

    with pytest.raises(DataError) as error:
        read(tmp_path)

    assert str(error.value) == f"{path}: the file is damaged or cut short, {EXPECTED}. {REMEDY}"


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_are_refused_or_another_copy(tmp_path, seed):
    """Whatever they break, nobody sees a traceback, and nothing is taken for the official file."""
    generator = np.random.default_rng(seed)
    content = bytearray(WHOLE)
    for place in generator.integers(128, 128 + 200, 5).tolist():
        content[place] = generator.integers(256)
    write(tmp_path, {**FILES[Svhn], "test_32x32.mat": bytes(content)})

    try:
        assert read(tmp_path).notes
    except DataError as error:
        assert str(error).endswith(REMEDY)  # noqa: PT017 - either is right


def test_other_arrays_are_never_built(tmp_path):
    """Only the two arrays are read."""
    path = tmp_path / "train_32x32.mat"
    savemat(path, {"X": np.zeros((32, 32, 3, 40), np.uint8), "y": np.ones((40, 1)), "z": np.array([[1]], object)})
    write(tmp_path, {"test_32x32.mat": WHOLE})

    assert len(read(tmp_path).training) == 40
