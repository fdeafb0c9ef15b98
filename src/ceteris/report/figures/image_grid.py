"""Rows of small images beside each other, at one scale: the same place always holds the same thing."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ceteris.report.figures.drawing import Drawing, Format, finished
from ceteris.report.figures.style import GRID, INK, MUTED, drawing, inches, text_width

# h, w = height, width of a tile in pixels


Tile = NDArray[np.uint8]
"""Red, green, blue and opacity. Shape (h, w, 4)."""

_NAMES, _BETWEEN = 104.0, 18.0  # points: for the names of rows, between blocks
_GAP = 4.0  # points between tiles
_HEADING, _TITLE, _CAPTION = 14.0, 20.0, 30.0
_LINE = 11.0
_LABEL = 24.0  # points that a label of the scale takes
_BAR = 150.0  # points: long enough for three numbers below it


@dataclass(frozen=True, kw_only=True)
class GreyScale:
    """The values of black and of white, and what it is a scale of, with its unit."""

    low: float
    high: float
    words: str


@dataclass(frozen=True, kw_only=True, eq=False)
class GridRow:
    """What belongs to one name.

    Attributes:
        blocks: One per block of the section: tiles, or the reason why there are none.
    """

    name: str
    blocks: tuple[tuple[Tile, ...] | str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class GridSection:
    """Rows that share a scale.

    Attributes:
        blocks: What the blocks of a row are called; a name may be empty.
        tiles: What the tiles of a block are called, further ones go on in the next line; names may be empty.
        zoom: Points per pixel.
        scale: What grey means, if the tiles are grey.
        columns: The most tiles beside each other in a block.
    """

    title: str
    blocks: tuple[str, ...]
    tiles: tuple[str, ...]
    rows: tuple[GridRow, ...]
    zoom: float
    scale: GreyScale | None = None
    note: str = ""
    columns: int = 8

    @property
    def across(self) -> int:
        """How many tiles are beside each other in a block."""
        return min(self.columns, max(len(self.tiles), 1))

    @cached_property
    def cell(self) -> float:
        """Points from one tile to the next: the largest tile and a gap, or the widest name of a tile."""
        side = max((max(tile.shape[:2]) for tile in _tiles(self)), default=0)
        words = max((text_width(name, 7.5) for name in self.tiles), default=0)
        return max(side * self.zoom, words) + _GAP

    @property
    def width(self) -> float:
        """Of the whole section, in points."""
        blocks = len(self.blocks)
        grid = _NAMES + blocks * self.across * self.cell + (blocks - 1) * _BETWEEN
        words = 0.0 if self.scale is None else _BAR + 10 + text_width(self.scale.words, 8) / 2 + _LABEL
        return max(grid, _NAMES + _BAR, words, text_width(self.title, 10))


def draw_image_grid(sections: Sequence[GridSection], *, title: str, alt: str, file_format: Format) -> Drawing:
    """Draw sections below each other."""
    width = max(section.width for section in sections)
    heights = [_height(section, width) for section in sections]
    with drawing():
        figure = Figure(figsize=(inches(width), inches(sum(heights))))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        # One unit is one point. Set first and for good: images and outlines would each move the limits, and look at all
        # others for that.
        axes.set(xlim=(0, width), ylim=(sum(heights), 0), autoscale_on=False)
        top = 0.0
        for section, height in zip(sections, heights, strict=True):
            _draw(axes, section, top, width)
            top += height
        return finished(figure, title=title, alt=alt, file_format=file_format)


def grey(values: NDArray[np.floating], scale: GreyScale) -> Tile:
    """Turn numbers, shape (h, w), into grey, black to white; what is not a number is left open, what is beyond is cut.

    Example:
        >>> grey(np.array([[0.0, 2.0]]), GreyScale(low=0, high=2, words="")).tolist()
        [[[0, 0, 0, 255], [255, 255, 255, 255]]]
    """
    return colour(np.stack([values] * 3, axis=-1), scale)


def colour(values: NDArray[np.floating], scale: GreyScale) -> Tile:
    """Turn three numbers a pixel, shape (h, w, 3), into red, green and blue on one scale, as `grey` does."""
    span = scale.high - scale.low or 1.0
    is_known = np.isfinite(values).all(axis=-1, keepdims=True)
    levels = np.clip((np.where(is_known, values, scale.low) - scale.low) / span, 0, 1) * 255
    opaque = np.where(is_known, 255, 0)
    return np.concatenate([np.rint(levels), opaque], axis=-1).astype(np.uint8)


def _tiles(section: GridSection) -> Iterator[Tile]:
    for row in section.rows:
        for block in row.blocks:
            if not isinstance(block, str):
                yield from block


def _lines(section: GridSection, row: GridRow) -> int:
    """Count the lines of tiles that a row takes."""
    most = max((len(block) for block in row.blocks if not isinstance(block, str)), default=1)
    return max(1, -(-most // section.across))


def _row_height(section: GridSection, row: GridRow) -> float:
    sides = [tile.shape[0] for block in row.blocks if not isinstance(block, str) for tile in block]
    line = max(max(sides, default=0) * section.zoom, 2 * _LINE) + _GAP
    return line * _lines(section, row)


def _height(section: GridSection, width: float) -> float:
    rows = sum(_row_height(section, row) for row in section.rows)
    captions = (_CAPTION if section.scale is not None else 0) + _LINE * len(_note(section, width))
    return _TITLE + _HEADING * (any(section.blocks) + any(section.tiles)) + rows + captions + _HEADING


def _note(section: GridSection, width: float) -> list[str]:
    return textwrap.wrap(section.note, max(20, int(width / (0.56 * 8))))


def _draw(axes: Axes, section: GridSection, top: float, width: float) -> None:
    cell = section.cell
    block_width = section.across * cell + _BETWEEN
    axes.text(0, top + 2, section.title, size=10, weight="bold", va="top")
    y = top + _TITLE
    for index, name in enumerate(section.blocks):
        x = _NAMES + index * block_width
        axes.text(x, y, name, size=8.5, color=MUTED, va="top")
        for column, tile in enumerate(section.tiles[: section.across]):
            below = _HEADING if any(section.blocks) else 0
            axes.text(x + column * cell, y + below, tile, size=7.5, color=MUTED, va="top")
    y += _HEADING * (any(section.blocks) + any(section.tiles))
    for row in section.rows:
        for line, text in enumerate(textwrap.wrap(row.name, 17, max_lines=2, placeholder="...")):
            axes.text(0, y + line * _LINE, text, size=8.5, va="top")
        for index, block in enumerate(row.blocks):
            _draw_block(axes, section, block, _NAMES + index * block_width, y)
        y += _row_height(section, row)
    if section.scale is not None:
        _draw_scale(axes, section.scale, y + 4, width)
        y += _CAPTION
    for line, text in enumerate(_note(section, width)):
        axes.text(0, y + 4 + line * _LINE, text, size=8, color=MUTED, va="top")


def _draw_block(axes: Axes, section: GridSection, block: tuple[Tile, ...] | str, x: float, y: float) -> None:
    if isinstance(block, str):
        room = max(12, int(section.across * section.cell / (0.56 * 8)))
        for line, text in enumerate(textwrap.wrap(block, room)[:3]):
            axes.text(x, y + line * _LINE, text, size=8, color=MUTED, va="top")
        return
    outlines: list[tuple[float, float]] = []
    for number, tile in enumerate(block):
        high, wide = (side * section.zoom for side in tile.shape[:2])
        left = x + number % section.across * section.cell
        upper = y + number // section.across * (max(high, 2 * _LINE) + _GAP)
        axes.imshow(tile, extent=(left, left + wide, upper + high, upper), interpolation="none", aspect="auto")
        outlines += [
            *((left, upper), (left + wide, upper), (left + wide, upper + high), (left, upper + high), (left, upper)),
            (np.nan, np.nan),
        ]
    # One line for all tiles of a block: each one more costs as much as the text beside it.
    axes.plot(*np.array(outlines).reshape(-1, 2).T, color=GRID, linewidth=0.4)


def _draw_scale(axes: Axes, scale: GreyScale, y: float, width: float) -> None:
    """Draw the bar from black to white, with 0 marked where it is on it."""
    bar = grey(np.linspace(scale.low, scale.high, 64)[None], scale)
    axes.imshow(bar, extent=(0, _BAR, y + 8, y), interpolation="none", aspect="auto")
    marks = {0.0: scale.low, _BAR: scale.high}
    if scale.low < 0 < scale.high:
        marks[-scale.low / (scale.high - scale.low) * _BAR] = 0.0
    for x, value in marks.items():
        axes.plot([x, x], [y - 1.5, y + 9.5], color=INK, linewidth=0.9)
        if value == 0.0 and 0 < x < _BAR and min(x, _BAR - x) < _LABEL:
            continue  # the mark stays; its label would lie on that of the end
        align = "left" if x == 0 else "right" if x == _BAR else "center"
        axes.text(x, y + 10, short(value), size=7.5, va="top", ha=align)
    room = int((width - _BAR - 10) / (0.56 * 8))
    for line, words in enumerate(textwrap.wrap(scale.words, room)):
        axes.text(_BAR + 10, y - 1 + line * _LINE, words, size=8, color=MUTED, va="top")


def short(value: float) -> str:
    """Write a value of a scale with two digits."""
    return f"{value:.2g}".replace("-", "\N{MINUS SIGN}")
