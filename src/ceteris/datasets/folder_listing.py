"""A folder of images as a person keeps it: class folders, or training, validation and test folders of class folders."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.folder_entries import Entries, composed, hinted_part, list_entries, part_of, some
from ceteris.errors import DataError
from ceteris.formatting.wording import count, listed, nearest
from ceteris.paths import shown


def find_parts(path: Path, top: Entries) -> Mapping[str, str]:
    """Say which part each folder holds; empty where the folders are classes.

    Folders are parts if all of them have usual names of parts and class folders inside. Whatever looks half so is
    refused: a network that learns to tell `training_set` from `test_set` looks like a success.

    Raises:
        DataError: If names and contents contradict each other, a part is there twice, or there are no training images.
    """
    where = shown(path)
    parts = {name: part for name in top.folders if (part := part_of(name))}
    if not parts:
        _check_hints(path, top)
        return {}
    inside = {name: list_entries(path / name) for name in parts}
    if not any(entries.folders for entries in inside.values()):
        raise DataError(f"{where}: {_no_classes_inside(parts)}")
    for part in dict.fromkeys(parts.values()):
        same = [name for name, meant in parts.items() if meant == part]
        if len(same) > 1:
            raise DataError(
                f"{where} has {listed(map(_quoted, same))}, which both mean {part} images. Keep one of them."
            )
    if "training" not in parts.values():
        raise DataError(
            f"{where} has a folder {listed(map(_quoted, parts))}, but no 'train'. Name the folder with the training "
            "images so."
        )
    if others := [name for name in top.folders if name not in parts]:
        raise DataError(
            f"{where} has a training folder and, beside it, {some(others)}, which is no validation or test folder. "
            "Move class folders into the training folder, and other folders away."
        )
    example = next(name for name, entries in inside.items() if entries.folders)
    for name, entries in inside.items():
        if not entries.folders:
            found = _outside(entries.files, name) if entries.files else f"{_quoted(name)} is empty"
            raise DataError(
                f"{where}: {found}; expected class folders as in {_quoted(example)}: {some(inside[example].folders)}. "
                f"Sort the {parts[name]} images into such folders, or move {_quoted(name)} away."
            )
    return parts


def _no_classes_inside(parts: Mapping[str, str]) -> str:
    kinds = listed(dict.fromkeys(parts.values()))
    names = listed(map(_quoted, parts))
    first = next(iter(parts))
    if len(parts) == 1:
        return (
            f"{names} is a usual name for a folder of {kinds} images, but there are no class folders in it. If it is a "
            f"class, rename it, for example to '{shown(first)} class'; if not, sort its images into class folders."
        )
    return (
        f"{names} are usual names for folders of {kinds} images, but there are no class folders in them. If they are "
        f"classes, rename them, for example to '{shown(first)} class'; if not, sort their images into class folders."
    )


def _outside(files: tuple[str, ...], name: str) -> str:
    which = "1 file lies" if len(files) == 1 else f"{len(files):,} files lie"
    return f"{which} outside class folders in {_quoted(name)} ({some(files)})"


def _check_hints(path: Path, top: Entries) -> None:
    """Refuse folders of folders that hint at parts by their names: they would be taken for classes."""
    if not any(map(hinted_part, top.folders)):
        return
    listings = {name: list_entries(path / name) for name in top.folders}
    inside = {
        name: set(map(composed, entries.folders))
        for name, entries in listings.items()
        if entries.folders and not entries.files
    }
    hinting = {name: part for name in inside if (part := hinted_part(name))}
    alike = {other for name in hinting for other in inside if other != name and inside[other] & inside[name]}
    if alike or len(set(hinting.values())) > 1:
        names = [name for name in inside if name in hinting or name in alike]
        raise DataError(
            f"{shown(path)}: {some(names)} have no files of their own, but folders, and by their names they are parts "
            "of a data set rather than classes. Name them 'train', 'validation' and 'test', with the class folders "
            "directly inside."
        )


def _quoted(name: str) -> str:
    return f"'{shown(name)}'"


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """A file in a class folder, whatever it holds; or a folder in one that cannot be opened.

    Attributes:
        name: Its path from the folder of images, with slashes.
    """

    path: Path
    name: str
    label: int


@dataclass(frozen=True, kw_only=True)
class FolderListing:
    """What a folder of images holds, by its names only: no file was opened.

    Attributes:
        class_names: In the order of labels, which is that of their bytes; composed (Unicode NFC).
        passed_over: What is in no class folder, or no image of the user's, and was left alone, one sentence each.
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
        return folder_name(self.path)

    @property
    def parts(self) -> Mapping[str, tuple[FolderFile, ...]]:
        """The files of each part that the folder has."""
        parts = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: files for name, files in parts.items() if files is not None}


# The files of one part, and what was passed over among them, one sentence each.
_ClassFiles = tuple[tuple[FolderFile, ...], tuple[str, ...]]


def folder_name(path: Path) -> str:
    """Say what a folder is called, also where its path is `.` or ends in `..`."""
    resolved = path.resolve()
    return shown(resolved.name or resolved)


