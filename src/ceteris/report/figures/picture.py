"""What a figure function gives: a picture with the words that stand for it."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How a picture is drawn.

    `svg` is meant for a page: text stays text, lines take the page's colours, also dark ones. `png` is meant for
    everything else: dark on white, 200 pixels per inch.
    """

    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing, and what it shows in words computed from the same numbers.

    Attributes:
        title: What it shows, in a few words.
        alt: What there is to see, in sentences, for whoever cannot see it.
        svg: One `<svg>` element to put into a page as it is, if that format was asked for; its ids are its own.
        png: Content of a PNG file, if that format was asked for.
    """

    title: str
    alt: str
    svg: str | None = None
    png: bytes | None = None
