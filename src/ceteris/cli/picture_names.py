"""What a person named to be predicted: files, folders, patterns, numbers of test images, and standard input."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.folder_entries import is_leftover
from ceteris.datasets.picture import ENDINGS
from ceteris.errors import DataError
from ceteris.formatting.wording import listed
from ceteris.paths import expanded

STANDARD_INPUT = "-"

_DIGITS = 18  # of a number that may be a test image's; more are a name


@dataclass(frozen=True, kw_only=True)
class Named:
    """One image to be.

    Attributes:
        name: What to call it in answers.
        path: Its file; None for standard input and test images.
        number: Of the test image that is meant, from 0.
    """

    name: str
    path: Path | None = None
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """A name that stands for no image.

    Attributes:
        reason: Why, with the name in it.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was named.

    Attributes:
        images: In the order in which they were named; the files of a folder by their names.
        nothing: Names that stand for no image.
        notes: What was left out, one sentence each.
    """

    images: tuple[Named, ...]
    nothing: tuple[Nothing, ...]
    notes: tuple[str, ...]


def find_pictures(names: Sequence[str]) -> Found:
    """Find out what each name means: a number is a test image, `-` is standard input, others are on the disk.

    A pattern such as `photos/*.jpg` is for shells that leave patterns to the program; a file of that very name comes
    first.

    Args:
        names: As they were typed.

    Raises:
        DataError: If there is no name at all, or standard input is named twice.
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


def printable(name: str) -> str:
    r"""Write a name so that no terminal is misled by what is in it, and every encoding knows it.

    Example:
        >>> printable("cat\x1b[2J.jpg")
        'cat\\x1b[2J.jpg'
    """
    return name if name.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


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
            yield Nothing(reason=f"{printable(name)} matches no file. Check the pattern.")
        for match in matches:
            yield from _in_folder(Path(match)) if Path(match).is_dir() else (_file(Path(match)),)
    else:
        yield _file(path)


def _in_folder(folder: Path) -> Iterator[Named | Nothing | str]:
    closed: list[OSError] = []
    visible = sorted(path for path in _below(folder, closed) if _may_be_file(path))
    for error in closed:
        reason = (error.strerror or type(error).__name__).lower()
        yield Nothing(reason=f"{printable(str(error.filename))} cannot be opened: {reason}.")
    images = [path for path in visible if path.suffix.lower() in ENDINGS]
    shown, others = printable(str(folder)), len(visible) - len(images)
    if not images and not closed:
        held = f"{others:,} other files" if others != 1 else "another file"
        end = f", but {held}; name those that are images" if others else ""
        yield Nothing(reason=f"{shown} holds no file whose name ends in {listed(ENDINGS, 'or')}{end}.")
    elif images and others:
        left = f"{others:,} files in {shown} were" if others > 1 else f"1 file in {shown} was"
        yield f"{left} left out: the names of images end in {listed(ENDINGS, 'or')}."
    yield from map(_file, images)


def _below(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Find all files below a folder, and note folders that cannot be opened."""
    for here, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not is_leftover(name)]
        yield from (Path(here, name) for name in files if not is_leftover(name))


def _may_be_file(path: Path) -> bool:
    """Say whether it is a plain file, or one that cannot even be looked at, which is told when it is to be read."""
    return os.path.isfile(path) or not (os.path.exists(path) or os.path.islink(path))  # noqa: PTH110, PTH113, PTH114 - these do not raise


def _file(path: Path) -> Named:
    return Named(name=printable(str(path)), path=path)
