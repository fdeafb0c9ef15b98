"""All differences of a study with their error bars on one axis, and every run as a point."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ceteris.analysis.analysis import Analysis
from ceteris.report.blocks import Paragraph, Section
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.style import (
    BLUE,
    GRID,
    INK,
    MARKS,
    MUTED,
    PAPER,
    VERMILION,
    drawing,
    in_per_cent,
    inches,
    legend_line,
    panel,
    shortened,
)
from ceteris.report.quantities import sentence, signed
from ceteris.report.scale import ACCURACY, Scale
from ceteris.report.wording import verdict_detail
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.interval import Estimate, Interval, PointEstimate, Scope
from ceteris.statistics.metric import Spacing
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision

_WIDTH, _ROW, _TOP, _BOTTOM = 620.0, 20.0, 44.0, 42.0
_LEFT, _MIDDLE = 190.0, 250.0
_MOST = 8.0  # times the median distance from 0: what lies further out is drawn at the edge, so that the rest is seen
_MARKER, _ARROW = 4.0, 13.0  # points: half a marker, and the length of an arrow


def section(analysis: Analysis) -> Section | None:
    """Give the section that shows all differences; None before any run has finished or diverged."""
    if not analysis.done:
        return None
    scale = Scale.of(analysis)
    values = analysis.accuracies if scale.is_accuracy else {n: arm.judged() for n, arm in analysis.arm_scores.items()}
    seeds = seed_accuracies(analysis.shown_summaries, values, scale=scale)
    margin = analysis.criteria.margin
    shown, family = analysis.shown_comparisons, len(analysis.comparisons)
    forest = (forest_plot(shown, margin=margin, scale=scale, family=family),) if shown else ()
    left_out = tuple(Paragraph(text, is_note=True) for text in analysis.left_out)
    return Section(
        anchor="differences",
        heading=f"Differences in {scale.metric.name}" if forest else f"{sentence(scale.metric.name)} of every run",
        short="Differences" if forest else "Every run",
        blocks=(*left_out, *forest, seeds),
    )


def forest_plot(
    comparisons: Sequence[Comparison], *, margin: float, scale: Scale = ACCURACY, family: int | None = None
) -> Drawing:
    """Draw the difference of each variation from the baseline, with error bars, margin and verdict.

    The thick bar is the simultaneous interval over seeds, the thin one that over seeds and test images. A variation
    without a run that learned has no mark, one with a single such run a mark without bars. What is far out of the range
    of the others is drawn at the edge, and its numbers stand beside it.

    Args:
        comparisons: In the order to show them; those of one factor stand together.
        margin: Differences smaller than this are practically none; a fraction, or a number in the metric's unit.
        scale: Of what is compared.
        family: How many comparisons simultaneous intervals allow for, where not all of them are drawn.
    """
    family = len(comparisons) if family is None else family
    alt = _alt(comparisons, margin, scale, family)
    edge = scale.own_difference(PointEstimate(estimate=margin)).estimate
    limits = _limits(comparisons, abs(edge), scale)
    height = _TOP + _ROW * max(len(comparisons), 1) + _BOTTOM
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(height)))
        axes = panel(figure, _LEFT, _TOP, _MIDDLE, height - _TOP - _BOTTOM)
        axes.set_xlim(*limits)
        axes.set_ylim(max(len(comparisons), 1) - 0.5, -0.5)
        if margin:
            axes.axvspan(-edge, edge, color=GRID, alpha=0.55, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.grid(visible=True, axis="x")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"{_unit(scale)}variation minus baseline{'; lower is better' if scale.is_turned else ''}")
        for row, comparison in enumerate(comparisons):
            is_first = row == 0 or comparisons[row - 1].factor != comparison.factor
            _draw(axes, row, comparison, scale, first=is_first)
        _legend(figure, comparisons, scale.full_size(margin) if margin else "", family)
        return finished(figure, title=f"Difference in {scale.metric.name} from the baseline", alt=alt)


def _unit(scale: Scale) -> str:
    unit = "percentage points" if scale.is_share else "per cent" if scale.is_ratio else scale.unit
    return f"{unit}, " if unit else ""


def _beside(estimate: Estimate, scale: Scale) -> str:
    """Say a difference as `in_points` does, in the metric's own sign and unit."""
    own, digits = scale.own_difference(estimate), 2 if scale.is_share or scale.is_ratio else scale.digits
    ends = f" [{signed(own.low, digits)}, {signed(own.high, digits)}]" if isinstance(own, Interval) else ""
    return f"{signed(own.estimate, digits)}{ends}"


