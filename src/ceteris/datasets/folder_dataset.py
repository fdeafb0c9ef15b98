"""From a folder of images to a data set: looked at, decoded once, divided, and described for the reader."""

import hashlib
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ceteris.datasets.cache import keeping
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Dataset, ImageKind, allot, allotted
from ceteris.datasets.decoder import read_file
from ceteris.datasets.decoding import Decoded, decode
from ceteris.datasets.folder_cache import (
    DECODED,
    PARTS,
    CachedFolder,
    EntryWriter,
    entries,
    entry_key,
    folders_in,
    open_entry,
)
from ceteris.datasets.folder_listing import FolderFile, FolderListing, list_folder
from ceteris.datasets.near_copies import SIDE, Thumbnails, grey_thumbnail, nearly_in_both
from ceteris.datasets.own_images import missing_classes, own_dataset
from ceteris.datasets.picture import Frame, UnreadableError
from ceteris.datasets.source import Ahead, Event, FileProgress, locked
from ceteris.errors import DataError
from ceteris.formatting.wording import count
from ceteris.networks.shape import Shape
from ceteris.paths import quoted, shown
from ceteris.resources import available_cores

_LEAST = 3  # images of a class: one each to learn from, to validate and to test


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """A folder of images whose files were read, each with its part and SHA-256, and not decoded."""

    listing: FolderListing
    files: tuple[tuple[str, FolderFile], ...]
    digests: tuple[str, ...]

    def key(self, choice: DataChoice) -> str:
        shares = {"test": choice.test, "validation": choice.validation}
        files = zip(self.files, self.digests, strict=True)
        return entry_key(
            frame_of(choice), shares, [(part, file.name, file.label, digest) for (part, file), digest in files]
        )


def read_folder(
    path: Path, choice: DataChoice, *, cache: Path, workers: int | None = None
) -> Generator[Event, None, Dataset]:
    """Read a folder of images, from the cache if it was decoded before, else decoded in so many processes.

    Files that are no pictures are left out and named in the notes. Copies of a picture stay on one side of every
    division that is made here; where the folder divides them itself, a note says it.

    Raises:
        DataError: If the folder has no images of two classes, or the cache cannot hold them.
    """
    looked = yield from _look(list_folder(path))
    folder = folders_in(cache)
    place = folder / looked.key(choice)
    # An entry is whole as soon as it is there, so that reading needs no lock: another user may own the cache.
    found = open_entry(place)
    if found is None:
        with keeping(folder, DECODED, EntryWriter.needed(_shape(choice), len(looked.files))):
            folder.mkdir(parents=True, exist_ok=True)
            lock = yield from locked(folder, "decoding images")
        try:
            found = open_entry(place)
            if found is None:
                yield from _decode(looked, choice, place, workers or available_cores())
                found = open_entry(place)
        finally:
            lock.release()
    if found is None:
        raise DataError(f"{place} was damaged as soon as it was written. Check the disk.")
    return _dataset(looked, choice, found)


def folder_ahead(path: Path, choice: DataChoice, *, cache: Path) -> Generator[Event, None, Ahead]:
    """Say what the images of a folder will be like, by the names of its files: those that are no pictures count too.

    No picture is decoded. Where an earlier run decoded them all, its notes are given; for that the files are read if
    the cache has an entry of such a name.

    Raises:
        DataError: If it is no folder of images.
    """
    listing = list_folder(path)
    images = listed_kind(listing, choice)
    if any((entry.source, entry.side) == (listing.name, choice.size) for entry in entries(cache)):
        looked = yield from _look(listing)
        found = open_entry(folders_in(cache) / looked.key(choice))
        if found is not None:
            return Ahead(images=images, notes=_dataset(looked, choice, found).notes)
    labels = {part: [file.label for file in files] for part, files in listing.parts.items()}
    return Ahead(images=images, notes=tuple(missing_classes(listing.class_names, labels)))


def listed_kind(listing: FolderListing, choice: DataChoice) -> ImageKind:
    """Say what the images of a folder will be like, by the names of its files: those that are no pictures count too."""
    counts = {part: len(files) for part, files in listing.parts.items()}
    left = Counter(file.label for file in listing.training)
    for part, set_aside in (("test", choice.test), ("validation", choice.validation)):
        if part not in counts and set_aside is not None:
            taken = {label: allotted(number, set_aside) for label, number in left.items()}
            left.subtract(taken)
            counts[part] = sum(taken.values())
            counts["training"] -= counts[part]
    frame = frame_of(choice)
    return ImageKind(
        shape=Shape(frame.height, frame.width, frame.channels),
        classes=len(listing.class_names),
        training_images=counts["training"],
        validation_images=counts["validation"],
        test_images=counts["test"],
    )


def frame_of(choice: DataChoice) -> Frame:
    """Say what each picture of a folder becomes."""
    assert choice.size is not None
    assert choice.fit is not None
    return Frame(height=choice.size, width=choice.size, fit=choice.fit)


def _shape(choice: DataChoice) -> tuple[int, int, int]:
    frame = frame_of(choice)
    return frame.height, frame.width, frame.channels


def _look(listing: FolderListing) -> Generator[Event, None, _Looked]:
    files = tuple((part, file) for part, members in listing.parts.items() for file in members)
    digests = yield from _digests([file for _, file in files])
    return _Looked(listing=listing, files=files, digests=tuple(digests))


