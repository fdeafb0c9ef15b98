"""What lies in folders of images without being the user's: system files, thumbnails, and what ceteris itself writes."""

import os
from pathlib import Path

from ceteris.datasets.picture import ENDINGS

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
    """Say whether a folder holds results or an exported network, or several and no images beside, as `results` does.

    Raises:
        OSError: If it cannot be listed.
    """
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
