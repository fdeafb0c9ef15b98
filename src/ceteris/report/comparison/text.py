"""Two folders side by side as Markdown."""

from collections.abc import Iterator

from ceteris.analysis.comparison import FolderComparison
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.comparison.conditions import Conditions, compare_conditions
from ceteris.report.comparison.findings import findings, notes, warnings
from ceteris.report.comparison.tables import condition_table, result_tables
from ceteris.report.quantities import count, duration
from ceteris.report.table import Table, markdown_text


def side_line(side: StudyAnalysis) -> str:
    """Say in a line how far a folder is, when it was trained, and for how long."""
    planned = count(len(side.results.findings), "run")
    parts = [f"{side.done:,} of {planned} done"]
    if side.environment.finished is not None:
        first, last = side.environment.finished
        when = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
        parts += [when, f"{duration(side.environment.seconds)} of training on one core"]
    return ", ".join(parts)


def same_line(conditions: Conditions) -> str:
    """Say what does not differ."""
    if not conditions.differing and conditions.same:
        return f"Nothing differs: {listed(conditions.same)} are the same."
    return f"The same in both: {listed(conditions.same)}." if conditions.same else ""


def render_comparison(found: FolderComparison) -> str:
    """Write a comparison as Markdown; every name is text there, not markup."""
    return "\n\n".join(_blocks(found)) + "\n"


def _blocks(found: FolderComparison) -> Iterator[str]:
    title, conditions = found.first.manifest.study.title, compare_conditions(found)
    yield (
        f"# {markdown_text(title)}, twice"
        if title == found.second.manifest.study.title
        else "# Two studies side by side"
    )
    yield "\n".join(
        f"- **{label}** `{side.results.folder.path.name}`: {markdown_text(side_line(side))}"
        for label, side in found.sides
    )
    if grave := warnings(found):
        yield _list(tuple(f"Warning: {sentence}" for sentence in grave))
    if (differing := condition_table(conditions)) is not None:
        yield from _table(differing)
    if same := same_line(conditions):
        yield markdown_text(same)
    if told := notes(found):
        yield "## Notes"
        yield _list(told)
    yield "## Summary"
    yield _list(findings(found))
    for table in result_tables(found):
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"## {markdown_text(table.title)}"
    yield table.markdown()
    yield from map(markdown_text, table.notes)


def _list(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
