"""`ceteris check`: whether results show what was expected of them, as an exit code."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ceteris.analysis.expectations import ExpectationOutcome, check_expectations, read_expectation
from ceteris.analysis.judge import TableAnalysis
from ceteris.cli.console import print_notes, print_sentence
from ceteris.cli.judge import read_judged, taken
from ceteris.errors import StatisticsError
from ceteris.formatting.console import print_line
from ceteris.report.documents.check import CheckDocument, check_document
from ceteris.report.documents.verdicts import told
from ceteris.report.expectations import line

_STYLES = {
    ExpectationOutcome.HOLDS: "green",
    ExpectationOutcome.CONTRADICTED: "red",
    ExpectationOutcome.UNDECIDED: "yellow",
}
_CODES = {ExpectationOutcome.HOLDS: 0, ExpectationOutcome.CONTRADICTED: 1, ExpectationOutcome.UNDECIDED: 3}


def check(source: str, *, expect: Sequence[str] | None, console: Console, **options: Any) -> CheckDocument:
    """Print a line for each expectation; what a reader must know before believing them goes to standard error."""
    if not expect:
        raise StatisticsError("nothing is expected: give at least one --expect, for example --expect '5x5: not worse'.")
    analysis = read_judged(source, **options)
    expectations = [read_expectation(text, analysis) for text in expect]
    aside = Console(highlight=False, stderr=True)
    if isinstance(analysis, TableAnalysis):
        for sentence in taken(source, analysis):
            print_line(sentence, aside)
    print_notes(told(analysis), aside)
    found = check_expectations(analysis, expectations)
    lines = [line(analysis, one) for one in found]
    for one, text in zip(found, lines, strict=True):
        print_sentence(Text(text, style=_STYLES[one.outcome]), console)
    return check_document(analysis, found, lines)


def document(checked: CheckDocument) -> CheckDocument:
    """Give what was found for programs."""
    return checked


def exit_code(checked: CheckDocument) -> int:
    """Give 0 if all expectations hold, 1 if one is contradicted, else 3."""
    return _CODES[checked.outcome]