def _digests(files: Sequence[FolderFile]) -> Generator[Event, None, list[str]]:
    """Compute the SHA-256 of every file; of what cannot be read, an empty one.

    Done in every run: of 3,000 photographs, 626 MB, it takes 0.8 to 1.5 s on two cores (times of change and sizes would
    take 0.01 s), and no file that was changed behind its time of change is ever taken for what it was.
    """

    def digest(file: FolderFile) -> str:
        try:
            return hashlib.sha256(read_file(file.path)).hexdigest()
        except UnreadableError:
            return ""

    digests: list[str] = []
    with ThreadPoolExecutor(available_cores()) as pool:
        for one in pool.map(digest, files):
            digests.append(one)
            yield FileProgress(doing="looking at", done=len(digests), total=len(files))
    return digests


def _decode(looked: _Looked, choice: DataChoice, place: Path, workers: int) -> Generator[Event, None, None]:
    """Decode every file of a folder into an entry of the cache."""
    listing, files, digests = looked.listing, looked.files, looked.digests
    frame = frame_of(choice)
    shape = _shape(choice)
    reasons: dict[int, str] = {}
    thumbnails: Thumbnails = np.zeros((len(files), SIDE, SIDE), np.uint8)
    with closing(EntryWriter(place, shape, len(files))) as writer:
        with closing(decode([file.path for _, file in files], frame, workers=workers)) as answers:
            for done, (number, answer) in enumerate(answers, 1):
                if not isinstance(answer, Decoded):
                    reasons[number] = answer.reason
                elif answer.sha256 == digests[number]:
                    writer.put(number, answer.picture.pixels)
                    if is_large_enough(frame):
                        thumbnails[number] = grey_thumbnail(answer.picture.pixels)
                else:
                    raise DataError(f"{shown(files[number][1].path)} was changed while it was read. Try again.")
                yield FileProgress(doing="decoding", done=done, total=len(files))
        kept = [number for number in range(len(files)) if number not in reasons]
        parts = _divided(listing, choice, [(*files[number], digests[number], number) for number in kept])
        order = [number for part in PARTS for number in parts[part]]
        others = [*parts["training"], *parts["validation"]]
        near = nearly_in_both(parts["test"], others, digests, thumbnails) if is_large_enough(frame) else {}
        writer.finish(
            order,
            {
                "source": listing.name,
                "side": frame.height,
                "counts": [len(parts[part]) for part in PARTS],
                "labels": [files[number][1].label for number in order],
                "files": [files[number][1].name for number in order],
                "near": [[files[number][1].name for number in pair] for pair in near.items()],
                "left_out": [f"{shown(files[number][1].name)} {reasons[number]}" for number in sorted(reasons)],
            },
        )


def _divided(
    listing: FolderListing, choice: DataChoice, kept: Sequence[tuple[str, FolderFile, str, int]]
) -> dict[str, list[int]]:
    """Say which files are in which part, by their numbers; what the folder divides itself stays as it is."""
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    training = []
    for part, file, digest, number in kept:
        if part == "training":
            training.append((file.label, digest, number))
        else:
            parts[part].append(number)
    counts = Counter(label for label, _, _ in training)
    least = _LEAST - (listing.test is not None) - (listing.validation is not None)
    for label, name in enumerate(listing.class_names):
        if counts[label] < least:
            raise DataError(
                f"{shown(listing.path)}: class '{name}' has {count(counts[label], 'image')} that can be read, expected "
                f"at least {least}. Run `ceteris data check {shown(quoted(listing.path))}` to see what is wrong with "
                "the others."
            )
    for part, set_aside in (("test", choice.test), ("validation", choice.validation)):
        if part in listing.parts:
            if not parts[part]:
                raise DataError(f"{shown(listing.path)}: no {part} image can be read. Add some, or remove the folder.")
            continue
        assert set_aside is not None
        chosen = set(allot([label for label, _, _ in training], [digest for _, digest, _ in training], set_aside, part))
        missing = set(counts) - {training[place][0] for place in chosen}
        if missing:
            name = listing.class_names[min(missing)]
            raise DataError(
                f"{shown(listing.path)}: {part} = {set_aside:g} would take every image of class '{name}': too few of "
                "them differ. Add images of it, or choose a smaller share."
            )
        parts[part] = [number for place, (_, _, number) in enumerate(training) if place in chosen]
        training = [entry for place, entry in enumerate(training) if place not in chosen]
    parts["training"] = [number for _, _, number in training]
    return parts


def is_large_enough(frame: Frame) -> bool:
    """Say whether images that nearly repeat each other are looked for in this size: smaller ones hold too little."""
    return min(frame.height, frame.width) >= SIDE


def _dataset(looked: _Looked, choice: DataChoice, found: CachedFolder) -> Dataset:
    listing = looked.listing
    digests = {file.name: digest for (_, file), digest in zip(looked.files, looked.digests, strict=True)}
    aside = f", {100 * (choice.test or 0):g} % of each class set aside for testing"
    return own_dataset(
        found,
        kind="folder",
        name=listing.name,
        source=f"folder {listing.name}{aside if listing.test is None else ''}",
        class_names=listing.class_names,
        digests=digests,
    )