def _draw(axes: Axes, row: int, comparison: Comparison, scale: Scale, *, first: bool) -> None:
    place = axes.get_yaxis_transform()
    if first and row:
        axes.plot([-0.76, 1.7], [row - 0.5] * 2, color=GRID, linewidth=0.6, transform=place, clip_on=False)
    if first and comparison.factor != comparison.variation:
        factor = shortened(comparison.factor, 80, 8)
        axes.text(-0.75, row, factor, color=MUTED, size=8, va="center", transform=place)
    axes.text(-0.42, row, shortened(comparison.variation, 104), va="center", transform=place)
    mark = MARKS[comparison.verdict.decision]
    if comparison.accuracy is None:
        axes.text(1.03, row, _gap(comparison), color=MUTED, va="center", size=8, transform=place)
        return
    difference = scale.own_difference(comparison.accuracy.simultaneous)
    if comparison.over_images is not None and not _is_over_images(comparison):
        _bar(axes, row + 0.2, scale.own_difference(comparison.over_images), MUTED, 0.9)
    if isinstance(difference, Interval):
        _bar(axes, row, difference, mark.colour, 2.2)
    face = mark.colour if mark.is_filled else PAPER
    low, high = axes.get_xlim()
    value, point = difference.estimate, (high - low) / _MIDDLE
    if not low <= value <= high:
        edge, inwards = (low, point) if value < low else (high, -point)
        value = edge + (_ARROW + _MARKER) * inwards
        if not isinstance(difference, Interval):  # else its bar has the arrow
            _arrow(axes, row, edge, -inwards, mark.colour)
    axes.plot([value], [row], mark.shape, color=mark.colour, markerfacecolor=face, markersize=5.5, zorder=4)
    axes.text(1.03, row, _beside(comparison.accuracy.simultaneous, scale), va="center", size=8.5, transform=place)


def _gap(comparison: Comparison) -> str:
    return verdict_detail(comparison.verdict)


def _bar(axes: Axes, row: float, interval: Estimate, colour: str, width: float) -> None:
    assert isinstance(interval, Interval)
    left, right = axes.get_xlim()
    low, high = max(interval.low, left), min(interval.high, right)
    if low < high:
        axes.plot([low, high], [row, row], color=colour, linewidth=width, solid_capstyle="butt", zorder=3)
    point = (right - left) / _MIDDLE
    if interval.low < left:
        _arrow(axes, row, left, -point, colour)
    if interval.high > right:
        _arrow(axes, row, right, point, colour)


def _arrow(axes: Axes, row: float, end: float, point: float, colour: str) -> None:
    """Say that something goes on beyond the axis, with an arrow that ends where the axis does.

    Args:
        axes: On which.
        row: At which height.
        end: Left or right end of the axis.
        point: What a point is on the axis; negative at its left end.
        colour: Of the arrow.
    """
    arrow = {"arrowstyle": "->", "color": colour, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (end, row), xytext=(end - _ARROW * point, row), arrowprops=arrow)