def list_folder(path: Path) -> FolderListing:
    """Find the classes and the files of a folder of images.

    Left out are hidden files and folders, those that systems leave, and results of ceteris. Folders inside a class
    folder belong to the class; links are followed. Names that differ only in how Unicode composes their letters are
    the same.

    Raises:
        DataError: If there is no such folder, or it holds no class folders, or parts that do not fit each other.
    """
    top = list_entries(path)
    parts = find_parts(path, top)
    if not parts:
        class_names = _class_names(path, top.folders)
        by_part = {"training": _class_files(path, "", top, class_names)}
    else:
        class_names, by_part = _in_parts(path, parts)
    if len(class_names) < 2:
        raise DataError(_too_few_classes(path, class_names, top))
    if empty := sorted(set(range(len(class_names))) - {file.label for file in by_part["training"][0]}):
        what = "class folder" if len(empty) == 1 else "class folders"
        names = some(class_names[label] for label in empty)
        raise DataError(
            f"{shown(path)}: {what} {names} without a file. Fill or remove {'it' if len(empty) == 1 else 'them'}."
        )
    files = {part: found for part, (found, _) in by_part.items()}
    return FolderListing(
        path=path,
        class_names=tuple(shown(name) for name in class_names),
        training=files["training"],
        validation=files.get("validation"),
        test=files.get("test"),
        passed_over=(
            *(() if not parts else _beside_classes(path, top)),
            *(sentence for _, passed_over in by_part.values() for sentence in passed_over),
        ),
    )


def _in_parts(path: Path, parts: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, _ClassFiles]]:
    """Read training, validation and test folders, whose classes must be those of the training folder."""
    training = next(name for name, part in parts.items() if part == "training")
    class_names = _class_names(path / training, list_entries(path / training).folders)
    by_part: dict[str, _ClassFiles] = {}
    for name, part in parts.items():
        entries = list_entries(path / name)
        if strange := [one for one in _class_names(path / name, entries.folders) if one not in class_names]:
            close = nearest(strange[0], class_names)
            end = f"Did you mean '{shown(close)}'?" if close else f"The classes are {some(class_names)}."
            raise DataError(
                f"{shown(path)}: {shown(name)} has the class folder '{shown(strange[0])}', and {shown(training)} has "
                f"not. {end}"
            )
        by_part[part] = _class_files(path, f"{name}/", entries, class_names)
    return class_names, by_part


def _class_names(path: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """Compose the names of class folders, and sort them by their bytes."""
    counts = Counter(map(composed, folders))
    for name, number in counts.items():
        if number > 1:
            raise DataError(
                f"{shown(path)} has {number} folders whose names read '{shown(name)}' and differ in how Unicode "
                "composes the letters. Put their files into one."
            )
    return tuple(sorted(counts, key=os.fsencode))


def _class_files(path: Path, prefix: str, entries: Entries, class_names: Sequence[str]) -> _ClassFiles:
    labels = {name: label for label, name in enumerate(class_names)}
    files: list[FolderFile] = []
    passed_over = list(_beside_classes(path / prefix, entries))
    for folder in entries.folders:
        for name, sentence in _below(path, f"{prefix}{folder}"):
            if sentence:
                passed_over.append(sentence)
            else:
                files.append(FolderFile(path=path / name, name=name, label=labels[composed(folder)]))
    return tuple(files), tuple(passed_over)


def _below(path: Path, class_folder: str) -> Iterator[tuple[str, str]]:
    """Name all files of a class folder and of those inside it, in the order of their bytes.

    Yields:
        A name, and why it is passed over; empty for a file. A folder inside that cannot be opened comes as a file, so
        that it is left out, counted and named like one that cannot be read.
    """
    above: frozenset[tuple[int, int]] = frozenset()
    waiting = [(class_folder, above)]
    while waiting:
        name, above = waiting.pop()
        try:
            entries, status = list_entries(path / name), (path / name).stat()
        except (DataError, OSError):
            if not above:
                raise
            yield name, ""
            continue
        here = (status.st_dev, status.st_ino)
        if here in above:
            yield name, f"'{shown(name)}' is a link to a folder above it."
            continue
        yield from ((f"{name}/{file}", "") for file in entries.files)
        yield from ((f"{name}/{folder}", _written(f"{name}/{folder}")) for folder in entries.written)
        waiting += [(f"{name}/{folder}", above | {here}) for folder in reversed(entries.folders)]


def _too_few_classes(path: Path, class_names: Sequence[str], top: Entries) -> str:
    where = shown(path)
    want = "Make a folder for each class, and put its images there."
    if class_names:
        return f"{where} has one class folder, {some(class_names)}, expected two or more. {want}"
    if top.files:
        return f"{where} has no class folders; it has {count(len(top.files), 'file')} ({some(top.files)}). {want}"
    if top.written:
        return f"{where} has only results or exports of ceteris ({some(top.written)}), and no class folders. {want}"
    return f"{where} is empty, expected a folder of images for each class."


def _beside_classes(path: Path, entries: Entries) -> Iterator[str]:
    """Say what lies beside class folders."""
    if entries.files:
        names = some(entries.files)
        which = f"{names} is" if len(entries.files) == 1 else f"{len(entries.files):,} files ({names}) are"
        yield f"{which} in {shown(path.name or path.resolve().name or path)} and not in a class folder."
    yield from map(_written, entries.written)


def _written(name: str) -> str:
    return f"'{shown(name)}' holds results or exports of ceteris and was left out."
