"""Every seed as a point: what a mean and its error bars are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ceteris.report.figures.drawing import Drawing, Format, finished
from ceteris.report.figures.style import (
    BLUE,
    INK,
    MUTED,
    VERMILION,
    drawing,
    in_per_cent,
    inches,
    panel,
    shortened,
)
from ceteris.statistics.interval import Estimate, Interval, PointEstimate, mean_interval
from ceteris.statistics.scores import ArmScores, Scores, Status, counted_accuracy

_WIDTH, _ROW, _TOP, _BOTTOM = 620.0, 22.0, 28.0, 42.0
_LEFT, _MIDDLE = 130.0, 320.0


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One arm.

    Attributes:
        name: What it is called.
        values: By seed, in per cent, with whether the run diverged.
        estimate: Mean and error bars, as a fraction; nothing where there is no value.
        words: What stands beside it.
    """

    name: str
    values: tuple[tuple[int, float, bool], ...]
    estimate: Estimate | None
    words: str


def seed_accuracies(scores: Scores, *, file_format: Format = Format.SVG) -> Drawing:
    """Draw the test accuracy of every run, and the mean of every arm.

    Args:
        scores: What each run scored.
        file_format: What to draw.
    """
    rows = [_accuracy_row(scores, arm) for arm in (scores.baseline, *scores.variations)]
    height = _TOP + _ROW * len(rows) + _BOTTOM
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(height)))
        axes = panel(figure, _LEFT, _TOP, _MIDDLE, height - _TOP - _BOTTOM)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("test accuracy, %")
        for place, row in enumerate(rows):
            _draw_row(axes, place, row)
        if any(row.values for row in rows):
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, 0), min(high, 100))
        _legend(figure, rows)
        return finished(figure, title="Test accuracy, seed by seed", alt=_alt(rows), file_format=file_format)


def _accuracy_row(scores: Scores, arm: ArmScores) -> _Row:
    counted = {run.seed: counted_accuracy(run, scores.chance) for run in arm.runs}
    known = {seed: accuracy for seed, accuracy in sorted(counted.items()) if accuracy is not None}
    diverged = set(arm.seeds(Status.DIVERGED))
    estimate = mean_interval(list(known.values())) if known else None
    if estimate is not None and diverged.issuperset(known):  # the chance level by decree has no spread
        estimate = PointEstimate(estimate=estimate.estimate)
    return _Row(
        name=arm.name,
        values=tuple((seed, 100 * accuracy, seed in diverged) for seed, accuracy in known.items()),
        estimate=estimate,
        words="no run yet" if estimate is None else in_per_cent(estimate),
    )


def _draw_row(axes: Axes, place: int, row: _Row) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(-_LEFT / _MIDDLE, place, shortened(row.name, _LEFT - 6), va="center", transform=beside)
    axes.text(
        1.03, place, row.words, va="center", size=8.5, color=MUTED if row.estimate is None else INK, transform=beside
    )
    for is_diverged, marker, colour in ((False, "o", BLUE), (True, "x", VERMILION)):
        chosen = [(seed, value) for seed, value, diverged in row.values if diverged is is_diverged]
        if chosen:
            x = [value for _, value in chosen]
            y = [place + _shift(seed) for seed, _ in chosen]
            axes.plot(x, y, marker, color=colour, markersize=3.6, alpha=0.75, markeredgewidth=1.0 if is_diverged else 0)
    if isinstance(row.estimate, Interval):
        mean = 100 * row.estimate.estimate
        axes.plot([mean, mean], [place - 0.36, place + 0.36], color=INK, linewidth=1.6, zorder=4)
        bar = 100 * np.clip([row.estimate.low, row.estimate.high], -1, 1)
        axes.plot(bar, [place, place], color=INK, linewidth=1.2, zorder=4)


def _shift(seed: int) -> float:
    """Keep points of equal value apart; the same seed is at the same height in every row."""
    return ((seed * 0.618034) % 1 - 0.5) * 0.5


def _legend(figure: Figure, rows: Sequence[_Row]) -> None:
    handles = [Line2D([], [], color=BLUE, marker="o", linestyle="", markersize=3.6, label="a run")]
    if any(diverged for row in rows for _, _, diverged in row.values):
        label = "diverged: counted at chance level"
        handles.append(Line2D([], [], color=VERMILION, marker="x", linestyle="", markersize=4, label=label))
    if any(isinstance(row.estimate, Interval) for row in rows):
        handles.append(Line2D([], [], color=INK, linewidth=1.4, label="mean and 95 % interval over seeds"))
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        columnspacing=1.4,
        handletextpad=0.6,
        borderaxespad=0.1,
        fontsize=8,
    )


def _alt(rows: Sequence[_Row]) -> str:
    parts = []
    for row in rows:
        text = f"{row.name}: {row.words}"
        if row.values:
            values = [value for _, value, _ in row.values]
            low, high = (f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in (min(values), max(values)))
            text += f", {len(values)} seeds from {low} to {high}" if len(values) > 1 else ", 1 seed"
        if count := sum(diverged for _, _, diverged in row.values):
            text += f", {count} with divergence"
        parts.append(text)
    return f"One point a seed, in test accuracy, %. {'; '.join(parts)}."
