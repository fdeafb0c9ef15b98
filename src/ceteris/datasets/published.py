"""A data set that was published as files of known checksums: where a copy of it is, how it is downloaded and read.

Each has a file of its own, which says what it is known by and reads its format; the rest is here.
"""

# ruff: noqa: PLC0415 - downloading loads libraries that a study does not need

import hashlib
import os
from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ceteris.datasets.cache import Archive, cache_folder
from ceteris.datasets.dataset import Dataset, ImageKind, LabelledImages, Origin, narrowed
from ceteris.datasets.source import Event, Received, Source
from ceteris.errors import DataError, reason
from ceteris.formatting.wording import byte_count, listed
from ceteris.networks.shape import Shape
from ceteris.paths import expanded

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice

VARIABLE = "CETERIS_DATA"


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the official files are known by. Tests make small ones.

    Attributes:
        files: What is downloaded.
        servers: Addresses of folders that hold these files, in the order in which they are asked. None is trusted: what
            arrives must have the SHA-256.
        training: How many training images there are.
        test: How many test images there are.
        contents: SHA-256 of each file as it is read, by the names that the reader gives them: unpacked, so that it does
            not matter whether and how a copy is packed.
    """

    files: tuple[Archive, ...]
    servers: tuple[str, ...]
    training: int
    test: int
    contents: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, kw_only=True)
class PublishedCopy:
    """Where a copy lies: its files, as the layout has them, and what named it: `--data`, `CETERIS_DATA` or `cache`."""

    files: tuple[Path, ...]
    named_by: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the files of a copy hold.

    Attributes:
        digests: SHA-256 of each file as it was read, by the names of `Release.contents`.
    """

    training: LabelledImages
    test: LabelledImages
    digests: Mapping[str, str]


