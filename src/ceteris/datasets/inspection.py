"""A close look at a folder of images before anything is trained on it."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Fit, allot
from ceteris.datasets.decoding import Decoded, decode
from ceteris.datasets.folder_listing import FolderFile, FolderListing, list_folder
from ceteris.datasets.near_copies import SIDE, grey_thumbnail, near_copies
from ceteris.datasets.picture import Frame
from ceteris.datasets.source import FileProgress
from ceteris.resources import available_cores

_ENDINGS = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "jpe": "JPEG",
    "png": "PNG",
    "webp": "WebP",
    "bmp": "BMP",
    "gif": "GIF",
    "tif": "TIFF",
    "tiff": "TIFF",
    "heic": "HEIF",
    "heif": "HEIF",
}


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A file that can be read.

    Attributes:
        part: `training`, `validation` or `test`: where the folder puts it, or where a study with the usual
            shares would.
        width: Of the picture, upright, in pixels.
    """

    file: FolderFile
    part: str
    width: int
    height: int
    format: str
    sha256: str

    @property
    def is_misnamed(self) -> bool:
        """Whether the ending of the name belongs to another format than the bytes; that does no harm here."""
        ending = self.file.name.rpartition(".")[2].lower()
        return _ENDINGS.get(ending, self.format) != self.format


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What is in a folder of images.

    Attributes:
        is_divided: Whether the folder has test images of its own.
        copies: Groups of two or more files that are the same, byte for byte.
        near_copies: Groups of pictures that are nearly the same, each file of a group unlike the others in its bytes.
    """

    listing: FolderListing
    is_divided: bool
    pictures: tuple[PictureFile, ...]
    unreadable: tuple[tuple[FolderFile, str], ...]
    copies: tuple[tuple[PictureFile, ...], ...]
    near_copies: tuple[tuple[PictureFile, ...], ...]

    @property
    def crossing(self) -> tuple[tuple[PictureFile, ...], ...]:
        """Give the groups of copies and near copies with a test picture and one of another part."""
        groups = (*self.copies, *self.near_copies)
        return tuple(group for group in groups if 0 < sum(one.part == "test" for one in group) < len(group))

    @property
    def contradictory(self) -> tuple[tuple[PictureFile, ...], ...]:
        """Give the groups of copies and near copies that are in more than one class."""
        return tuple(group for group in (*self.copies, *self.near_copies) if len({one.file.label for one in group}) > 1)

    @property
    def counts(self) -> Mapping[tuple[str, int], int]:
        """How many pictures can be read, by part and label."""
        return Counter((one.part, one.file.label) for one in self.pictures)

    @property
    def guessing(self) -> float:
        """The share of the largest class: what a network scores that always answers it."""
        counts = Counter(one.file.label for one in self.pictures)
        return max(counts.values()) / len(self.pictures) if self.pictures else 0.0


def inspect_folder(path: Path, *, workers: int | None = None) -> Generator[FileProgress, None, Inspection]:
    """Read every file of a folder of images, and compare all with all.

    Raises:
        DataError: If it is no folder of images.
    """
    listing = list_folder(path)
    files = [(part, file) for part, members in listing.parts.items() for file in members]
    frame = Frame(height=2 * SIDE, width=2 * SIDE, fit=Fit.SQUASH)
    found: dict[int, PictureFile] = {}
    reasons: dict[int, str] = {}
    thumbnails: NDArray[np.uint8] = np.zeros((len(files), SIDE, SIDE), np.uint8)
    with closing(decode([file.path for _, file in files], frame, workers=workers or available_cores())) as answers:
        for done, (number, answer) in enumerate(answers, 1):
            part, file = files[number]
            if isinstance(answer, Decoded):
                picture = answer.picture
                thumbnails[number] = grey_thumbnail(picture.pixels)
                found[number] = PictureFile(
                    file=file,
                    part=part,
                    width=picture.width,
                    height=picture.height,
                    format=picture.format,
                    sha256=answer.sha256,
                )
            else:
                reasons[number] = answer.reason
            yield FileProgress(doing="decoding", done=done, total=len(files))
    kept = sorted(found)
    pictures = _in_parts(listing, [found[number] for number in kept])
    copies = _copies(pictures)
    return Inspection(
        listing=listing,
        is_divided=listing.test is not None,
        pictures=pictures,
        unreadable=tuple((files[number][1], reasons[number]) for number in sorted(reasons)),
        copies=copies,
        near_copies=_near_copies(pictures, thumbnails[kept]),
    )


def _in_parts(listing: FolderListing, pictures: Sequence[PictureFile]) -> tuple[PictureFile, ...]:
    """Put each picture where a study with the usual shares would, unless the folder says where it belongs."""
    usual = DataChoice(name=f"./{listing.name}")
    training = [place for place, one in enumerate(pictures) if one.part == "training"]
    moved: dict[int, str] = {}
    for part, share in (("test", usual.test or 0), ("validation", usual.validation)):
        if part not in listing.parts:
            left = [place for place in training if place not in moved]
            chosen = allot([pictures[p].file.label for p in left], [pictures[p].sha256 for p in left], share, part)
            moved |= {left[place]: part for place in chosen}
    return tuple(replace(one, part=moved.get(place, one.part)) for place, one in enumerate(pictures))


def _copies(pictures: Iterable[PictureFile]) -> tuple[tuple[PictureFile, ...], ...]:
    groups: dict[str, list[PictureFile]] = {}
    for one in pictures:
        groups.setdefault(one.sha256, []).append(one)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _near_copies(pictures: Sequence[PictureFile], thumbnails: NDArray[np.uint8]) -> tuple[tuple[PictureFile, ...], ...]:
    """Join pairs into groups; of files that are the same, the first stands for all."""
    first: dict[str, int] = {}
    for place, one in enumerate(pictures):
        first.setdefault(one.sha256, place)
    places = sorted(first.values())
    leader = {place: place for place in places}

    def lead(place: int) -> int:
        while leader[place] != place:
            place = leader[place]
        return place

    for a, b in near_copies(thumbnails[places]):
        low, high = sorted((lead(places[a]), lead(places[b])))
        leader[high] = low
    groups: dict[int, list[PictureFile]] = {}
    for place in places:
        groups.setdefault(lead(place), []).append(pictures[place])
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
