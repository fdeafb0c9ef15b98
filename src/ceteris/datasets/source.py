"""What the rest asks of a data set: one class in one file for each, and one line in `SOURCES` of `choice.py`.

Such a file loads what reading needs when it reads, so that a study can be checked without it.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ceteris.datasets.dataset import Dataset, ImageKind
from ceteris.locks.lock import Claim, Locks

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice

LOCKS = ".locks"
"""The folder of the locks on a cache."""

_LOCK = "writing"

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Received:
    """How far a download is, in bytes."""

    url: str
    received: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Setback:
    """A server did not give a file, and why; the download goes on with the next attempt."""

    url: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FileProgress:
    """How many files of a folder of images are done, in `looking at` or `decoding` them."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Another process is `downloading` or `decoding images` into a folder; its result will be used."""

    doing: str
    folder: Path
    holder: str


Event = Received | Setback | FileProgress | Waiting


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is known of the images of a study before they are read.

    Attributes:
        notes: What a reader must know before believing a result, one sentence each.
    """

    images: ImageKind
    notes: tuple[str, ...] = ()


class Source(ABC):
    """A data set, or a way to keep images of one's own.

    Attributes:
        name: As `data.name` has it; of images of one's own, what stands for their path in the digest of a run.
        called: What messages call it after "data.name is": `"shapes"`, `a folder of images`.
        label: Its name in sentences: `Fashion-MNIST`; empty for images of one's own.
        several: What messages call all of its kind: `shapes`, `folders of images`.
        keys: Keys of `[data]` that apply to it, of those that do not apply to every data set.
        defaults: What those keys are if they are not given, where that is not the default of the key.
        is_own: Whether the images are the user's own, named by a path.
        is_exact: Whether all images that are counted ahead can be read.
        is_fetched: Whether `ceteris data fetch` downloads it.
        credit: Who made the images and under which terms, a sentence or two for whoever passes on what was trained.
    """

    name: ClassVar[str]
    called: ClassVar[str]
    label: ClassVar[str] = ""
    several: ClassVar[str]
    keys: ClassVar[frozenset[str]]
    defaults: ClassVar[Mapping[str, Any]] = {}
    is_own: ClassVar[bool] = False
    is_exact: ClassVar[bool] = True
    is_fetched: ClassVar[bool] = False
    credit: ClassVar[str] = ""

    def takes(self, name: str) -> bool:
        """Say whether `data.name` means it; of several that do, the first in `SOURCES` counts."""
        return name == self.name

    def known(self, choice: "DataChoice") -> ImageKind | None:
        """Say what the images are like as far as a study tells; None if only the images tell."""
        return None

    def presumed(self, choice: "DataChoice", classes: int) -> ImageKind | None:
        """Say what the images are like, given a number of classes where that is all that a study does not tell."""
        return self.known(choice)

    def ahead(self, choice: "DataChoice", *, location: Path | None) -> Generator[Event, None, Ahead]:
        """Say what the images will be like without reading one; the arguments are those of `read`.

        Raises:
            DataError: If the images cannot be what the study says.
        """
        yield from ()
        images = self.known(choice)
        assert images is not None, "a data set that only the images tell of says here how"
        return Ahead(images=images)

    def title(self, choice: "DataChoice", classes: int) -> str:
        """Name the images in a plan."""
        return self.label or choice.name

    @abstractmethod
    def read(self, choice: "DataChoice", *, location: Path | None, download: bool) -> Generator[Event, None, Dataset]:
        """Read the images that a study asks for, and no others; what happens is yielded as it happens.

        Args:
            choice: Which images.
            location: What the user named on the command line in place of what the study or the system says.
            download: Whether they may be downloaded if they are nowhere.

        Raises:
            DataError: If the images are damaged, are others, or are not available.
        """

    def fetch(self, folder: Path | None) -> Generator[Event, None, str]:
        """Download the data set into a folder, or the cache, unless it is there, and say where; if `is_fetched`."""
        raise NotImplementedError

    def here(self) -> Iterator[str]:
        """Say what of it is on this machine, a line each; empty for what needs no files."""
        yield from ()


def locked(folder: Path, doing: str) -> Generator[Event, None, Claim]:
    """Lock a folder that exists, and tell whoever must wait for another process."""
    locks = Locks(folder / LOCKS)
    if (holder := locks.holder(_LOCK)) is not None:
        yield Waiting(doing=doing, folder=folder, holder=str(holder))
    claim = locks.wait(_LOCK)
    assert claim is not None, "it waits for ever"
    return claim


def is_path(name: str) -> bool:
    """Tell the path of the user's own images from the name of a known data set: it has a slash."""
    return "/" in name or "\\" in name


def finished(events: Generator[object, None, Result]) -> Result:
    """Take events to their end, and give what comes of them."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            result: Result = end.value
            return result
