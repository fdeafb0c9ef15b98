import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.study.places import line_of, toml_lines

ROOT = Path(__file__).parents[2]

AWKWARD = '''
# [not.a.table]
plain = 1   # a = 2
"quoted.key" = "] = , # \\" \\\\"
'single' = 'C:\\'
a . b = { c = [1, [2, 3], { d = 4 }], "e f" = """
{ g = "x" }
[[h]] \\""" """ }
date = 1979-05-27 07:32:00
literal = \'\'\'
[i]
''\'\'\'
many = [
  # comment ]
  "one",

  { two = -0.5e3, three = true },
]

[table.inner]
key = inf
[[list]]
x = 1
[list.sub]
y = 2
[[list.more]]
z = 3
[[list.more]]
z = 4
[[list]]
x = 5
'''


def places(node, at=()):
    """Every key and every list position of a parsed document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, entry in entries:
        yield (*at, key)
        yield from places(entry, (*at, key))


@pytest.mark.parametrize(
    "text",
    [AWKWARD, *(path.read_text() for path in ROOT.glob("studies/*.toml"))],
    ids=lambda text: text[:10].strip(),
)
def test_every_place_has_a_line_and_no_other_has(text):
    """Places are those that the standard library's parser finds, and each key stands on its line."""
    lines = toml_lines(text)

    assert set(lines) == set(places(tomllib.loads(text)))
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in text.splitlines()[line - 1]


def test_names_the_right_lines():
    """Keys are found on the very line that names them, in each of TOML's ways to write one."""
    lines = toml_lines(AWKWARD)

    assert [lines[place] for place in [("plain",), ("quoted.key",), ("a", "b", "c", 2, "d"), ("date",)]] == [3, 4, 6, 9]
    assert [lines[place] for place in [("many",), ("many", 0), ("many", 1, "three")]] == [13, 15, 17]
    assert [lines[place] for place in [("list",), ("list", 0, "more", 1, "z"), ("list", 1), ("list", 1, "x")]] == [
        22,
        29,
        30,
        31,
    ]


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=5)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text):
    """Write a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(value):
    """Write a TOML value, lists on several lines."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case list():
            return "[\n" + ",\n".join(written(entry) for entry in value) + "]"
        case dict():
            return "{" + ", ".join(f"{quoted(key)} = {written(entry)}" for key, entry in value.items()) + "}"
        case _:
            return str(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_follows_any_document(table):
    """Whatever the keys and strings hold, places are those of the standard library's parser."""
    text = "\n".join(f"{quoted(key)} = {written(value)}" for key, value in table.items())

    assert tomllib.loads(text) == table
    assert set(toml_lines(text)) == set(places(table))


def test_a_missing_place_is_looked_for_around_it():
    """What is not in the text is shown where it should be; one table may stand for a list of one."""
    lines = toml_lines("[a]\nd = 2\n[a.b]\nc = 1\n[[variations]]\ne = 1")

    assert line_of(("a", "b", 0, "c"), lines) == 4
    assert line_of(("a", "x", "y"), lines) == 1
    assert line_of(("variation", 0, "e"), lines) == 6
    assert line_of(("x",), lines) is None
