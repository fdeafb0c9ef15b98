"""From a study file to a study, or to all that is wrong with it, each with its line."""

import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ceteris.datasets.choice import KNOWN_NAMES
from ceteris.datasets.source import is_path
from ceteris.errors import StudyError, reason
from ceteris.formatting.wording import nearest, written
from ceteris.paths import AnyPath, expanded
from ceteris.study.own_code import fill_code, own_code
from ceteris.study.study import Study
from ceteris.values.mistakes import Place, explain, spelled

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\r\n#]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")


def toml_lines(text: str) -> dict[Place, int]:
    r"""Find the line of every key, table and list entry.

    Returns:
        The line, from 1, on which each place is first named.

    Example:
        >>> toml_lines("[a]\nb = [1, { c = 2 }]")
        {('a',): 1, ('a', 'b'): 2, ('a', 'b', 0): 2, ('a', 'b', 1): 2, ('a', 'b', 1, 'c'): 2}
    """
    scanner = _Scanner(text)
    lines: dict[Place, int] = {}
    for place, offset in scanner.document():
        for length in range(1, len(place) + 1):
            lines.setdefault(place[:length], text.count("\n", 0, offset) + 1)
    return lines


def line_of(place: Place, lines: dict[Place, int]) -> int | None:
    """Give the line of a place, or of the innermost thing around it that has one.

    A position that the text does not have is stepped over: one table may stand where a list is allowed.
    """
    if place[:1] == ("variation",) and ("variation",) not in lines:
        place = ("variations", *place[1:])
    known: Place = ()
    for key in place:
        if (*known, key) in lines:
            known = (*known, key)
        elif isinstance(key, str):
            break
    return lines.get(known)


class _Scanner:
    """A walk through the text, yielding places with the offset of their name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tables: Counter[Place] = Counter()

    def document(self) -> Iterator[tuple[Place, int]]:
        table: Place = ()
        self.skip_space()
        while self.at < len(self.text):
            start = self.at
            if self.text[self.at] == "[":
                is_list = self.text.startswith("[[", self.at)
                self.at += 2 if is_list else 1
                table = self.within(self.key(), is_list=is_list)
                self.at += 2 if is_list else 1
                yield table, start
            else:
                yield from self.assignment(table)
            self.skip_space()

    def within(self, key: Place, *, is_list: bool) -> Place:
        """Turn the key of a table's header into a place: names of lists of tables mean their last entry."""
        place: Place = ()
        for index, name in enumerate(key):
            place = (*place, name)
            if is_list and index == len(key) - 1:
                self.tables[place] += 1
            if place in self.tables:
                place = (*place, self.tables[place] - 1)
        return place

    def key(self) -> Place:
        """Read a dotted key and the space around it."""
        names: list[str] = []
        while True:
            self.skip_space()
            name = self.take(_KEY)
            names.append(str(tomllib.loads(f"name = {name}")["name"]) if name[0] in "\"'" else name)
            self.skip_space()
            if not self.text.startswith(".", self.at):
                return tuple(names)
            self.at += 1

    def assignment(self, table: Place) -> Iterator[tuple[Place, int]]:
        start = self.at
        place = (*table, *self.key())
        self.at += 1
        yield place, start
        yield from self.value(place)

    def value(self, place: Place) -> Iterator[tuple[Place, int]]:
        self.skip_space()
        if self.text[self.at] in "\"'":
            self.take(_STRING)
        elif self.text[self.at] == "[":
            yield from self.entries(place, "]")
        elif self.text[self.at] == "{":
            yield from self.entries(place, "}")
        else:
            self.take(_SCALAR)

    def entries(self, place: Place, end: str) -> Iterator[tuple[Place, int]]:
        self.at += 1
        index = 0
        self.skip_space()
        while self.text[self.at] != end:
            if end == "]":
                yield (*place, index), self.at
                yield from self.value((*place, index))
            else:
                yield from self.assignment(place)
            index += 1
            self.skip_space()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip_space()
        self.at += 1

    def skip_space(self) -> None:
        self.take(_SPACE)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Step over what matches here; the text was parsed before, so something does."""
        found = pattern.match(self.text, self.at)
        taken = found.group() if found else ""
        self.at += len(taken)
        return taken


# tomllib ends its messages so; from Python 3.14 the numbers are attributes as well.
_SYNTAX = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")

_BACKSLASHES = (
    "In double quotes, a backslash begins an escape: write a path in single quotes, 'C:\\Users\\me\\photos', or with "
    'slashes, "C:/Users/me/photos".'
)
_WINDOWS_PATH = re.compile(r'"(?:[A-Za-z]:|\.\.?)\\')
_ESCAPED = re.compile(r'"[^"]*\\')


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
    return parse_study(path, _text(path))


def parse_study(path: Path, text: str) -> Study:
    """Read the text of a study file, which is or will be at a path; see `read_study`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(_syntax_mistake(path, text, str(error))) from None
    except RecursionError:
        raise StudyError(f"{path}: lists or tables stand inside each other too deeply to be a study.") from None
    _check_paths(path, text, table)
    _find_folder(path, table)
    _read_code(path, text, table)
    try:
        return Study.model_validate(table)
    except ValidationError as error:
        lines = toml_lines(text)
        mistakes = [(line_of(m.place, lines) or 1, m.sentence) for m in explain(error, Study, table)]
        raise StudyError(*(f"{path}:{line}: {sentence}" for line, sentence in sorted(mistakes))) from None


