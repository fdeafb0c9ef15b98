"""Studies, analyses and reports as notebooks show them: what must be known first, the answer, one table."""

from collections.abc import Iterator, Sequence
from functools import singledispatch

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.comparison import FolderComparison
from ceteris.analysis.judge import TableAnalysis
from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.errors import ResultsError
from ceteris.formatting.html import block, bullets, folded, marked, paragraph, table, two_lines
from ceteris.report.blocks import Bullets, walk
from ceteris.report.comparison.conditions import compare_conditions
from ceteris.report.comparison.findings import findings, notes, warnings
from ceteris.report.comparison.tables import condition_table, result_tables, side_line
from ceteris.report.quantities import NOTHING, arrows, count, seeds_each
from ceteris.report.report import Report
from ceteris.report.sections.answer import answer
from ceteris.report.sections.verdicts import verdict_table
from ceteris.report.sections.warnings import warnings as study_warnings
from ceteris.report.table import Cell, Table
from ceteris.results.results import Results
from ceteris.study.changes import changes, in_words
from ceteris.study.study import Study

_MOST_ROWS = 40

_COLOURS = {"better": "#3a87c8", "worse": "#d55e00", "equal": "#009e73", "undecided": "#888", "not-compared": "#888"}
"""Of the bar beside a verdict, which has words too; seen on white and on black."""


@singledispatch
def notebook_html(value: object) -> str:
    """Write a value as HTML: short, no script, no request, in the colours of the notebook, names as text."""
    raise NotImplementedError(f"a notebook has no form for {type(value).__name__}")


@notebook_html.register
def _(value: Study) -> str:
    arms, seeds = value.arms(), seeds_each(value)
    runs = sum(len(value.seeds_of(arm.name)) for arm in arms)
    rows = [
        (
            "" if arm.factor == arm.name else arm.factor,
            arm.name,
            arrows("; ".join(in_words(changes(arms[0].specification, arm.specification)))),
        )
        for arm in arms
    ]
    facts = f"{count(runs, 'run')}: {count(len(arms), 'arm')}, {seeds}; images: {value.data.name}."
    drawn = table(("factor", "arm", "change, computed"), rows[:_MOST_ROWS], is_number=(False, False, False))
    return str(block(*_heading(value.title, value.question), paragraph(facts), drawn, *_more(len(rows), "arm")))


@notebook_html.register
def _(value: Analysis) -> str:
    return _analysis(value, value.notes)


@notebook_html.register
def _(value: TableAnalysis) -> str:
    return _analysis(value, (*value.taken, *value.notes))


@notebook_html.register
def _(value: StudyAnalysis) -> str:
    return _analysis(value, study_warnings(value))


@notebook_html.register
def _(value: Results) -> str:
    try:
        return notebook_html(analyze(value))
    except ResultsError as error:  # a traceback in place of a display would hide that the runs are there
        return str(block(*_heading(value.manifest.study.title), paragraph(f"There is no analysis: {error}")))


@notebook_html.register
def _(value: Report) -> str:
    told = [section for section in value.sections if not section.is_listed]  # what stands above the contents
    tables = [one for section in value.sections for one in walk(section.blocks) if isinstance(one, Table)]
    parts: list[str] = [
        bullets(one.sentences) for section in told for one in section.blocks if isinstance(one, Bullets)
    ]
    parts += [_table(one) for one in tables[:1]]
    paths = [f"The report: {value.page}", f"as text: {value.text}", f"one row per run: {value.table}"]
    return str(block(*parts, bullets(paths)))


@notebook_html.register
def _(value: FolderComparison) -> str:
    title, other = (side.results.manifest.study.title for _, side in value.sides)
    heading = title if title == other else f"{title} / {other}"
    sides = [f"{label}: {side.results.folder.path}: {side_line(side)}" for label, side in value.sides]
    conditions = condition_table(compare_conditions(value))
    return str(
        block(
            *_heading(heading),
            bullets(sides),
            bullets((*warnings(value), *notes(value))),
            *([_table(conditions)] if conditions else []),
            bullets(findings(value)),
            *map(_table, result_tables(value)),
        )
    )


def _analysis(value: Analysis, warned: Sequence[str]) -> str:
    parts: list[str] = [*_heading(value.title, value.question), bullets(warned), bullets(answer(value))]
    if value.comparisons:
        parts.append(_table(verdict_table(value)))
    return str(block(*parts))


def _heading(title: str, question: str = "") -> Iterator[str]:
    yield paragraph(title, is_bold=True)
    if question.strip():
        yield paragraph(question)


def _table(one: Table) -> str:
    """Draw a table of the report, what must be known to read it folded below."""
    titles = [column.title for column in one.columns]
    rows = [[_cell(cell) for cell in row] for row in one.rows[:_MOST_ROWS]]
    is_number = [column.is_number for column in one.columns]
    parts: list[str] = [paragraph(one.title, is_bold=True), table(titles, rows, is_number=is_number)]
    parts += _more(len(one.rows), "row")
    return block(*parts, *([folded("How to read this table", bullets(one.notes))] if one.notes else []))


def _cell(cell: Cell) -> str:
    text = two_lines(cell.text or NOTHING, cell.detail)
    return marked(text, _COLOURS[cell.tag]) if cell.tag else text


def _more(rows: int, what: str) -> Iterator[str]:
    if rows > _MOST_ROWS:
        yield paragraph(f"and {count(rows - _MOST_ROWS, f'more {what}')}")
