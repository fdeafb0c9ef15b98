from pathlib import Path

import pytest

from ceteris.datasets.cache import cache_folder
from ceteris.datasets.choice import DataChoice, load_dataset
from ceteris.datasets.cifar10 import find_cifar10, locations
from ceteris.errors import DataError

NO_HOME = (
    "there is no home directory, and so no cache for downloads and decoded images. Set XDG_CACHE_HOME to a folder that "
    "you may write."
)


@pytest.fixture
def homeless(monkeypatch):
    """A user who has no home directory, as in some containers."""

    def unknown(*_, **__):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("ceteris.datasets.cache.user_cache_path", unknown)
    monkeypatch.delenv("CETERIS_DATA", raising=False)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_way_out_is_named(tmp_path):
    """Downloads have no place then; a copy that was named needs none."""
    with pytest.raises(DataError) as error:
        cache_folder()
    assert str(error.value) == NO_HOME
    with pytest.raises(DataError) as error:
        find_cifar10(batches=1)
    assert str(error.value) == NO_HOME
    assert [one.name for one in locations(batches=1, location=tmp_path)] == ["--data"]


def test_a_place_that_cannot_be_is_an_error_of_who_named_it(monkeypatch):
    """`CETERIS_DATA=~nosuchuser/c` is told with the name of the variable."""
    monkeypatch.setenv("CETERIS_DATA", "~nosuchuser/c")
    with pytest.raises(DataError) as error:
        find_cifar10(batches=1)
    assert str(error.value) == (
        "CETERIS_DATA ~nosuchuser/c: no home directory is known for '~nosuchuser'. Write the path in full."
    )


def test_images_that_would_not_be_looked_at_are_refused():
    """Whoever names a folder for a study of built-in shapes expects something else of it."""
    with pytest.raises(DataError) as error:
        load_dataset(DataChoice(name="shapes"), location=Path("photos"))
    assert str(error.value) == (
        "photos was named for the images (--data), and the study's are the built-in shapes. Leave it out, or change "
        "data.name in the study."
    )