def _limits(comparisons: Sequence[Comparison], margin: float, scale: Scale) -> tuple[float, float]:
    """Choose from where to where the axis goes, in the unit that is drawn; 0 and the margin are always on it."""
    known = [scale.own_difference(one.accuracy.simultaneous) for one in comparisons if one.accuracy is not None]
    known += [scale.own_difference(one.over_images) for one in comparisons if one.over_images is not None]
    ends = [end for one in known for end in ((one.low, one.high) if isinstance(one, Interval) else (one.estimate,))]
    most = max(_MOST * statistics.median(map(abs, ends)), 4 * margin) if ends else 4 * margin
    most = most or 1.0  # without a margin, all differences may be 0
    low, high = max(min([*ends, -2 * margin, 0.0]), -most), min(max([*ends, 2 * margin, 0.0]), most)
    if low == high:  # nothing to draw, or nothing but 0
        low, high = -most, most
    space = 1.5 * _MARKER / _MIDDLE * (high - low)
    return low - space, high + space


def _legend(figure: Figure, comparisons: Sequence[Comparison], margin: str, family: int) -> None:
    found = {comparison.verdict.decision for comparison in comparisons}
    verdicts = [
        Line2D(
            [],
            [],
            color=mark.colour,
            marker=mark.shape,
            linestyle="",
            markerfacecolor=mark.colour if mark.is_filled else PAPER,
            label=str(finding),
        )
        for finding, mark in MARKS.items()
        if finding in found
    ]
    level = _level(comparisons, family)
    bars = []
    if level is not None:
        label = f"simultaneous {100 * level:.3g} % interval {_over(comparisons)}"
        bars.append(Line2D([], [], color=INK, linewidth=2.2, label=label))
    if any(one.over_images is not None and not _is_over_images(one) for one in comparisons):
        bars.append(Line2D([], [], color=MUTED, linewidth=0.9, label="over seeds and test images"))
    shade = [Patch(facecolor=GRID, alpha=0.55, label=f"margin: {margin} either way")] if margin else []
    legend_line(figure, verdicts)
    legend_line(figure, [*bars, *shade], 1)


def _is_over_images(one: Comparison) -> bool:
    """Say whether the interval of a difference allows for the test images already."""
    found = None if one.accuracy is None else one.accuracy.simultaneous
    return isinstance(found, Interval) and found.scope is Scope.SEEDS_AND_IMAGES


def _over(comparisons: Sequence[Comparison]) -> str:
    return "over seeds and test images" if any(map(_is_over_images, comparisons)) else "over seeds"


def _level(comparisons: Sequence[Comparison], family: int) -> float | None:
    for comparison in comparisons:
        if comparison.accuracy is not None and isinstance(comparison.accuracy.simultaneous, Interval):
            return 1 - family * (1 - comparison.accuracy.simultaneous.level)
    return None


def _alt(comparisons: Sequence[Comparison], margin: float, scale: Scale, family: int) -> str:
    counts = [
        f"{sum(one.verdict.decision is finding for one in comparisons)} {finding}"
        for finding in Decision
        if any(one.verdict.decision is finding for one in comparisons)
    ]
    rows = [
        f"{one.variation} {_beside(one.accuracy.simultaneous, scale)}, {one.verdict.decision}"
        if one.accuracy is not None
        else f"{one.variation}: {_gap(one)}"
        for one in comparisons
    ]
    if not rows:
        return "There is no variation to compare with the baseline."
    level = _level(comparisons, family)
    bars = "" if level is None else f" with simultaneous {100 * level:.3g} % intervals {_over(comparisons)}"
    limit = f"; the margin is {scale.full_size(margin)}" if margin else ""
    return (
        f"Differences in {_unit(scale).removesuffix(', ') or scale.metric.name}{bars}{limit}. "
        f"Of {len(comparisons)} variations: {', '.join(counts)}. {'; '.join(rows)}."
    )


_SEED_ROW, _SEED_TOP = 22.0, 28.0
_SEED_LEFT, _SEED_MIDDLE = 130.0, 320.0


@dataclass(frozen=True, kw_only=True)
class _SeedRow:
    """One arm.

    Attributes:
        name: What it is called.
        values: By seed, in the unit that is drawn, with whether the run diverged.
        estimate: Mean and error bars, likewise; None where there is no value.
        words: What stands beside it.
    """

    name: str
    values: tuple[tuple[int, float, bool], ...]
    estimate: Estimate | None
    words: str


