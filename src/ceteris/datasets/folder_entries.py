"""What is directly inside one folder of a user's, what is the user's own of it, and what its name says."""

import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.picture import ENDINGS
from ceteris.errors import DataError, reason
from ceteris.formatting.wording import listed, nearest
from ceteris.paths import shown

_WORDS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_KINDS = ("", "set", "data", "dataset", "split", "folder", "image", "images", "img", "imgs", "photos", "pictures")
_PARTS = {order: part for word, part in _WORDS.items() for kind in _KINDS for order in (word + kind, kind + word)}


def composed(name: str) -> str:
    """Write the letters of a name in one way (Unicode NFC): systems differ in whether an accent is a letter apart."""
    return unicodedata.normalize("NFC", name)


def part_of(name: str) -> str | None:
    """Say which part a folder of this name holds, or None if the name is that of no part.

    Example:
        >>> part_of("training_set"), part_of("Test Images"), part_of("dev"), part_of("trains")
        ('training', 'test', 'validation', None)
    """
    return _PARTS.get(re.sub(r"[\W_]+", "", composed(name).casefold()))


def hinted_part(name: str) -> str | None:
    """Say which part a name hints at with one of its words, or None if with none or with several.

    Example:
        >>> hinted_part("seg_train"), hinted_part("val2017"), hinted_part("MyTest"), hinted_part("contest")
        ('training', 'validation', 'test', None)
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", composed(name))
    parts = {_WORDS[word] for word in re.findall(r"[^\W\d_]+", apart.casefold()) if word in _WORDS}
    return parts.pop() if len(parts) == 1 else None


_SYSTEM = {
    # Windows, on every drive and in every folder with pictures
    "$recycle.bin",
    "recycled",
    "recycler",
    "system volume information",
    "desktop.ini",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    # macOS, in archives and on drives of others
    "__macosx",
    "icon\r",
    "network trash folder",
    "temporary items",
    "thevolumesettingsfolder",
    # Linux: what was found when a drive was repaired
    "lost+found",
    # network storage: thumbnails and bins of Synology and QNAP
    "@eadir",
    "@tmp",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "@__thumb",
    # Python
    "__pycache__",
}


def is_leftover(name: str) -> bool:
    """Say whether a file or folder of this name is hidden, or was left by a system and not by a person."""
    return name.startswith(".") or name.casefold() in _SYSTEM


def is_written_by_ceteris(folder: Path) -> bool:
    """Say whether a folder holds results or an exported network, or several and no images beside, as `results` does."""
    if _is_one(folder):
        return True
    is_any = False
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not is_leftover(entry.name):
                if not _is_one(Path(entry.path)):
                    return False
                is_any = True
            elif Path(entry.name).suffix.lower() in ("", *ENDINGS):
                return False
    return is_any


def _is_one(folder: Path) -> bool:
    is_results = (folder / "study.json").is_file() and (folder / "runs").is_dir()
    return is_results or ((folder / "model.json").is_file() and (folder / "README.md").is_file())


_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is in one folder, in an order that is the same on every machine; hidden and system files are left out.

    Attributes:
        written: Names of folders that hold results or exports of ceteris.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]
    written: tuple[str, ...]


def list_entries(path: Path) -> Entries:
    """List a folder; that it is none, or cannot be listed, is a `DataError`."""
    folders: list[str] = []
    files: list[str] = []
    written: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if is_leftover(entry.name):
                    continue
                if not _is_folder(entry):
                    files.append(entry.name)
                else:
                    (written if _is_ours(Path(entry.path)) else folders).append(entry.name)
    except (OSError, ValueError) as error:
        raise DataError(_no_folder(path, error)) from None
    if "study.json" in files and "runs" in folders:  # results in the folder itself
        folders.remove("runs")
        written.append("runs")
    return Entries(
        folders=tuple(sorted(folders, key=os.fsencode)),
        files=tuple(sorted(files, key=os.fsencode)),
        written=tuple(sorted(written, key=os.fsencode)),
    )


def some(names: Iterable[str]) -> str:
    """Name a few: `'a', 'b' and 3 more`."""
    quoted = [f"'{shown(name)}'" for name in names]
    if len(quoted) > _SHOWN:
        quoted = [*quoted[:_SHOWN], f"{len(quoted) - _SHOWN:,} more"]
    return listed(quoted)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Tell a folder from all else: links that lead to themselves, and what may not be looked at, are no folders."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_ours(folder: Path) -> bool:
    """Say whether ceteris wrote a folder; what cannot be opened is the user's."""
    try:
        return is_written_by_ceteris(folder)
    except OSError:
        return False


def _no_folder(path: Path, error: OSError | ValueError) -> str:
    where = shown(path)
    if isinstance(error, NotADirectoryError):
        text = f"{where} is a file, expected a folder with a folder of images for each class."
        if path.suffix == ".npz":
            name = f'name = "./{shown(path.name)}" in [data]'
            text += f" A study takes the file as it is, {name}, and checks it when it runs."
        return text
    if isinstance(error, FileNotFoundError):
        names: list[str] = []
        with suppress(OSError):
            names = [entry.name for entry in path.parent.iterdir() if entry.is_dir()]
        same = next((name for name in names if composed(name) == composed(path.name)), None)
        if same is not None:
            return (
                f"{where}: there is no such folder, but one whose name reads the same and differs in how Unicode "
                "composes the letters. Rename it, or copy its name from a listing of the folder above."
            )
        close = nearest(path.name, names)
        nothing = "Check the path; a study's is seen from its file."
        end = f"Did you mean {shown(path.parent / close)}?" if close else nothing
        return f"{where}: there is no such folder. {end}"
    found = reason(error) if isinstance(error, OSError) else str(error)
    what = "its permissions" if isinstance(error, PermissionError) else "the path"
    return f"{where} cannot be read: {found}. Check {what}."
