"""What pages and texts are made of: sections of blocks. Renderers know the kinds of blocks, and no section by name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Block:
    """A part of a section. Each kind is a frozen class; `page.py` and `markdown.py` say how it is written."""

    def parts(self) -> tuple["Block", ...]:
        """Give the blocks inside this one."""
        return ()

    def terms(self) -> tuple["Term", ...]:
        """Give the words that this block explains; a printed page has those of all blocks at its end."""
        return ()

    def files(self) -> Mapping[str, bytes]:
        """Give the pictures that are written beside a page, by the name of their file."""
        return {}


class Look(StrEnum):
    """How a section is set apart on a page; the value is its class in the style sheet."""

    PLAIN = ""
    WARNING = "warning"
    SUMMARY = "summary"
    PROSE = "prose"
    WEIGHED = "weighed"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page or text with a heading.

    Attributes:
        anchor: Unique on a page, as are the names of tables and other anchors; letters and hyphens.
        heading: What it is about.
        blocks: From the top.
        short: What the table of contents says in place of the heading; the heading if empty.
        look: How it is set apart on a page.
        is_listed: Whether the table of contents has it. What is not stands above the contents.
    """

    anchor: str
    heading: str
    blocks: tuple[Block, ...]
    short: str = ""
    look: Look = Look.PLAIN
    is_listed: bool = True


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word and what it means."""

    word: str
    meaning: str


@dataclass(frozen=True)
class Paragraph(Block):
    """A paragraph; a note is smaller and grey."""

    text: str
    is_note: bool = False


@dataclass(frozen=True)
class Bullets(Block):
    """A list, an entry per sentence."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Subheading(Block):
    """A heading inside a section, with an anchor of its own if one leads to it."""

    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Listing(Block):
    """Lines of code, or of what differs in it, as they are."""

    lines: tuple[str, ...]


class Visual(Block):
    """A block that is seen and not read: a text, which has no figures, leaves it out."""


@dataclass(frozen=True)
class MissingFigure(Visual):
    """The reason why a figure is not shown."""

    reason: str


@dataclass(frozen=True)
class Glossary(Block):
    """Words for newcomers, unfolded by a click; on paper they stand at the end, and a text leaves them out."""

    summary: str
    entries: tuple[Term, ...]

    def terms(self) -> tuple[Term, ...]:
        """Give all of them."""
        return self.entries


@dataclass(frozen=True, kw_only=True)
class Details(Block):
    """Blocks that are unfolded by a click.

    Attributes:
        summary: What to click on.
        blocks: What is unfolded.
        is_repeated: Whether another section or file says the same of more; a text, in which nothing folds, leaves it
        out.
    """

    summary: str
    blocks: tuple[Block, ...]
    is_repeated: bool = False

    def parts(self) -> tuple[Block, ...]:
        """Give what is unfolded."""
        return self.blocks


@dataclass(frozen=True, kw_only=True)
class Card(Block):
    """Blocks under a heading of their own, such as everything about one factor."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]

    def parts(self) -> tuple[Block, ...]:
        """Give what stands under the heading."""
        return self.blocks


@dataclass(frozen=True, kw_only=True)
class VariationSummary(Block):
    """One variation in words.

    Attributes:
        variation: Its name.
        changes: What it changes, computed, one line each.
        verdict: In words.
        tag: The verdict's mark, as of a `Cell`.
        sentences: Its results.
    """

    variation: str
    changes: tuple[str, ...]
    verdict: str
    tag: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small picture.

    Attributes:
        source: A data address, which holds all of it.
        width: To show it at, in pixels, so that proportions are right.
        height: Likewise.
        caption: What it is.
    """

    source: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class Thumbnails(Visual):
    """Small pictures in groups; those of one group stand in one frame."""

    groups: tuple[tuple[Thumbnail, ...], ...]


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give blocks with all that is inside them, in the order of reading."""
    for block in blocks:
        yield block
        yield from walk(block.parts())
