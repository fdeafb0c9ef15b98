"""CIFAR-10 in miniature and folders of empty files, for every test of the data room."""

import errno
import os

import pytest

from ceteris.datasets.folder_listing import list_folder
from ceteris.errors import DataError
from tests.datasets.small_folders import plain
from tests.datasets.tiny_cifar10 import make_miniature


@pytest.fixture
def miniature():
    """Give the miniature release."""
    return make_miniature()


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make empty files in a folder that messages call `mine`."""
    monkeypatch.chdir(tmp_path)
    folder = type(tmp_path)("mine")

    def make(*names):
        folder.mkdir(exist_ok=True)
        for name in names:
            path = folder / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return folder

    return make


@pytest.fixture
def refusal():
    """Give the message with which a folder is refused."""

    def refusal(folder):
        with pytest.raises(DataError) as raised:
            list_folder(folder)
        return str(raised.value)

    return refusal


@pytest.fixture
def closed(monkeypatch):
    """Have the system refuse to list some folders, as it does to all but the owner and root."""
    listing, paths = os.scandir, set()

    def scandir(path):
        if os.fspath(path) in paths:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return listing(path)

    monkeypatch.setattr("os.scandir", scandir)
    return paths.add


@pytest.fixture
def fill(tmp_path, monkeypatch):
    """Write files into a folder that messages call `mine`."""
    monkeypatch.chdir(tmp_path)
    folder = type(tmp_path)("mine")

    def fill(files):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    return fill


@pytest.fixture
def two_classes(fill):
    """Give a folder of ten pictures in each of two classes, no two alike."""
    return fill({f"{name}/{number}.png": plain(100 * (name == "b") + number) for name in "ab" for number in range(10)})
