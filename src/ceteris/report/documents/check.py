"""What `ceteris check` says, for programs."""

from collections.abc import Sequence
from typing import Literal

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.expectations import Cause, Checked, ExpectationOutcome
from ceteris.report.documents.document import Document, Entry
from ceteris.report.documents.entries import ComparisonEntry, EstimateEntry, WarningEntry
from ceteris.report.documents.verdicts import comparison_entry, estimate_entry, told, warning_entries


class CheckedEntry(Entry):
    """An expectation, and whether the results show it.

    Attributes:
        expectation: As it was read.
        outcome: Whether it holds, is contradicted, or is undecided.
        cause: Why it is undecided; null if it is not.
        text: The line that is printed for people.
        comparison: What was found; null for the baseline.
        learning: Of `learns in`: the share of runs that learned, with the interval that decided; else null.
    """

    expectation: str
    outcome: ExpectationOutcome
    cause: Cause | None
    text: str
    comparison: ComparisonEntry | None
    learning: EstimateEntry | None


class CheckDocument(Document):
    """What `ceteris check` says.

    Attributes:
        outcome: Contradicted if any expectation is; else undecided if any is; else they hold.
        expectations: In the order in which they were given.
        warnings: What to know before believing any of it, the gravest first.
    """

    document: Literal["check"]
    schema_version: Literal[1]
    outcome: ExpectationOutcome
    expectations: tuple[CheckedEntry, ...]
    warnings: tuple[WarningEntry, ...]


def check_document(analysis: Analysis, found: Sequence[Checked], lines: Sequence[str]) -> CheckDocument:
    """Give what was expected and found, with the line that says it to people."""
    return CheckDocument(
        document="check",
        schema_version=1,
        outcome=overall([one.outcome for one in found]),
        expectations=tuple(
            CheckedEntry(
                expectation=str(one.expectation),
                outcome=one.outcome,
                cause=one.cause,
                text=line,
                comparison=None if one.comparison is None else comparison_entry(analysis, one.comparison),
                learning=estimate_entry(one.learning),
            )
            for one, line in zip(found, lines, strict=True)
        ),
        warnings=warning_entries(told(analysis)),
    )


def overall(outcomes: Sequence[ExpectationOutcome]) -> ExpectationOutcome:
    """Sum up: one contradiction is one too many, and what is undecided does not hold."""
    for one in (ExpectationOutcome.CONTRADICTED, ExpectationOutcome.UNDECIDED):
        if one in outcomes:
            return one
    return ExpectationOutcome.HOLDS
