"""The report of a table of results from elsewhere: the sections that need no more than that."""

import csv
from io import StringIO

from ceteris.analysis.judge import TableAnalysis
from ceteris.errors import ResultsError
from ceteris.paths import AnyPath, expanded
from ceteris.report.blocks import Section
from ceteris.report.documents.verdicts import verdicts as verdicts_document
from ceteris.report.markdown import render_markdown
from ceteris.report.page import render_page
from ceteris.report.quantities import count
from ceteris.report.report import PAGE, TEXT, VERDICTS, Report
from ceteris.report.sections import (
    answer,
    differences,
    robustness,
    source,
    statistical_tests,
    step_curves,
    verdicts,
    warnings,
)
from ceteris.results.atomic import make_folder, write_together
from ceteris.results.folder import TABLE
from ceteris.results.imports.imported_runs import ImportedRuns


def write_table_report(analysis: TableAnalysis, out: AnyPath) -> Report:
    """Write `report.html`, `report.md`, `verdicts.json`, and `results.csv`, which has the runs as they were read.

    Args:
        analysis: From `judge`.
        out: The folder; it is made if it is not there.

    Raises:
        ResultsError: If the files cannot be written; what was there before is then still there.
    """
    folder, sections = expanded(out, error=ResultsError), table_sections(analysis)
    page = render_page(
        sections,
        title=analysis.title,
        kicker=_kicker(analysis),
        footer="Computed from a table of results by ceteris; results.csv beside this page has its runs.",
    )
    text = render_markdown(sections, title=analysis.title)
    make_folder(folder)
    files = {
        PAGE: page.encode(),
        TEXT: text.encode(),
        VERDICTS: verdicts_document(analysis).encode(),
        TABLE: encode_outcomes(analysis.outcomes),
    }
    write_together(folder, files)
    return Report(
        page=folder / PAGE,
        text=folder / TEXT,
        verdicts=folder / VERDICTS,
        table=folder / TABLE,
        pictures=(),
        sections=sections,
    )


def table_sections(analysis: TableAnalysis) -> tuple[Section, ...]:
    """Give the sections that can be made of a table, in order."""
    sections = (
        warnings.section(analysis),
        answer.section(analysis),
        verdicts.section(analysis),
        differences.section(analysis),
        step_curves.section(analysis),
        statistical_tests.section(analysis),
        robustness.section(analysis),
        source.section(analysis),
    )
    return tuple(section for section in sections if section is not None)


def encode_outcomes(outcomes: ImportedRuns) -> bytes:
    """Write runs as a table in long form, which `judge` reads as it read its source."""
    settings = list(dict.fromkeys(name for one in outcomes.outcomes for name in one.settings))
    metric = outcomes.metric
    has_pairs = any(one.pair is not None for one in outcomes.outcomes)
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["variation", "seed", *(["pair"] if has_pairs else []), "status", metric, *settings])
    for one in outcomes.outcomes:
        value = f"{100 * one.value:.15g}" if outcomes.percent else repr(one.value)
        rows.writerow(
            [
                one.variation,
                one.seed,
                *([one.pair or ""] if has_pairs else []),
                str(one.status),
                value,
                *(one.settings.get(name, "") for name in settings),
            ]
        )
    return text.getvalue().encode()


def _kicker(analysis: TableAnalysis) -> str:
    runs = count(analysis.planned, "run")
    return (
        f"Results from elsewhere: {runs}, {count(len(analysis.comparisons), 'variation')}; {analysis.outcomes.source}"
    )
