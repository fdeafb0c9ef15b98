import re

import pytest

from ceteris.report.latex_table import latex_table, latex_text
from tests.report.test_table import BLOCKS, NASTY


def written(*rows, titles=("arm", "%"), notes=()):
    """Write a table whose columns beyond the first hold numbers."""
    is_number = [bool(column) for column in range(len(titles))]
    return latex_table(name="t", title="Title", titles=titles, is_number=is_number, rows=rows, notes=notes)


@pytest.mark.parametrize("text", [*NASTY, *BLOCKS])
def test_latex_has_no_command_of_a_name(text):
    """Braces are balanced, and every sign that LaTeX would obey is set as a letter."""
    latex = latex_text(text)
    bare = re.sub(r"\\text[a-z]+\{\}|\\[{}$&#_%]|\{[\[\]*]?\}|\$(\\[a-z]+|-)\$", "", latex)

    assert not re.search(r'[\\{}$&#_%^~<>|*\[\]`"]', bare)


def test_a_name_in_brackets_is_no_option_of_the_line_before():
    """LaTeX would take [x] or * after a line break for an option; a group around the sign keeps it a letter."""
    rows = written(("[2cm]", "1"), ("*", "2")).splitlines()

    assert [row.strip() for row in rows[-5:-3]] == [r"{[}2cm{]} & 1 \\", r"{*} & 2 \\"]


def test_latex_sets_signs_of_ours():
    """Minus, arrow, plus-minus and dash become what LaTeX has for them."""
    assert (
        latex_text("\N{MINUS SIGN}1 \N{PLUS-MINUS SIGN}2 \N{RIGHTWARDS ARROW} \N{EN DASH}") == r"$-$1 $\pm$2 $\to$ --"
    )


def test_two_signs_of_a_name_stay_two():
    """LaTeX would draw -- as one dash and two commas or apostrophes as one quotation mark."""
    assert latex_text("a--b,,c''d---e") == "a-{}-b,{},c'{}'d-{}-{}-e"


def test_signs_that_no_file_of_latex_may_hold_are_replaced():
    """A control character stops LaTeX."""
    assert latex_text("a\x00b\x7fc\td") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c d"


def test_a_wide_table_is_broken_to_the_width_of_the_page():
    """Each column gets a share of the line, wide enough for its longest word; numbers stay flush right."""
    latex = written(("name", "seven words in a cell of numbers " * 4, "1"), titles=("arm", "%", "runs"))
    shares = [float(share) for share in re.findall(r"p\{([\d.]+)\\linewidth\}", latex)]

    assert latex.splitlines()[0] == "% needs \\usepackage{booktabs, array}"
    assert len(shares) == 3
    assert 0.9 < sum(shares) < 1 - 2 * 0.013
    assert shares[1] > 5 * shares[0]
    assert re.findall(r"ragged(left|right)", latex) == ["right", "left", "left"]
    assert "\\footnotesize" in latex


def test_a_table_of_very_many_letters_is_set_smaller():
    """Two hundred letters in a row take smaller ones."""
    assert "\\scriptsize" in written(("name", "words " * 40))


def test_a_long_table_goes_on_over_pages():
    """More than fifty lines would not fit one, and a float is never broken; the head is repeated."""
    few, many = (written(*[("name", "1")] * rows, notes=("A note.",)) for rows in (50, 51))

    assert "\\begin{table}[htbp]" in few
    assert "longtable" not in few
    assert many.splitlines()[0] == "% needs \\usepackage{booktabs, array, longtable}"
    assert many.count("arm & \\% \\\\") == 2
    assert "\\begin{table}" not in many
    assert many.endswith("\\end{longtable}\n\\noindent A note.\\par\\smallskip\n}")
