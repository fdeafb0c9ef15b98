"""Sections as text, as GitHub shows it: every name and text of a study is text there, not markup."""

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch

from ceteris.report.blocks import (
    Block,
    Bullets,
    Card,
    Details,
    Glossary,
    Listing,
    Paragraph,
    Section,
    Subheading,
    VariationSummary,
    Visual,
)
from ceteris.report.table import Table, markdown_text


def render_markdown(sections: Sequence[Section], *, title: str, question: str = "") -> str:
    """Write sections as Markdown; one that has nothing but figures is left out."""
    return "\n\n".join(_document(sections, title, question)) + "\n"


def _document(sections: Sequence[Section], title: str, question: str) -> Iterator[str]:
    yield f"# {markdown_text(title)}"
    if question.strip():
        yield markdown_text(question)
    for section in sections:
        if written := list(_written(section.blocks)):
            yield f"## {markdown_text(section.heading)}"
            yield from written


def _written(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from write(block)


@singledispatch
def write(block: Block) -> Iterator[str]:
    """Write a block, paragraph by paragraph."""
    raise NotImplementedError(f"a text has no form for {type(block).__name__}")


@write.register(Visual)
@write.register(Glossary)
def _(block: Block) -> Iterator[str]:  # noqa: ARG001 - whichever it is
    yield from ()


@write.register
def _(block: Paragraph) -> Iterator[str]:
    yield markdown_text(block.text)


@write.register
def _(block: Listing) -> Iterator[str]:
    yield "\n".join(f"    {line}".rstrip() for line in block.lines)


@write.register
def _(block: Bullets) -> Iterator[str]:
    yield _list(block.sentences)


@write.register
def _(block: Subheading) -> Iterator[str]:
    yield f"### {markdown_text(block.text)}"


@write.register
def _(block: Details) -> Iterator[str]:
    if not block.is_repeated:
        yield from _written(block.blocks)


@write.register
def _(block: Card) -> Iterator[str]:
    yield f"### {markdown_text(block.heading)}"
    yield from _written(block.blocks)


@write.register
def _(block: VariationSummary) -> Iterator[str]:
    yield f"#### {markdown_text(block.variation)}: {markdown_text(block.verdict)}"
    yield _list(f"Changed: {change}." for change in block.changes)
    yield " ".join(map(markdown_text, block.sentences))


@write.register
def _(block: Table) -> Iterator[str]:
    yield f"**{markdown_text(block.title)}**"
    yield block.markdown()
    yield from map(markdown_text, block.notes)


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
