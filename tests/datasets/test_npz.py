import io
import pickle
import zipfile

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice, images_ahead, load_dataset
from ceteris.datasets.dataset import ImageKind, Origin, split_dataset
from ceteris.datasets.source import finished
from ceteris.errors import DataError
from ceteris.networks.shape import Shape

EXPECTED = "expected the arrays 'images' and 'labels', or 'x_train', 'y_train', 'x_test' and 'y_test'"


def noise(count, *size, seed=1):
    """Give images of noise."""
    return np.random.default_rng(seed).integers(0, 256, (count, *size), np.uint8)


def labels(count, classes=3):
    """Give labels of which each class has its turn."""
    return np.arange(count) % classes


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write arrays to `mine.npz` in the working folder, and give the data of a study on it."""
    monkeypatch.chdir(tmp_path)

    def written(**arrays):
        np.savez_compressed("mine.npz", **arrays)
        return DataChoice(name="./mine.npz")

    return written


def test_a_file_of_images_and_labels_is_divided_by_content(write):
    """Each class gives a fifth of its images to the test, the rest is trained on; the file is told by its name."""
    choice = write(images=noise(60, 12, 10, 3), labels=labels(60), class_names=np.array(["ant", "bee", "cat"]))

    dataset = load_dataset(choice)

    assert (dataset.name, dataset.origin, dataset.class_names) == ("mine.npz", Origin.OWN, ("ant", "bee", "cat"))
    assert dataset.source == "file mine.npz, 20 % of each class set aside for testing"
    assert (dataset.training.images.shape, dataset.test.images.shape) == ((48, 12, 10, 3), (12, 12, 10, 3))
    assert np.bincount(dataset.test.labels).tolist() == [4, 4, 4]
    assert dataset.notes == ()
    assert not dataset.training.images.flags.writeable


def test_large_images_are_looked_through_for_near_copies(write):
    """Of 32 pixels and more, also where the test is chosen here: an image that is a little brighter is told."""
    images = np.kron(noise(30, 4, 4, 3) // 2, np.ones((1, 8, 8, 1), np.uint8))  # no two are nearly the same
    whole = np.concatenate([images, images + 1])

    dataset = load_dataset(write(images=whole, labels=np.tile(labels(30), 2)))

    assert len(dataset.notes) == 1
    assert "look nearly the same as training or validation images" in dataset.notes[0]


def test_training_and_test_arrays_stay_as_they_are(write):
    """The names that Keras gives its data sets; grey stays of one channel, and labels may be a column."""
    x_train, x_test = noise(30, 9, 9), noise(6, 9, 9, seed=2)
    choice = write(x_train=x_train, y_train=labels(30)[:, None], x_test=x_test, y_test=labels(6).astype(np.uint8))

    dataset = load_dataset(choice)

    np.testing.assert_array_equal(dataset.training.images, x_train[..., None])
    np.testing.assert_array_equal(dataset.test.images, x_test[..., None])
    assert dataset.training.labels.tolist() == labels(30).tolist()
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.source == "file mine.npz"


def test_what_is_said_ahead_is_what_the_runs_get(write):
    """`plan` counts the images that `run` trains on, validates with and tests on."""
    choice = write(images=noise(100, 8, 8), labels=labels(100))

    assert images_ahead(choice).images == split_dataset(load_dataset(choice), choice).kind
    assert images_ahead(choice).images == ImageKind(
        shape=Shape(8, 8, 1), classes=3, training_images=71, validation_images=8, test_images=21
    )
    assert choice.source.title(choice, 3) == "mine.npz in 3 classes"


def test_a_reader_learns_of_leakage_and_contradictions(write):
    """The same image on both sides of the test, in two classes, or nearly so, is told as in a folder of images."""
    x_train, x_test = noise(12, 33, 40, 3), noise(3, 33, 40, 3, seed=2)
    smooth = np.linspace(0, 200, 33 * 40).reshape(33, 40, 1).repeat(3, axis=2).astype(np.uint8)
    x_train[5], x_test[0], x_train[0], x_test[1] = x_train[4], x_train[7], smooth, smooth + 9

    notes = load_dataset(write(x_train=x_train, y_train=labels(12), x_test=x_test, y_test=labels(3))).notes

    assert notes == (
        (
            "2 images are in more than one class, byte for byte, and at most one of the labels can be right: "
            "x_train[4] and x_train[5]; x_train[7] and x_test[0]."
        ),
        (
            "1 of 3 test image is among the training or validation images too, byte for byte, so that accuracies come "
            "out too high: x_test[0]."
        ),
        (
            "1 of 3 test image looks nearly the same as training or validation images; where they are copies (scaled, "
            "compressed again, lighter, mirrored), accuracies come out too high: x_test[1] like x_train[0]. 1 of them "
            "is of another class than its like."
        ),
    )


def test_leakage_is_told_of_grey_images_too(write):
    """Nearly the same image of one channel on both sides of the test."""
    x_train, x_test = noise(12, 33, 40), noise(3, 33, 40, 1, seed=2)
    x_train[0] = np.linspace(0, 200, 33 * 40).reshape(33, 40).astype(np.uint8)
    x_test[1] = x_train[0, ..., None] + 9

    notes = load_dataset(write(x_train=x_train, y_train=labels(12), x_test=x_test, y_test=labels(3))).notes

    assert len(notes) == 1
    assert "x_test[1] like x_train[0]" in notes[0]


def test_objects_beside_the_arrays_are_never_loaded(write):
    """What is not asked for is not read."""
    assert load_dataset(write(**GOOD, more=np.array([Evil()], object))).name == "mine.npz"


def test_a_study_names_the_file_by_its_path_and_may_set_the_share_of_the_test(write):
    """Only what applies is stored, and the run's digest has neither path nor what does not apply."""
    write(images=noise(9, 8, 8), labels=labels(9))

    stored = DataChoice(name="data/mine.NPZ").model_dump(mode="json")

    assert stored == {"name": "data/mine.NPZ", "validation": 0.1, "scaling": "symmetric", "test": 0.2}
    assert DataChoice(name="data/mine.npz").source.name == "npz"
    assert DataChoice(name="data/mine").source.name == "folder"


