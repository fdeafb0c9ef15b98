"""Whether the folders of a folder of images are classes, or parts of the images: training, validation and test."""

from collections.abc import Mapping
from pathlib import Path

from ceteris.datasets.decoding import shown
from ceteris.datasets.folder_entries import Entries, list_entries, some
from ceteris.datasets.part_names import composed, hinted_part, part_of
from ceteris.errors import DataError
from ceteris.formatting.wording import listed


def find_parts(path: Path, top: Entries) -> Mapping[str, str]:
    """Say which part each folder holds; empty where the folders are classes.

    Folders are parts if all of them have usual names of parts and class folders inside. Whatever looks half so is
    refused: a network that learns to tell `training_set` from `test_set` looks like a success.

    Args:
        path: The folder of images.
        top: What is in it.

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
    count = "1 file lies" if len(files) == 1 else f"{len(files):,} files lie"
    return f"{count} outside class folders in {_quoted(name)} ({some(files)})"


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