class PublishedSource(Source):
    """A published data set, from a copy that the user names, from the cache, or downloaded into it.

    Attributes:
        page: Its official page.
        shape: Of its images.
        class_names: In the order of the labels.
        release: What the official files are known by.
        layouts: Names of the files that make a copy, a tuple for each way in which it comes; the first is preferred.
        folders: Where a copy may lie, seen from a place that was named; the first is preferred.
        begins: What the files begin with that are downloaded.
    """

    page: ClassVar[str]
    shape: ClassVar[Shape]
    class_names: ClassVar[tuple[str, ...]]
    release: ClassVar[Release]
    layouts: ClassVar[tuple[tuple[str, ...], ...]]
    folders: ClassVar[tuple[str, ...]]
    begins: ClassVar[tuple[bytes, ...]]
    keys = frozenset()
    is_fetched = True

    @property
    def command(self) -> str:
        """The command that downloads it."""
        return f"ceteris data fetch {self.name}"

    @property
    def remedy(self) -> str:
        """What to do about a bad copy, a sentence."""
        return f"Replace it, or run `{self.command}` and name no copy to use an intact one."

    def known(self, choice: "DataChoice") -> ImageKind:
        """Every copy has as many images as the official one."""
        validation = round(self.release.training * Fraction(str(choice.validation)))
        return ImageKind(
            shape=self.shape,
            classes=len(self.class_names),
            training_images=self.release.training - validation,
            validation_images=validation,
            test_images=self.release.test,
        )

    @abstractmethod
    def contents(self, copy: PublishedCopy) -> Contents:
        """Read the files of a copy.

        Raises:
            DataError: If one is damaged, or something else.
        """

    def read(self, choice: "DataChoice", *, location: Path | None, download: bool) -> Generator[Event, None, Dataset]:
        """Read the copy that the user names; else one that `CETERIS_DATA` names; else the one in the cache."""
        copy = self.find(location)
        if copy is None and download:
            yield from self._fetched(cache_folder() / self.name)
            copy = self.find(location)
        if copy is None:
            raise DataError(
                f"{self.label} is not on this machine: no --data, none in what {VARIABLE} names, nothing in "
                f"{cache_folder() / self.name}. Run `{self.command}` to download it ({byte_count(self.release.size)}), "
                "or name the folder of a copy with --data PATH."
            )
        return self._dataset(copy)

    def _dataset(self, copy: PublishedCopy) -> Dataset:
        found = self.contents(copy)
        differing = [name for name, digest in found.digests.items() if self.release.contents.get(name) != digest]
        which = "all its files" if len(differing) == len(found.digests) else " and ".join(differing)
        note = (
            f"These images are not the official {self.label} but a modified copy of it (the published checksums do not "
            f"match {which}): compare the accuracies with each other, not with published ones."
        )
        return Dataset(
            name=self.name,
            training=found.training,
            test=found.test,
            class_names=self.class_names,
            digest=_digest(self.name, found.training, found.test),
            origin=Origin.MODIFIED if differing else Origin.OFFICIAL,
            source=f"{self.label}, read from {listed(path.name for path in copy.files)}",
            notes=(note,) if differing else (),
        )

    def find(self, location: Path | None) -> PublishedCopy | None:
        """Find the copy to use: in the location, in what `CETERIS_DATA` names, in the cache.

        A location must hold one. `CETERIS_DATA` may name the folder of another data set, and is passed over then; an
        incomplete copy in it is an error, so that nobody trains on other images than they named.

        Returns:
            None if there is none anywhere.

        Raises:
            DataError: If there is none in the location, or what was named does not exist, or a copy is incomplete.
        """
        if location is not None:
            if (copy := self._in_place("--data", location)) is None:
                raise DataError(f"--data {location}: no copy of {self.label} there. {self._name_one}")
            return copy
        variable = os.environ.get(VARIABLE)
        if variable and (copy := self._in_place(VARIABLE, variable)) is not None:
            return copy
        folder = cache_folder() / self.name
        return self._in_place("cache", folder) if folder.is_dir() else None

    def _in_place(self, named_by: str, written: str | Path) -> PublishedCopy | None:
        where = "" if named_by == "cache" else f"{named_by} "
        try:
            place = expanded(written, error=DataError)
            if place.is_dir():
                return self._in_folder(named_by, place)
            is_there = place.is_file()
        except DataError as error:
            raise DataError(f"{where}{error}") from None
        except OSError as error:
            message = f"{where}{written}: cannot be looked into ({reason(error)}). Check its permissions."
            raise DataError(message) from error
        if not is_there:
            raise DataError(f"{where}{place}: no such file or folder. {self._name_one}")
        is_one = (place.name,) in self.layouts or (named_by == "--data" and self._single)
        return PublishedCopy(files=(place,), named_by=named_by) if is_one else None

    def _in_folder(self, named_by: str, place: Path) -> PublishedCopy | None:
        incomplete: list[str] = []
        for folder in (place / inner for inner in self.folders):
            for names in self.layouts:
                missing = [name for name in names if not (folder / name).exists()]
                if not missing:
                    files = tuple(folder / name for name in names)
                    return PublishedCopy(files=files, named_by=named_by)
                if len(missing) < len(names):
                    verb = "is" if len(missing) == 1 else "are"
                    incomplete.append(f"{folder}: {listed(missing)} {verb} missing, expected {listed(names)}.")
        if incomplete and named_by != "cache":  # what is missing in the cache is downloaded
            raise DataError(f"{incomplete[0]} {self.remedy}")
        return None

    @property
    def _single(self) -> bool:
        """Whether one file may be a whole copy."""
        return any(len(names) == 1 for names in self.layouts)

    @property
    def _name_one(self) -> str:
        ways = listed((listed(names) for names in self.layouts), "or")
        return f"Name the folder that holds {ways}, or run `{self.command}` and name none."

    def fetch(self, folder: Path | None) -> Generator[Event, None, str]:
        """Download the official files, each checked by its SHA-256."""
        inner = (folder or cache_folder()) / self.name
        yield from self._fetched(inner)
        advice = f" Set {VARIABLE} to {folder} to use it: ceteris looks in the cache alone otherwise." if folder else ""
        return f"{self.label} is in {inner}: official, every byte checked.{advice}"

    def _fetched(self, folder: Path) -> Generator[Event, None, None]:
        """Download each file from the first server that gives it; a broken download is kept and continued."""
        from ceteris.datasets.download import Offer, fetch_any

        advice = (
            f"Check the network and run `{self.command}` again, which keeps what has arrived; or bring the files from "
            f"{self.page} and name their folder with --data or {VARIABLE}."
        )
        done = 0
        for file in self.release.files:
            offers = [Offer(url=f"{server}{file.name}", archive=file) for server in self.release.servers]
            for event in fetch_any(folder, offers, timeout=20.0, what=self.label, advice=advice, begins=self.begins):
                if isinstance(event, Received):
                    yield replace(event, received=done + event.received, total=self.release.size)
                else:
                    yield event
            done += file.size

    def here(self) -> Iterator[str]:
        """Say where the copy is that a study would use."""
        try:
            copy = self.find(None)
        except DataError as error:
            yield f"error: {error}"
            return
        if copy is None:
            size = byte_count(self.release.size)
            yield f"{self.name}: not here yet; `{self.command}` downloads {self.label} ({size}), as a study does."
        else:
            yield f"{self.name}: {copy.files[0].parent}, named by {copy.named_by}"


def _digest(name: str, training: LabelledImages, test: LabelledImages) -> str:
    """Compute `Dataset.digest`: SHA-256 over sizes, labels and pixels of the training images, then the test images."""
    digest = hashlib.sha256(f"ceteris/{name}/1".encode())
    for images in (training, test):
        digest.update(f"/{images.images.shape}/".encode())
        digest.update(narrowed(images.labels).tobytes())
        digest.update(images.images.data)
    return digest.hexdigest()


def read_bounded(path: Path, limit: int, remedy: str) -> bytes:
    """Read a plain file of at most so many bytes.

    Raises:
        DataError: If it is larger, no plain file, or cannot be read.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: not a plain file. {remedy}")
        size = path.stat().st_size
        if size > limit:
            raise DataError(f"{path}: {size} bytes found, expected at most {limit}. {remedy}")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)}). Check the file and its permissions.") from error
