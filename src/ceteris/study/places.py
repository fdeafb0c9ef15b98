"""On which line of a TOML text each key stands; the standard library's parser does not tell.

The text has been parsed before, so this scanner may trust its syntax: it follows keys, tables and lists, and skips over
everything else.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator

from ceteris.values.mistakes import Place

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

    Args:
        text: A valid TOML document.

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
