"""Where the images of a study are: named by the user, or in the cache, or still to be downloaded."""

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

from ceteris.datasets.cache import cache_folder
from ceteris.datasets.choice import DataChoice, known_images
from ceteris.datasets.cifar10 import VARIABLE, fetch_cifar10, find_cifar10
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.dataset import Dataset
from ceteris.datasets.folder_dataset import Ahead, folder_ahead, read_folder
from ceteris.datasets.folder_dataset import Event as FolderEvent
from ceteris.datasets.shapes import draw_shapes
from ceteris.errors import DataError
from ceteris.paths import expanded

Result = TypeVar("Result")


def load_dataset(choice: DataChoice, *, location: Path | None = None, download: bool = True) -> Dataset:
    """Get the images that a study asks for, and no others.

    Args:
        choice: Which images.
        location: A copy of CIFAR-10, or a folder of images in place of the one that the study names; else, of CIFAR-10,
            the one that `CETERIS_DATA` names, else the one in the cache.
        download: Whether CIFAR-10 may be downloaded into the cache if it is nowhere. `fetch_cifar10` does the same and
            shows progress.

    Raises:
        DataError: If the images are damaged, are not CIFAR-10, or cannot be had.
    """
    if choice.name == "shapes":
        if location is not None:
            raise DataError(
                f"{location} was named for the images (--data), and the study's are the built-in shapes. Leave it out, "
                "or change data.name in the study."
            )
        return draw_shapes(batches=choice.batches)
    if choice.is_folder:
        return finished(find_folder(choice, location=location))
    if choice.name != "cifar10":
        raise DataError(f"data.name is {choice.name!r}, expected 'cifar10', 'shapes' or the path of a folder.")
    copy = find_cifar10(batches=choice.batches, location=location)
    if copy is None and download:
        for _ in fetch_cifar10(cache_folder()):
            pass
        copy = find_cifar10(batches=choice.batches, location=location)
    if copy is None:
        raise DataError(
            f"CIFAR-10 is not on this machine: no --data, no {VARIABLE}, nothing in {cache_folder()}. Run "
            "`ceteris data fetch` to download it (170 MB), or name a copy with --data PATH; "
            'data.name = "shapes" needs no files.'
        )
    return read_cifar10(copy, batches=choice.batches)


def find_folder(choice: DataChoice, *, location: Path | None = None) -> Generator[FolderEvent, None, Dataset]:
    """Read the folder of images that a study names, or the one that the user names in its place.

    Args:
        choice: Its name is the path of a folder.
        location: What the user named on the command line, if anything.

    Yields:
        How far it is; the data set is what the generator returns, and `finished` gives it.

    Raises:
        DataError: If it is no folder of images.
    """
    return read_folder(location or expanded(choice.name, error=DataError), choice, cache=cache_folder())


def images_ahead(choice: DataChoice, *, location: Path | None = None) -> Ahead:
    """Say what the images of a study will be like, without decoding one.

    Raises:
        DataError: If it names a folder that is no folder of images.
    """
    kind = known_images(choice)
    if kind is not None:
        return Ahead(images=kind)
    return finished(folder_ahead(location or expanded(choice.name, error=DataError), choice, cache=cache_folder()))


def finished(events: Generator[object, None, Result]) -> Result:
    """Take events to their end, and give what comes of them."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            result: Result = end.value
            return result
