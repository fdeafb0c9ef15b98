"""`report.md`: the report as text, as GitHub shows it."""

from collections.abc import Iterable, Iterator

from ceteris.report.content import Content
from ceteris.report.sections.discussion import Discussion
from ceteris.report.table import Table, markdown_text


def render_markdown(content: Content) -> str:
    """Write a report as Markdown; every name and text of a study is text there, not markup."""
    return "\n\n".join(_blocks(content)) + "\n"


def _blocks(content: Content) -> Iterator[str]:
    yield f"# {markdown_text(content.title)}"
    if content.question.strip():
        yield markdown_text(content.question)
    if content.reservations or content.omissions:
        yield "## Before you believe a number"
    if content.reservations:
        yield _list(content.reservations)
    if content.omissions:
        yield "### What was skipped"
        yield _list(content.omissions)
    yield "## The answer"
    yield _list(content.answer)
    yield "## Verdicts"
    yield from _table(content.verdicts)
    if content.cards:
        yield "## Factor by factor"
    for card in content.cards:
        yield f"### {markdown_text(card.factor)}"
        for entry in card.entries:
            yield f"#### {markdown_text(entry.variation)}: {markdown_text(entry.verdict)}"
            yield _list(f"Changed: {change}." for change in entry.changes)
            yield " ".join(map(markdown_text, entry.sentences))
        yield from _table(card.seeds)
    yield from _tables(content)
    yield "## Methods"
    yield from map(markdown_text, content.methods)
    yield "## What to keep in mind"
    yield _list(content.caveats)
    yield "## Images, machines, versions"
    yield from _table(content.circumstances)


def _tables(content: Content) -> Iterator[str]:
    """Write the tables behind the verdicts, and what speaks for pretrained networks and against them."""
    for heading, table in (
        ("How soon they learn", content.convergence),
        ("How many images they need", content.efficiency),
        ("Pretrained and not", content.costs),
        ("Every test", content.details),
        ("The runs", content.runs),
    ):
        if table is None:
            continue
        yield f"## {heading}"
        if table is content.costs and content.discussion is not None:
            yield from _discussion(content.discussion)
        yield from _table(table)


def _discussion(discussion: Discussion) -> Iterator[str]:
    for heading, sentences in (
        ("What speaks for the pretrained network", discussion.benefits),
        ("What speaks against it", discussion.drawbacks),
        ("On balance", discussion.balance),
    ):
        if sentences:
            yield f"### {heading}"
            yield _list(sentences)
    yield from map(markdown_text, discussion.notes)


def _table(table: Table) -> Iterator[str]:
    yield f"**{markdown_text(table.title)}**"
    yield table.markdown()
    yield from map(markdown_text, table.notes)


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