class Evil:
    """A pickle of this would end the process."""

    def __reduce__(self):
        return (exec, ("raise SystemExit(3)",))


GOOD = {"images": noise(12, 8, 8), "labels": labels(12)}
SHAPES = "(images, height, width), or with 1 or 3 channels at the end."
MISTAKES = {
    "no images": ({"labels": labels(3)}, f" has no array 'images', but 'labels'; {EXPECTED}."),
    "no test labels": (
        {"x_train": GOOD["images"], "y_train": GOOD["labels"], "x_test": GOOD["images"]},
        f" has no array 'y_test', but 'x_train', 'y_train' and 'x_test'; {EXPECTED}.",
    ),
    "floats": (
        {**GOOD, "images": GOOD["images"] / 255},
        ": 'images' is of float64, expected uint8, grey levels from 0 to 255. Convert it first.",
    ),
    "channels first": (
        {**GOOD, "images": noise(12, 3, 8, 8)},
        f": 'images' has the shape (12, 3, 8, 8), expected {SHAPES} Write images.transpose(0, 2, 3, 1).",
    ),
    "too small": (
        {**GOOD, "images": noise(12, 7, 8)},
        ": 'images' has images of 7 x 8 pixels, expected sides from 8 to 512. Resize them first.",
    ),
    "too few labels": (
        {**GOOD, "labels": labels(11)},
        ": 'labels' is of int64 in the shape (11,), expected one whole number for each of 12 images.",
    ),
    "negative labels": ({**GOOD, "labels": labels(12) - 1}, ": 'labels' has labels from -1 to 1, expected 0 to 65535."),
    "a gap": (
        {**GOOD, "labels": labels(12) * 2},
        ": class '1' has no image to train on. Number classes from 0 without gaps, and give images of each.",
    ),
    "one class": ({**GOOD, "labels": labels(12) * 0}, " has images of one class, expected two or more."),
    "names twice": (
        {**GOOD, "class_names": np.array(["a", "b", "a"])},
        ": 'class_names' must be 3 or more different texts, one for each label.",
    ),
    "copies only": (
        {"images": np.repeat(noise(2, 8, 8), 6, axis=0), "labels": np.repeat([0, 1], 6)},
        (
            ": test = 0.2 would take every image of class '0': too few of them differ. Add images of it, or give "
            "'x_test' and 'y_test'."
        ),
    ),
    "two sizes": (
        {"x_train": noise(9, 8, 8), "y_train": labels(9), "x_test": noise(3, 9, 8), "y_test": labels(3)},
        (
            ": images to train on and to test are of 8 x 8 x 1 and 9 x 8 x 1 (height, width, channels). Bring them to "
            "one size."
        ),
    ),
    "objects": (
        {**GOOD, "labels": np.array([Evil()] * 12, object)},
        f" holds Python objects, which are never loaded; {EXPECTED} of numbers.",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_wrong_with_a_file_is_one_sentence(write, name):
    """It says what was found and what was expected; nothing in the file is run."""
    arrays, said = MISTAKES[name]
    choice = write(**arrays)

    with pytest.raises(DataError) as error:
        load_dataset(choice)

    assert str(error.value) == f"mine.npz{said}"


def cut(content):
    """Leave out the middle of a file."""
    return content[:200] + content[400:]


FILES = {
    "a pickle": (
        lambda _: pickle.dumps(Evil()),
        f" is no .npz file. Write one with numpy.savez_compressed; {EXPECTED}.",
    ),
    "empty": (lambda _: b"", f" is no .npz file. Write one with numpy.savez_compressed; {EXPECTED}."),
    "cut": (cut, " is cut short or damaged. Write it again with numpy.savez_compressed."),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_such_file_is_said(write, tmp_path, name):
    """Another format, or damage; and nothing in the file is run."""
    make, said = FILES[name]
    choice = write(**GOOD)
    (tmp_path / "mine.npz").write_bytes(make((tmp_path / "mine.npz").read_bytes()))

    with pytest.raises(DataError) as error:
        load_dataset(choice)

    assert str(error.value) == f"mine.npz{said}"


def test_an_array_that_claims_to_be_enormous_is_refused(write, tmp_path):
    """A header of a few bytes may ask for more memory than there is."""
    choice, header = write(**GOOD), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**15, 8, 8)})
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as file:
        file.writestr("images.npy", header.getvalue())

    with pytest.raises(DataError) as error:
        load_dataset(choice)

    assert str(error.value) == "mine.npz: its arrays do not fit into the memory. Use fewer or smaller images."


def test_a_file_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    """The path is told, and where it is seen from."""
    monkeypatch.chdir(tmp_path)
    choice = DataChoice(name="./absent.npz")

    with pytest.raises(DataError) as error:
        finished(choice.source.read(choice, location=None, download=True))

    assert str(error.value) == ("absent.npz: there is no such file. Check the path; a study's is seen from its file.")
