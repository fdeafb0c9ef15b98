import base64
import hashlib
import re
from pathlib import Path

import pytest

import ceteris.report.page
from ceteris.report.page import typeset
from tests.report.html_page import Page
from tests.report.reading import tables_of
from tests.states import HOSTILE

SCRIPT = Path(ceteris.report.page.__file__).parent / "templates" / "script.js"


def html_of(report):
    """Read a page."""
    return report.page.read_text(encoding="utf-8")


def values(page, tag, name):
    """Give one attribute of all elements of a kind."""
    return [value for element, attribute, value in page.attributes if (element, attribute) == (tag, name)]


def test_only_our_script_may_run(reports):
    """The policy names the digest of the script that stands on the page, and allows no other, inline or not."""
    html = html_of(reports("hostile"))
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [value for value in values(Page(html), "meta", "content") if "default-src" in value]

    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert script == SCRIPT.read_text(encoding="utf-8")
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_no_element_runs_anything_by_itself(reports, state):
    """No handler stands in an attribute, and no link runs a script."""
    page = Page(html_of(reports(state)))

    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
    assert not any("javascript:" in value for name in ("href", "src") for value in values(page, "a", name))


def test_rows_are_sorted_by_numbers(reports):
    """Cells that show a number with words around it carry the number; every sortable one is finite."""
    page = Page(html_of(reports("complete")))
    keys = [float(value) for name in ("td", "th") for value in values(page, name, "data-key")]
    verdicts = tables_of(reports("complete").sections)["verdicts"]

    differences = [row[3].key for row in verdicts.rows[1:]]
    assert differences == [pytest.approx(one) for one in (0.0575, -0.08, 0.0009375, -0.0171875)]
    assert all(key - key == 0 for key in keys)
    assert all(f'data-key="{key}"' in html_of(reports("complete")) for key in differences)


def test_what_is_there_is_in_the_contents(reports, state):
    """Every heading of the screen can be jumped to, and no entry leads nowhere."""
    html = html_of(reports(state))
    targets = re.findall(r'<li><a href="#([\w-]+)">', html)
    headings = re.findall(r'<h2 id="([\w-]+)"', html)

    assert targets == [heading for heading in headings if heading not in {"reservations", "answer", "glossary"}]


def test_tables_can_be_copied_as_they_are(reports):
    """The text areas hold Markdown and LaTeX, letter by letter, whatever is in them."""
    verdicts = tables_of(reports("hostile").sections)["verdicts"]
    page = Page(html_of(reports("hostile")))

    assert verdicts.markdown() in page.copies
    assert verdicts.latex() in page.copies


def test_pictures_have_words(reports, state):
    """Below each picture stands what it shows, for whoever cannot see it."""
    html = html_of(reports(state))

    assert html.count("<figure>") == html.count("<figcaption>") == len(re.findall(r'<svg [^>]*role="img"', html))
    assert html.count("<summary>In words</summary>") == html.count("<figure>")


def test_a_title_is_no_end_of_the_title(reports):
    """The name of the window and the heading hold a hostile title as text."""
    html = html_of(reports("hostile"))
    (title,) = re.findall(r"<title>(.*?)</title>", html, re.DOTALL)

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in title
    assert HOSTILE[:20] not in title


def test_numbers_keep_their_units():
    """A line does not end between a number and what it counts."""
    assert typeset("5 % of 3 runs, +1.2 pp, 1 seed, 4 epochs") == (
        "5\xa0% of 3\xa0runs, +1.2\xa0pp, 1\xa0seed, 4\xa0epochs"
    )
    assert typeset("kernel 3 percent") == "kernel 3 percent"
