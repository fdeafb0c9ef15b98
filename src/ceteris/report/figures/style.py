"""How figures look: colours that everybody can tell apart, in print and in the dark, and drawing without global state.

The hues are those of Okabe and Ito (2008, "Color Universal Design"); hue is never the only sign: verdicts have
shapes, curves have dashes.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.verdict import Decision

INK, MUTED, GRID, PAPER = "#1b1f24", "#5b6570", "#d3d8de", "#fefefe"
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7"

LEGEND_COLUMNS = 3

VARIABLES: Mapping[str, str] = {
    MUTED: "--picture-muted",
    GRID: "--picture-grid",
    PAPER: "--picture-paper",
    BLUE: "--picture-blue",
    VERMILION: "--picture-vermilion",
    GREEN: "--picture-green",
    ORANGE: "--picture-orange",
    SKY: "--picture-sky",
    PURPLE: "--picture-purple",
}
"""The CSS variable that takes the place of each colour in an SVG; ink is the text colour of the page."""

DARK: Mapping[str, str] = {
    "--picture-muted": "#9aa5b1",
    "--picture-grid": "#3b434c",
    "--picture-paper": "#15181c",
    "--picture-blue": "#56b4f2",
    "--picture-vermilion": "#ff8b4d",
    "--picture-green": "#3ecfa0",
    "--picture-orange": "#f2b842",
    "--picture-sky": "#a3d8f7",
    "--picture-purple": "#e6a3c8",
}
"""What the variables are on a dark page; a light one needs none."""

COLOURS_CSS = (
    "@media screen and (prefers-color-scheme: dark) { :root { "
    + " ".join(f"{name}: {colour};" for name, colour in DARK.items())
    + " } }"
)
"""For the style sheet of a page that is dark where the reader's system is."""

_SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.titley": 1.0,  # where it is put anyway, after a look at the size of all labels: a quarter of the time
    "axes.labelsize": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "path.simplify": True,
    "pdf.fonttype": 42,  # publishers refuse Matplotlib's Type 3
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "svg.hashsalt": "ceteris",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a dollar sign
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How a verdict is drawn: its hue, and a marker that no other verdict has."""

    colour: str
    shape: str
    is_filled: bool = True


MARKS: Mapping[Decision, Mark] = {
    Decision.BETTER: Mark(colour=BLUE, shape=">"),
    Decision.WORSE: Mark(colour=VERMILION, shape="<"),
    Decision.EQUIVALENT: Mark(colour=GREEN, shape="s"),
    Decision.UNDECIDED: Mark(colour=MUTED, shape="o", is_filled=False),
    Decision.NOT_COMPARED: Mark(colour=MUTED, shape="x"),
}

SERIES: Sequence[tuple[str, str, str]] = tuple(
    (colour, dashes, marker)
    for dashes, shift in (("-", 0), ("--", 3))
    for (colour, marker) in zip(
        (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY),
        ("o", "s", "^", "D", "v", "P")[shift:] + ("o", "s", "^", "D", "v", "P")[:shift],
        strict=True,
    )
)
"""Colour, dashes and marker of the curves beside the baseline's, which is drawn in ink."""


@contextmanager
def drawing() -> Iterator[None]:
    """Hold the settings while a figure is made and saved, and leave Matplotlib's own as they were.

    Names may be in any script: what the font lacks is left to the fonts of the page.
    """
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ ")
        yield


def inches(points: float) -> float:
    """Turn points into inches, of which Matplotlib measures figures in."""
    return points / 72


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Put axes at a place given in points from the upper left corner."""
    wide, high = figure.get_size_inches() * 72
    return figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))


def legend_on_top(figure: Figure, handles: Sequence[Artist]) -> None:
    """Name what is drawn above all panels, `LEGEND_COLUMNS` to a line."""
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=LEGEND_COLUMNS,
        columnspacing=1.5,
        borderaxespad=0.1,
        fontsize=8.5,
    )


def legend_line(figure: Figure, handles: Sequence[Artist], line: int = 0) -> None:
    """Name what is drawn in one of the lines above a chart, the first one by default."""
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1 - 16 * line / (72 * figure.get_figheight())),
        ncols=4,
        columnspacing=1.4,
        handletextpad=0.6,
        borderaxespad=0.1,
        fontsize=8,
    )


def text_width(text: str, size: float = 9.0) -> float:
    """Estimate how wide a text is, in points: 0.6 of the size a letter, 0.9 a wide one, all of it in wide scripts."""
    return sum(1.0 if ord(letter) >= 0x1100 else 0.9 if letter in "mwMW@%" else 0.6 for letter in text) * size


def shortened(text: str, width: float, size: float = 9.0) -> str:
    """Cut a text that is too wide, in points, and end it with dots."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "...", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


def in_per_cent(estimate: Estimate) -> str:
    """Say an accuracy in per cent, with its error bars if it has some; an accuracy cannot leave 0 to 100 %.

    Example:
        >>> in_per_cent(Interval(estimate=0.012, low=-0.004, high=0.02, level=0.95))
        '1.2 % [0.0, 2.0]'
    """
    value = f"{100 * estimate.estimate:.1f} %"
    if not isinstance(estimate, Interval):
        return value
    return f"{value} [{100 * max(estimate.low, 0):.1f}, {100 * min(estimate.high, 1):.1f}]"


def finite(values: Sequence[float]) -> list[float]:
    """Keep the numbers that can be drawn."""
    return [float(value) for value in values if np.isfinite(value)]
