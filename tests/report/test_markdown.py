import re

from markdown_it import MarkdownIt

from tests.report.reading import sentences_of, tables_of
from tests.states import HOSTILE


def html_of(report):
    """Render report.md as GitHub would."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(report.text.read_text(encoding="utf-8"))


def tables_in(html):
    """Give each table as rows of the number of their cells."""
    return [
        [len(re.findall(r"<t[hd][ >]", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
        for table in re.findall(r"<table>.*?</table>", html, re.DOTALL)
    ]


def test_every_table_is_read_as_one(reports, state):
    """Each table of the report has its columns in every row, whatever is in its cells."""
    found = tables_in(html_of(reports(state)))
    tables = tables_of(reports(state).sections)
    shown = [
        table for name, table in tables.items() if not name.startswith("factor-")
    ]  # those of a factor are repeated

    assert found == [[len(table.columns)] * (len(table.rows) + 1) for table in shown]


def test_it_reads_top_down(reports):
    """What must be known first, the answer, the verdicts, and then everything behind them."""
    headings = re.findall(r"<h2>(.*?)</h2>", html_of(reports("complete")))

    assert headings == [
        "Warnings",
        "Summary",
        "Verdicts",
        "Results by factor",
        "Convergence",
        "Statistical tests",
        "Robustness checks",
        "Other metrics",
        "Runs",
        "Training time",
        "Methods",
        "Limitations",
        "Environment",
    ]


def test_nothing_of_a_study_is_markup(reports):
    """Names that are HTML, links, code or tables elsewhere are letters here."""
    html = html_of(reports("hostile"))
    elements = set(re.findall(r"<(\w+)", html))

    assert elements == {"h1", "h2", "h3", "h4", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert f"<h1>Title {escaped}</h1>" in html


def test_sentences_stand_as_they_are_on_the_page(reports):
    """The two forms of a report say the same."""
    sections = reports("complete").sections
    text = re.sub(r"<[^>]*>", "", html_of(reports("complete"))).replace("&lt;", "<").replace("&quot;", '"')

    for anchor in ("reservations", "answer", "factors", "methods", "caveats"):
        assert sentences_of(sections, anchor)
        assert all(sentence in text for sentence in sentences_of(sections, anchor))
