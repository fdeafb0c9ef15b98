"""From a study file to a study, or to all that is wrong with it."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ceteris.errors import StudyError
from ceteris.formatting.wording import nearest
from ceteris.paths import AnyPath, expanded
from ceteris.study.images import KNOWN_NAMES
from ceteris.study.places import line_of, toml_lines
from ceteris.study.specification import is_path
from ceteris.study.study import Study
from ceteris.values.mistakes import explain

# tomllib ends its messages so; from Python 3.14 the numbers are attributes as well.
_SYNTAX = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def read_study(path: AnyPath) -> Study:
    """Read a study file.

    Args:
        path: A TOML file; `studies/cifar10.toml` is an example that uses everything.

    Returns:
        The study, checked.

    Raises:
        StudyError: If there is no such file, or anything in it cannot be: all mistakes at once, each with its line.
    """
    path = expanded(path, error=StudyError)
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(_syntax_mistake(path, text, str(error))) from None
    except RecursionError:
        raise StudyError(f"{path}: lists or tables stand inside each other too deeply to be a study.") from None
    _find_folder(path, table)
    try:
        return Study.model_validate(table)
    except ValidationError as error:
        lines = toml_lines(text)
        mistakes = [(line_of(m.place, lines) or 1, m.sentence) for m in explain(error, Study, table)]
        raise StudyError(*(f"{path}:{line}: {sentence}" for line, sentence in sorted(mistakes))) from None


def _find_folder(path: Path, table: dict[str, Any]) -> None:
    """Let the folder of images be seen from the study file; one that is there needs no slash in its name."""
    data = table.get("data")
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(name, str) or not name or name in KNOWN_NAMES:
        return
    place = path.parent / expanded(name, error=StudyError, where=f"{path}: data.name")
    if is_path(name) or place.is_dir():
        seen = Path(os.path.normpath(place)).as_posix()
        data["name"] = seen if is_path(seen) else f"./{seen}"


def _text(path: Path) -> str:
    try:
        # Editors on Windows may put a byte-order mark first, which TOML does not know.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        folder = path.parent
        names = sorted(entry.stem for entry in folder.glob("*.toml")) if folder.is_dir() else []
        close = nearest(path.stem, names)
        end = f"did you mean {folder / close}.toml?" if close else "check the path; a study is a TOML file."
        raise StudyError(f"{path}: there is no such file; {end}") from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder; name a study file in it, for example {path / 'study.toml'}.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise StudyError(f"{path}:{line}: this is not UTF-8 text; save the file as UTF-8.") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def _syntax_mistake(path: Path, text: str, message: str) -> str:
    found = _SYNTAX.fullmatch(message)
    if not found:
        return f"{path}: this is not TOML: {message}."
    what = found["what"][:1].lower() + found["what"][1:]
    if found["line"]:
        return f"{path}:{found['line']}: this is not TOML: {what}, at column {found['column']}."
    return f"{path}:{text.count(chr(10)) + 1}: this is not TOML: {what}, at the end of the file."