def _check_paths(path: Path, text: str, table: dict[str, Any]) -> None:
    """Refuse paths that cannot be: a home that is none, and backslashes that became tabs and line ends."""
    mistakes = []
    for place, name in _paths(table):
        line = line_of(place, toml_lines(text)) or 1
        where = f"{path}:{line}: {spelled(place, table)}"
        if not name.isprintable() and _WINDOWS_PATH.search(text.split("\n")[line - 1]):
            mistakes.append(f"{where} = {written(name)} holds a control character. {_BACKSLASHES}")
            continue
        try:
            expanded(name, error=StudyError, where=where)
        except StudyError as error:
            mistakes += error.mistakes
    if mistakes:
        raise StudyError(*mistakes)


def _paths(node: object, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Find the texts of a study that name files and folders."""
    if isinstance(node, str) and (place == ("data", "name") or place[-1:] == ("weights",)):
        yield place, node
    elif isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _paths(inner, (*place, key))


def _find_folder(path: Path, table: dict[str, Any]) -> None:
    """Let the user's own images be seen from the study file; what is there needs no slash in its name."""
    data = table.get("data")
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(name, str) or not name or name in KNOWN_NAMES:
        return
    place = path.parent / expanded(name, error=StudyError, where=f"{path}: data.name")
    if is_path(name) or place.exists():
        seen = Path(os.path.normpath(place)).as_posix()
        data["name"] = seen if is_path(seen) else f"./{seen}"


def _read_code(path: Path, text: str, table: dict[str, Any]) -> None:
    """Read the user's own code beside the study; nothing of it is run."""
    mistakes = [(place, f"{spelled(place, table)}: unknown key 'code'; ceteris reads it.") for place in _code(table)]
    if mistakes := mistakes or fill_code(table, path.parent):
        lines = toml_lines(text)
        found = sorted((line_of(place, lines) or 1, sentence) for place, sentence in mistakes)
        raise StudyError(*(f"{path}:{line}: {sentence}" for line, sentence in found))


def _code(table: dict[str, Any]) -> Iterator[Place]:
    return (place for place, owner, _ in own_code(table) if "code" in owner)


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
        raise StudyError(f"{path} cannot be read: {reason(error)}.") from None


_BRACES = "A table in braces stands on one line, its entries separated by commas, with none after the last."
_VALUES = "A value is a number, true or false, text in double quotes, [a list] or { a table in braces }."
_HINTS = (
    ("", re.compile(r"[\u201c\u201d\u201e\u2018\u2019]"), 'Write straight quotes, "...", for typographic ones.'),
    ("invalid value", re.compile(r"[=\[,{]\s*(?:True|False)\b"), "TOML writes true and false in small letters."),
    ("expected newline", re.compile(r"=\s*\d+,\d"), "Write a decimal point: 0.01, not 0,01."),
    ("invalid value", re.compile(""), _VALUES),
    ("unclosed inline table", re.compile(""), _BRACES),
    ("invalid initial character", re.compile(r"\{"), _BRACES),
    ("cannot overwrite", re.compile(""), "The key is there twice; keep one."),
    ("cannot declare", re.compile(""), "Put the keys of the table below one heading."),
    ("expected '='", re.compile(r"^\s*[\w.-]+\s*:"), "A setting is written key = value."),
    ("invalid statement", re.compile(""), "A line is key = value, or the name of a table in brackets."),
)
"""How a message of the parser begins, what the line holds, and what to write instead; the first that fits is shown."""
_DECLARED, _QUOTED = re.compile(r"cannot declare \((.*?)\)"), re.compile(r"'([^']*)'")


def _syntax_mistake(path: Path, text: str, message: str) -> str:
    found = _SYNTAX.fullmatch(message)
    if not found:
        return f"{path}: this is not TOML: {message}."
    what = found["what"][:1].lower() + found["what"][1:]
    line = text.split("\n")[int(found["line"]) - 1] if found["line"] else ""
    hint = next((hint for start, holds, hint in _HINTS if what.startswith(start) and holds.search(line)), "")
    if _ESCAPED.search(line):
        hint = _BACKSLASHES
    what = _DECLARED.sub(lambda match: f"cannot declare [{'.'.join(re.findall(_QUOTED, match[1]))}]", what)
    where = f"column {found['column']}" if found["line"] else "the end of the file"
    number = found["line"] or text.count("\n") + 1
    return f"{path}:{number}: this is not TOML: {what}, at {where}.{' ' if hint else ''}{hint}"
