"""What was named to be predicted: files, folders, patterns, test images; reading them several at a time."""

import codecs
import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.decoding import Decoded, Unreadable, decode
from ceteris.datasets.folder_entries import is_leftover
from ceteris.datasets.picture import ENDINGS, MOST_BYTES, Frame
from ceteris.errors import DataError, reason
from ceteris.formatting.wording import listed
from ceteris.paths import expanded, shown
from ceteris.resources import available_cores

STANDARD_INPUT = "-"

_DIGITS = 18  # of a number that may be a test image's; more are a name


@dataclass(frozen=True, kw_only=True)
class Named:
    """One image to be.

    Attributes:
        path: Its file; None for standard input and test images.
    """

    name: str
    path: Path | None = None
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """A name that stands for no image, and the reason, with the name in it."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was named.

    Attributes:
        images: In the order in which they were named; the files of a folder by their names.
    """

    images: tuple[Named, ...]
    nothing: tuple[Nothing, ...]
    notes: tuple[str, ...]


def find_pictures(names: Sequence[str]) -> Found:
    """Find out what each name means: a number is a test image, `-` is standard input, others are on the disk.

    A pattern such as `photos/*.jpg` is for shells that leave patterns to the program; a file of that very name comes
    first.
    """
    if not names:
        raise DataError(
            "no image was named. Give files, folders, numbers of test images, or - for an image on standard input."
        )
    if names.count(STANDARD_INPUT) > 1:
        raise DataError("standard input (-) holds one image, and was named twice. Name it once.")
    images: list[Named] = []
    nothing: list[Nothing] = []
    notes: list[str] = []
    for name in names:
        for one in _meant(name):
            match one:
                case Named():
                    images.append(one)
                case Nothing():
                    nothing.append(one)
                case str():
                    notes.append(one)
    return Found(images=tuple(images), nothing=tuple(nothing), notes=tuple(notes))


def _meant(name: str) -> Iterator[Named | Nothing | str]:
    name = str(expanded(name, error=DataError)) if name.startswith("~") else name
    path = Path(name)
    if name == STANDARD_INPUT:
        yield Named(name="standard input")
    elif name.isdecimal() and len(name) <= _DIGITS:
        yield Named(name=f"test image {int(name)}", number=int(name))
    elif os.path.isdir(name):  # noqa: PTH112 - of a name that no system has, a path would raise
        yield from _in_folder(path)
    elif not os.path.lexists(name) and glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - a pattern may begin with a root
        if not matches:
            yield Nothing(reason=f"{shown(name)} matches no file. Check the pattern.")
        for match in matches:
            yield from _in_folder(Path(match)) if Path(match).is_dir() else (_file(Path(match)),)
    else:
        yield _file(path)


def _in_folder(folder: Path) -> Iterator[Named | Nothing | str]:
    closed: list[OSError] = []
    visible = sorted(path for path in _below(folder, closed) if _may_be_file(path))
    for error in closed:
        yield Nothing(reason=f"{shown(str(error.filename))} cannot be opened: {reason(error)}.")
    images = [path for path in visible if path.suffix.lower() in ENDINGS]
    where, others = shown(folder), len(visible) - len(images)
    if not images and not closed:
        held = f"{others:,} other files" if others != 1 else "another file"
        end = f", but {held}; name those that are images" if others else ""
        yield Nothing(reason=f"{where} holds no file whose name ends in {listed(ENDINGS, 'or')}{end}.")
    elif images and others:
        left = f"{others:,} files in {where} were" if others > 1 else f"1 file in {where} was"
        yield f"{left} left out: the names of images end in {listed(ENDINGS, 'or')}."
    yield from map(_file, images)


def _below(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Find all files below a folder, and note folders that cannot be opened."""
    for here, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not is_leftover(name)]
        yield from (Path(here, name) for name in files if not is_leftover(name))


def _may_be_file(path: Path) -> bool:
    """Say whether it is a plain file, or one that cannot even be looked at, which is reported when it is read."""
    return os.path.isfile(path) or not (os.path.exists(path) or os.path.islink(path))  # noqa: PTH110, PTH113, PTH114 - these do not raise


def _file(path: Path) -> Named:
    return Named(name=shown(path), path=path)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadPicture:
    """An image that was named, read or not.

    Attributes:
        pixels: Shape (height, width, channels), uint8; None if it could not be read.
        trouble: Why it could not be read, in a sentence or two; empty if it could.
    """

    name: str
    pixels: NDArray[np.uint8] | None
    notes: tuple[str, ...] = ()
    trouble: str = ""


def read_pictures(images: Sequence[Named], frame: Frame, test_images: NDArray[np.uint8]) -> Iterator[ReadPicture]:
    """Read images in their order, in processes of their own; `test_images` are those that numbers count."""
    files = (one.path or sys.stdin.buffer.read(MOST_BYTES + 1) for one in images if one.number is None)
    waiting: dict[int, Decoded | Unreadable] = {}
    rank = 0
    with closing(decode(files, frame, workers=available_cores())) as answers:
        for one in images:
            if one.number is not None:
                yield _test_image(one.name, one.number, test_images)
                continue
            while rank not in waiting:
                place, answer = next(answers)
                waiting[place] = answer
            answer = waiting.pop(rank)
            rank += 1
            if isinstance(answer, Unreadable):
                yield ReadPicture(name=one.name, pixels=None, trouble=shown(f"{one.name} {answer.reason}."))
            else:
                yield ReadPicture(name=one.name, pixels=answer.picture.pixels, notes=answer.picture.notes)


def _test_image(name: str, number: int, test_images: NDArray[np.uint8]) -> ReadPicture:
    if number < len(test_images):
        return ReadPicture(name=name, pixels=test_images[number])
    trouble = (
        f"there is no test image {number}; there are {len(test_images):,}, counted from 0. "
        f"For a file of that name write ./{number}."
    )
    return ReadPicture(name=name, pixels=None, trouble=trouble)


_ENCODINGS = {
    # UTF-32 first: its mark begins like that of UTF-16.
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_NO_TEXT = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are none


def read_name_list(content: bytes, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read names of images, one a line; empty lines are skipped, and a byte order mark is no part of the first name.

    Returns:
        The names as the file system writes them, also where they are no text; and notes about the list.
    """
    encoding = next((name for mark, name in _ENCODINGS.items() if content.startswith(mark)), "")
    if encoding:
        raise DataError(f"{where} is written in {encoding}, expected UTF-8 with one name a line. Save it as UTF-8.")
    if b"\0" in content:
        raise DataError(
            f"{where} holds zero bytes, as UTF-16 does and lists whose names end in them; expected UTF-8 with one name "
            "a line. Save it so."
        )
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    names = tuple(line for line in re.split(r"[\r\n]+", text) if line)
    strange = [name for name in names if _NO_TEXT.search(name) and not os.path.lexists(name)]
    if not strange:
        return names, ()
    count = "1 name" if len(strange) == 1 else f"{len(strange):,} names"
    note = f"{where} is not in UTF-8: {count} in it, taken byte for byte, cannot be found. Save it as UTF-8."
    return names, (note,)