def seed_accuracies(
    summaries: Sequence[ArmSummary], accuracies: Mapping[str, Mapping[int, float]], *, scale: Scale = ACCURACY
) -> Drawing:
    """Draw the test accuracy of every run, or another metric, and the mean of every arm.

    Args:
        summaries: Every arm by itself.
        accuracies: What each run counts with, by arm and seed.
        scale: Of what is shown.
    """
    rows = [_accuracy_row(arm, accuracies[arm.name], scale) for arm in summaries]
    label = f"{scale.metric.name}, %" if scale.is_share else f"{scale.metric.name}{scale.of_values}"
    height = _SEED_TOP + _SEED_ROW * len(rows) + _BOTTOM
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(height)))
        axes = panel(figure, _SEED_LEFT, _SEED_TOP, _SEED_MIDDLE, height - _SEED_TOP - _BOTTOM)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(visible=True, axis="x")
        axes.set_xlabel(label)
        for place, row in enumerate(rows):
            _draw_row(axes, place, row)
        if any(row.values for row in rows):
            low, high = axes.get_xlim()
            least = scale.metric.limits[0]  # 0 of a share
            axes.set_xlim(max(low, least), min(high, 100) if scale.is_share else high)
        _seed_legend(figure, rows)
        return finished(figure, title=f"{sentence(scale.metric.name)}, seed by seed", alt=_seed_alt(rows, label))


def _accuracy_row(arm: ArmSummary, accuracies: Mapping[int, float], scale: Scale) -> _SeedRow:
    values = {seed: scale.own(PointEstimate(estimate=value)).estimate for seed, value in accuracies.items()}
    words = "no run learned" if arm.ended else "no run yet"
    if arm.accuracy is not None:
        words = (
            in_per_cent(arm.accuracy)
            if scale.is_share and not scale.is_turned and scale.metric.spacing is Spacing.DIFFERENCES
            else scale.value(arm.accuracy.estimate)
        )
    return _SeedRow(
        name=arm.name,
        values=tuple((seed, value, seed in arm.diverged) for seed, value in values.items()),
        estimate=None if arm.accuracy is None else scale.own(arm.accuracy),
        words=words,
    )


def _draw_row(axes: Axes, place: int, row: _SeedRow) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(-_SEED_LEFT / _SEED_MIDDLE, place, shortened(row.name, _SEED_LEFT - 6), va="center", transform=beside)
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
        mean = row.estimate.estimate
        axes.plot([mean, mean], [place - 0.36, place + 0.36], color=INK, linewidth=1.6, zorder=4)
        bar = [row.estimate.low, row.estimate.high]
        if mean <= 100:  # the interval of a share may go far beyond it
            bar = [max(bar[0], -100.0), min(bar[1], max(100.0, 2 * mean))]
        axes.plot(bar, [place, place], color=INK, linewidth=1.2, zorder=4)


def _shift(seed: int) -> float:
    """Keep points of equal value apart; the same seed is at the same height in every row."""
    return ((seed * 0.618034) % 1 - 0.5) * 0.5


def _seed_legend(figure: Figure, rows: Sequence[_SeedRow]) -> None:
    handles = [Line2D([], [], color=BLUE, marker="o", linestyle="", markersize=3.6, label="a run")]
    if any(diverged for row in rows for _, _, diverged in row.values):
        label = "diverged: counted at chance level"
        handles.append(Line2D([], [], color=VERMILION, marker="x", linestyle="", markersize=4, label=label))
    if any(isinstance(row.estimate, Interval) for row in rows):
        handles.append(Line2D([], [], color=INK, linewidth=1.4, label="mean and 95 % interval over seeds"))
    legend_line(figure, handles)


def _seed_alt(rows: Sequence[_SeedRow], label: str) -> str:
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
    return f"One point a seed, in {label}. {'; '.join(parts)}."
