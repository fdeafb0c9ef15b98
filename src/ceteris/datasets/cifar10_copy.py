"""A copy of CIFAR-10 on disk, found in a folder or named as an archive, not read yet."""

from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.cifar10 import OFFICIAL, Layout, parts
from ceteris.datasets.records import REMEDY
from ceteris.errors import DataError


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

    Args:
        place: What the user named, or the cache.
        batches: How many training batches must be there.

    Raises:
        DataError: If there is no copy, or only an incomplete one.
    """
    try:
        return _find(place, parts(batches))
    except OSError as error:
        raise DataError(f"{place}: cannot be looked into ({error.strerror}). Check its permissions.") from error


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
