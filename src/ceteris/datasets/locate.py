"""Where the images of a study are: named by the user, or in the cache, or still to be downloaded."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from platformdirs import user_cache_path

from ceteris.datasets.cifar10_copy import Cifar10Copy, find_copy
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.dataset import Dataset
from ceteris.datasets.fetch import fetch_cifar10
from ceteris.datasets.folder_dataset import Ahead, folder_ahead, read_folder
from ceteris.datasets.folder_dataset import Event as FolderEvent
from ceteris.datasets.shapes import draw_shapes
from ceteris.errors import DataError
from ceteris.paths import expanded
from ceteris.study.images import known_images
from ceteris.study.specification import DataChoice

Result = TypeVar("Result")

VARIABLE = "CETERIS_DATA"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere that CIFAR-10 is looked for.

    Attributes:
        name: Who named it: `--data`, `CETERIS_DATA`, or `cache`.
        path: Where it is.
        copy: What is there, if anything.
        problem: Why there is no copy; empty if there is one.
    """

    name: str
    path: Path
    copy: Cifar10Copy | None
    problem: str = ""


def cache_folder() -> Path:
    """Say where downloads are kept: `ceteris` under `XDG_CACHE_HOME`, or where the system keeps caches.

    Raises:
        DataError: If that cannot be known, because there is no home directory.
    """
    try:
        return user_cache_path("ceteris", appauthor=False)
    except RuntimeError:
        raise DataError(
            "there is no home directory, and so no cache for downloads and decoded images. Set XDG_CACHE_HOME to a "
            "folder that you may write."
        ) from None


def places(*, batches: int, location: Path | None = None) -> tuple[Place, ...]:
    """Look everywhere that CIFAR-10 may be, in order: the location, `CETERIS_DATA`, the cache.

    Args:
        batches: How many training batches must be there.
        location: What the user named on the command line, if anything.

    Raises:
        DataError: If nothing was named, and there is no cache.
    """
    named: list[tuple[str, str | Path]] = []
    if location is not None:
        named.append(("--data", location))
    if variable := os.environ.get(VARIABLE):
        named.append((VARIABLE, variable))
    found = [_look(name, path, batches) for name, path in named]
    try:
        found.append(_look("cache", cache_folder(), batches))
    except DataError:
        if not found:  # without a home directory, what was named is enough
            raise
    return tuple(found)


def find_cifar10(*, batches: int, location: Path | None = None) -> Cifar10Copy | None:
    """Find the copy of CIFAR-10 to use, or nothing if none was named and the cache has none.

    The first place that was named decides: what is wrong there is an error, never a reason to look further, so that
    nobody trains on other images than they named.

    Args:
        batches: How many training batches must be there.
        location: What the user named on the command line, if anything.

    Raises:
        DataError: If there is no copy where the user said.
    """
    first = places(batches=batches, location=location)[0]
    if first.copy is None and first.name != "cache":
        raise DataError(f"{first.name} {first.problem}")
    return first.copy


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


def _look(name: str, written: str | Path, batches: int) -> Place:
    path = Path(written)
    try:
        path = expanded(written, error=DataError)
        return Place(name=name, path=path, copy=find_copy(path, batches=batches))
    except DataError as error:
        return Place(name=name, path=path, copy=None, problem=str(error))
