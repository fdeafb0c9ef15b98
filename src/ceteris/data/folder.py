"""A folder of images as a person keeps it: class folders, or training, validation and test folders of class folders."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ceteris.data.decoding import shown
from ceteris.errors import DataError
from ceteris.formatting.wording import listed, nearest

_PARTS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_NOBODYS = {"thumbs.db", "desktop.ini", "__macosx"}
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """A file in a class folder, whatever it holds.

    Attributes:
        path: Where it is.
        name: Its path from the folder of images, with slashes.
        label: The place of its class among the names of the classes.
    """

    path: Path
    name: str
    label: int


@dataclass(frozen=True, kw_only=True)
class FolderListing:
    """What a folder of images holds, by its names only: no file was opened.

    Attributes:
        path: The folder.
        class_names: In the order of labels, which is that of their bytes.
        training: Files in the order of their names.
        validation: None where the folder has no validation folder.
        test: None where the folder has no test folder.
        passed_over: What is in no class folder and was left alone, one sentence each.
    """

    path: Path
    class_names: tuple[str, ...]
    training: tuple[FolderFile, ...]
    validation: tuple[FolderFile, ...] | None
    test: tuple[FolderFile, ...] | None
    passed_over: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call it: its own name, without the folders above."""
        return shown(self.path.resolve().name)

    @property
    def parts(self) -> Mapping[str, tuple[FolderFile, ...]]:
        """The files of each part that the folder has."""
        parts = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: files for name, files in parts.items() if files is not None}


def list_folder(path: Path) -> FolderListing:
    """Find the classes and the files of a folder of images.

    Hidden files and folders are left out; folders inside a class folder belong to the class; links are followed.

    Raises:
        DataError: If there is no such folder, or it holds no class folders, or parts that do not fit each other.
    """
    try:
        folders, files = _entries(path)
    except OSError as error:
        raise DataError(_no_folder(path, error)) from None
    parts = {name: _PARTS[name.lower()] for name in folders if name.lower() in _PARTS}
    if not parts:
        class_names = tuple(folders)
        by_part = {"training": _class_files(path, folders, class_names, "")}
        passed_over = [_passed_over(path, files)] if files else []
    else:
        class_names, by_part, passed_over = _in_parts(path, parts, [name for name in folders if name not in parts])
        passed_over += [_passed_over(path, files)] if files else []
    if len(class_names) < 2:
        raise DataError(_too_few_classes(path, class_names, files))
    if empty := sorted(set(range(len(class_names))) - {file.label for file in by_part["training"]}):
        what = "class folder" if len(empty) == 1 else "class folders"
        names = _some(class_names[label] for label in empty)
        raise DataError(
            f"{shown(path)}: {what} {names} without a file. Fill or remove {'it' if len(empty) == 1 else 'them'}."
        )
    return FolderListing(
        path=path,
        class_names=tuple(shown(name) for name in class_names),
        training=by_part["training"],
        validation=by_part.get("validation"),
        test=by_part.get("test"),
        passed_over=tuple(passed_over),
    )


def _in_parts(
    path: Path, parts: Mapping[str, str], others: list[str]
) -> tuple[tuple[str, ...], dict[str, tuple[FolderFile, ...]], list[str]]:
    """Read training, validation and test folders, whose classes must be those of the training folder."""
    where = shown(path)
    for part in dict.fromkeys(parts.values()):
        same = [name for name, meant in parts.items() if meant == part]
        if len(same) > 1:
            raise DataError(f"{where} has {_listed(same)}, which both mean {part} images. Keep one of them.")
    if "training" not in parts.values():
        raise DataError(
            f"{where} has a folder {_listed(parts)}, but no 'train'. Name the folder with the training images so."
        )
    if others:
        raise DataError(
            f"{where} has a training folder and, beside it, {_some(others)}, which is no validation or test folder. "
            "Move class folders into the training folder, and other folders away."
        )
    training = next(name for name, part in parts.items() if part == "training")
    class_names = tuple(_entries(path / training)[0])
    by_part: dict[str, tuple[FolderFile, ...]] = {}
    passed_over: list[str] = []
    for name, part in parts.items():
        folders, files = _entries(path / name)
        if strange := [one for one in folders if one not in class_names]:
            close = nearest(strange[0], class_names)
            end = f"Did you mean '{shown(close)}'?" if close else f"The classes are {_some(class_names)}."
            raise DataError(
                f"{where}: {shown(name)} has the class folder '{shown(strange[0])}', and {shown(training)} has not. "
                f"{end}"
            )
        by_part[part] = _class_files(path, folders, class_names, f"{name}/")
        passed_over += [_passed_over(path / name, files)] if files else []
    return class_names, by_part, passed_over


def _class_files(
    path: Path, folders: Iterable[str], class_names: tuple[str, ...], prefix: str
) -> tuple[FolderFile, ...]:
    labels = {name: label for label, name in enumerate(class_names)}
    return tuple(
        FolderFile(path=path / name, name=name, label=labels[folder])
        for folder in folders
        for name in _below(path, f"{prefix}{folder}", set())
    )


def _below(path: Path, name: str, above: set[tuple[int, int]]) -> Iterator[str]:
    """Name all files of a folder and those inside it, in the order of their bytes; a link to a folder above ends."""
    status = (path / name).stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    folders, files = _entries(path / name)
    yield from (f"{name}/{file}" for file in files)
    for folder in folders:
        yield from _below(path, f"{name}/{folder}", above | {here})


def _entries(path: Path) -> tuple[list[str], list[str]]:
    """List folders and all else, without what systems leave about, in an order that is the same on every machine."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name.lower() not in _NOBODYS:
                (folders if entry.is_dir() else files).append(entry.name)
    return sorted(folders, key=os.fsencode), sorted(files, key=os.fsencode)


def _no_folder(path: Path, error: OSError) -> str:
    where = shown(path)
    if isinstance(error, FileNotFoundError):
        above = path.parent
        names = [entry.name for entry in above.iterdir() if entry.is_dir()] if above.is_dir() else []
        close = nearest(path.name, names)
        end = f"Did you mean {shown(above / close)}?" if close else "Check the path; a study's is seen from its file."
        return f"{where}: there is no such folder. {end}"
    if isinstance(error, NotADirectoryError):
        return f"{where} is a file, expected a folder with a folder of images for each class."
    return f"{where} cannot be read: {(error.strerror or type(error).__name__).lower()}. Check its permissions."


def _too_few_classes(path: Path, class_names: tuple[str, ...], files: list[str]) -> str:
    where = shown(path)
    want = "Make a folder for each class, and put its images there."
    if class_names:
        return f"{where} has one class folder, {_some(class_names)}, expected two or more. {want}"
    if files:
        count = "1 file" if len(files) == 1 else f"{len(files):,} files"
        return f"{where} has no class folders; it has {count} ({_some(files)}). {want}"
    return f"{where} is empty, expected a folder of images for each class."


def _passed_over(path: Path, files: list[str]) -> str:
    count = f"{_some(files)} is" if len(files) == 1 else f"{len(files):,} files ({_some(files)}) are"
    return f"{count} in {shown(path.name)} and not in a class folder."


def _some(names: Iterable[str]) -> str:
    """Name a few: `'a', 'b' and 3 more`."""
    quoted = [f"'{shown(name)}'" for name in names]
    if len(quoted) > _SHOWN:
        quoted = [*quoted[:_SHOWN], f"{len(quoted) - _SHOWN:,} more"]
    return listed(quoted)


def _listed(names: Iterable[str]) -> str:
    return listed(f"'{shown(name)}'" for name in names)
