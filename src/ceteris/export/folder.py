"""The folder of an export: it appears whole or not at all, and never in place of something else."""

import json
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ceteris.errors import ResultsError
from ceteris.results.atomic import PARTIAL, explained, make_folder, move, write_together

CARD, FACTS = "README.md", "model.json"


def check_place(folder: Path, *, is_replacing: bool) -> None:
    """See whether an export may be written here, before any work is done for it.

    Raises:
        ResultsError: If there is something that may not be replaced.
    """
    with explained(folder, "look into it", needed=0):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    if not _is_export(folder):
        what = "holds something else" if folder.is_dir() else "is a file"
        raise ResultsError(f"{folder} {what}; an export goes into a folder of its own. Name a new one with --out.")
    if not is_replacing:
        raise ResultsError(f"{folder} holds an export already. Replace it with --force, or name another with --out.")


def publish(folder: Path, contents: Mapping[str, bytes], *, is_replacing: bool) -> None:
    """Write all files into a new folder beside the place, then put it there.

    Args:
        folder: The place.
        contents: By name.
        is_replacing: Whether an earlier export may be replaced; it stands until the new one is whole.

    Raises:
        ResultsError: If there is something that may not be replaced, or the disk does not take it.
    """
    make_folder(folder.parent)
    fresh = folder.parent / f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}"
    try:
        make_folder(fresh)
        write_together(fresh, contents)
        check_place(folder, is_replacing=is_replacing)
        if not folder.exists():
            move(fresh, folder)
            return
        old = folder.parent / f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}"
        move(folder, old)
        move(fresh, folder)
        with suppress(OSError):
            shutil.rmtree(old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _is_export(folder: Path) -> bool:
    try:
        facts = json.loads((folder / FACTS).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get("made_by") == "ceteris"
