import pytest

from ceteris.cli.images import get_images
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Origin
from ceteris.errors import DataError
from ceteris.study.study import Study


@pytest.fixture
def on_cifar10(study, tmp_path, monkeypatch):
    """A study on CIFAR-10 on a machine that has none, and no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_DATA", raising=False)

    def fetch(_folder):
        raise DataError("CIFAR-10 could not be downloaded.")
        yield

    monkeypatch.setattr("ceteris.datasets.cifar10.fetch_cifar10", fetch)
    return Study(**{**dict(study), "data": DataChoice(batches=1)})


@pytest.fixture
def shapes(monkeypatch):
    """Say how many batches were asked for, instead of drawing them."""
    asked = []
    monkeypatch.setattr(
        "ceteris.datasets.shapes.draw_shapes", lambda *, batches: asked.append(batches) or Origin.BUILT_IN
    )
    return asked


def test_shapes_need_nothing(study, console, shapes):
    """The built-in images are drawn without a word."""
    images = get_images(study, location=None, or_shapes=False, console=console)

    assert (images.study, images.notes) == (study, ())
    assert shapes == [study.data.batches]
    assert console.file.getvalue() == ""


def test_cifar10_is_cifar10_or_an_error(on_cifar10, console, shapes):
    """Nothing takes the place of CIFAR-10 unasked."""
    with pytest.raises(DataError) as error:
        get_images(on_cifar10, location=None, or_shapes=False, console=console)
    assert str(error.value) == "CIFAR-10 could not be downloaded."
    assert shapes == []


def test_shapes_take_its_place_loudly_where_that_is_allowed(on_cifar10, console, shapes):
    """On the terminal, in the title and in a note that is stored: the numbers are not about CIFAR-10."""
    images = get_images(on_cifar10, location=None, or_shapes=True, console=console)

    note = "CIFAR-10 could not be had, so the built-in shapes took its place: no number here is about CIFAR-10."
    assert images.notes == (note,)
    assert images.study.title == "A miniature - on built-in shapes instead"
    assert images.study.data == DataChoice(name="shapes", batches=1)
    assert shapes == [images.study.data.batches]
    assert console.file.getvalue() == f"CIFAR-10 could not be downloaded.\nWARNING: {note}\n"


def test_a_copy_that_was_named_and_is_not_there_is_an_error_all_the_same(on_cifar10, console, tmp_path):
    """Who names a copy means that copy."""
    with pytest.raises(DataError) as error:
        get_images(on_cifar10, location=tmp_path / "absent", or_shapes=True, console=console)
    assert str(error.value).startswith(f"--data {tmp_path / 'absent'}")
