import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ceteris.report.table import Cell, Column, Table, markdown_text
from tests.states import HOSTILE

NASTY = [
    "a|b",
    "a\\|b",
    "\\",
    "`",
    "*a*",
    "_a_",
    "<b>x</b>",
    "[x](y)",
    "![x](y)",
    "&lt;",
    "~~a~~",
    "$a$",
    "#",
    "> a",
    HOSTILE,
]
BLOCKS = ["- a", "+ a", "1. a", "12) a", "> a", "# a", "===", "---", "```", "    code", "* * *", "<div>"]


def table(*rows):
    """Give a table of two columns."""
    cells = tuple((Cell(name), Cell(text)) for name, text in rows)
    return Table(name="t", title="Title", columns=(Column(title="arm"), Column(title="%", is_number=True)), rows=cells)


def rendered(markdown):
    """Render Markdown as GitHub reads tables, with HTML let through."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)


def plain(html):
    """Give the text of rendered Markdown."""
    text = re.sub(r"<[^>]*>", "", html)
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, letter)
    return text.strip()


@pytest.mark.parametrize("text", [*NASTY, *BLOCKS])
def test_markdown_is_text(text):
    """Whatever a name holds, it is read as its letters: in a line of its own, in a list, in a heading."""
    words = " ".join(text.split())
    assert rendered(markdown_text(text)) == f"<p>{rendered(markdown_text(text))[3:-5]}</p>\n"
    assert plain(rendered(markdown_text(text))) == words
    assert plain(rendered(f"- {markdown_text(text)}")) == words
    assert plain(rendered(f"# {markdown_text(text)}")) == words
    assert set(re.findall(r"<(\w+)", rendered(f"- {markdown_text(text)}"))) == {"ul", "li"}


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1))
def test_any_text_is_text(text):
    """Letters of any script and signs of any kind come out as they went in."""
    words = " ".join(text.split())
    assert plain(rendered(f"x {markdown_text(text)}")) == f"x {words}".strip()
    assert set(re.findall(r"<(\w+)", rendered(f"x {markdown_text(text)}"))) == {"p"}


@pytest.mark.parametrize("text", [*NASTY, *BLOCKS, "", "two\nlines", "a\tb"])
def test_a_table_keeps_its_columns(text):
    """Pipes, line breaks and markup in a cell leave the table as wide as it is."""
    html = rendered(table((text, text), ("next", "1")).markdown())
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    cells = [[plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)] for row in rows]
    expected = " ".join(text.split()) or "\N{EN DASH}"

    assert cells == [["arm", "%"], [expected, expected], ["next", "1"]]


def test_numbers_are_flush_right():
    """A column of numbers says so to Markdown and to LaTeX."""
    assert table().markdown().splitlines()[1] == "| --- | ---: |"
    assert r"\begin{tabular}{@{}lr@{}}" in table().latex()


def test_a_detail_stands_in_brackets():
    """Text formats have one line a cell; an empty cell is a dash."""
    assert Cell("1", detail="0 to 2").plain == "1 (0 to 2)"
    assert Cell("").plain == "\N{EN DASH}"


def test_a_row_of_another_width_is_a_mistake():
    """Rows and columns cannot disagree."""
    with pytest.raises(AssertionError, match=r"^t$"):
        Table(name="t", title="T", columns=(Column(title="a"),), rows=((Cell("1"), Cell("2")),))
