"""Test accuracy by the number of training images."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ceteris.analysis.efficiency import EfficiencyCurve, EfficiencyPoint
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.style import (
    INK,
    LEGEND_COLUMNS,
    SERIES,
    drawing,
    in_per_cent,
    inches,
    legend_on_top,
    panel,
    shortened,
)
from ceteris.report.quantities import quoted
from ceteris.report.sections.verdicts import TAGS, accuracy_cell, difference_cell, p_cell, runs_cell
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.interval import Interval
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.study.run import BASELINE


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of accuracy by the number of training images; None where a study does not vary it.

    It is about test accuracy: where verdicts are about another metric it is left out.
    """
    curves = analysis.efficiency
    if not curves or analysis.metric is not TEST_ACCURACY:
        return None
    is_known = any(point.accuracy is not None for curve in curves for point in curve.points)
    figure = (data_efficiency(curves),) if is_known else ()
    return Section(anchor="images", heading="Data efficiency", blocks=(*figure, efficiency_table(analysis, curves)))


def efficiency_table(analysis: StudyAnalysis, curves: Sequence[EfficiencyCurve]) -> Table:
    """Draw up the points of all curves.

    Args:
        analysis: From `analyze`.
        curves: From `efficiency_curves`.
    """
    level = f"{100 * analysis.criteria.level:g} %"
    apart = sum(
        point.matched is not None and point.matched.other != BASELINE for curve in curves for point in curve.points
    )
    notes = ["Each seed draws its images anew, stratified by class; all networks with that seed learn from the same."]
    if apart:
        family = "there is one" if apart == 1 else f"their {apart} p-values are adjusted as a family of their own"
        notes.append(
            f"Differences where the baseline's network had fewer images than the baseline are not among the verdicts "
            f"of the study: {family}."
        )
    return Table(
        name="efficiency",
        title="Test accuracy by the number of training images",
        columns=(
            Column(title="variation"),
            Column(title="network", meaning="The curve it belongs to, named after its arm with the most images."),
            Column(title="training images", is_number=True, meaning="How many each of its runs learns from."),
            Column(title="test accuracy", is_number=True, meaning=f"Mean over seeds; below it its {level} interval."),
            Column(
                title="against the baseline's network",
                is_number=True,
                meaning="Difference to the baseline's network and training on as many images, seed by seed.",
            ),
            Column(title="p (Holm)", is_number=True, meaning="Of that difference, adjusted."),
            Column(title="verdict", meaning="Of that difference."),
            Column(title="runs", meaning="Runs that count, of those planned."),
        ),
        rows=tuple(_row(curve, point) for curve in curves for point in curve.points),
        notes=tuple(notes),
    )


def _row(curve: EfficiencyCurve, point: EfficiencyPoint) -> tuple[Cell, ...]:
    found = None if point.matched is None else point.matched.accuracy
    verdict = Cell("")
    if point.matched is not None:
        finding = point.matched.verdict.decision
        verdict = Cell(str(finding), detail=f"than {quoted(point.matched.other)}", tag=TAGS[finding])
        if finding.name in {"EQUIVALENT", "UNDECIDED", "NOT_COMPARED"}:
            verdict = Cell(str(finding), detail=f"against {quoted(point.matched.other)}", tag=TAGS[finding])
    return (
        Cell(point.arm.name),
        Cell(curve.name),
        Cell(f"{point.images:,}", key=point.images),
        accuracy_cell(point.accuracy),
        difference_cell(None if found is None else found.difference),
        p_cell(None if found is None else found.p_value_adjusted),
        verdict,
        runs_cell(point.summary),
    )


_WIDTH, _LEFT, _PANEL = 620.0, 46.0, (420.0, 210.0)
_LINE, _BOTTOM, _HEADING = 15.0, 40.0, 24.0
_APART = 1.25
"""Numbers of images closer than this factor share a label, that of the smaller one."""


def data_efficiency(curves: Sequence[EfficiencyCurve]) -> Drawing:
    """Draw test accuracy over the number of training images, which is on a logarithmic scale.

    Args:
        curves: At least one; that of the baseline, drawn in ink, first.
    """
    width, height = _PANEL
    upper = _LINE * -(-(len(curves) + _has_bars(curves)) // LEGEND_COLUMNS) + _HEADING
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(upper + height + _BOTTOM)))
        axes = panel(figure, _LEFT, upper, width, height)
        axes.set_xscale("log")
        axes.grid(visible=True)
        axes.set_title("test accuracy, %", loc="left", pad=4)
        axes.set_xlabel("training images, on a logarithmic scale", labelpad=2)
        for curve, look in zip(curves, _looks(curves), strict=True):
            _draw(axes, curve, look)
        _ticks(axes, curves)
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, 0), min(high, 100))
        _legend(figure, curves)
        return finished(figure, title="Accuracy by training images", alt=_alt(curves))


def _draw(axes: Axes, curve: EfficiencyCurve, look: tuple[str, str, str]) -> None:
    colour, dashes, marker = look
    known = [(point.images, point.accuracy) for point in curve.points if point.accuracy is not None]
    axes.plot(
        [images for images, _ in known],
        [100 * estimate.estimate for _, estimate in known],
        dashes,
        color=colour,
        marker=marker,
        markersize=4,
        linewidth=2.0 if colour == INK else 1.5,
    )
    for images, estimate in known:
        if isinstance(estimate, Interval):
            ends = [100 * max(estimate.low, 0), 100 * min(estimate.high, 1)]
            axes.plot([images, images], ends, color=colour, linewidth=1.1, marker="_", markersize=6)


def _ticks(axes: Axes, curves: Sequence[EfficiencyCurve]) -> None:
    """Label the numbers of images there are, but for those that would overlap."""
    counts = sorted({point.images for curve in curves for point in curve.points})
    labelled: list[int] = []
    for images in counts:
        if not labelled or images > _APART * labelled[-1]:
            labelled.append(images)
    axes.set_xticks(labelled, [f"{images:,}" for images in labelled])
    axes.set_xticks([], minor=True)
    axes.set_xlim(counts[0] / 1.3, counts[-1] * 1.3)


def _looks(curves: Sequence[EfficiencyCurve]) -> list[tuple[str, str, str]]:
    """Choose colour, dashes and marker of each curve."""
    others = cycle(SERIES)
    return [(INK, "-", "o") if curve.name == BASELINE else next(others) for curve in curves]


def _legend(figure: Figure, curves: Sequence[EfficiencyCurve]) -> None:
    handles = []
    for curve, (colour, dashes, marker) in zip(curves, _looks(curves), strict=True):
        missing = "" if any(point.accuracy is not None for point in curve.points) else " (no run yet)"
        label = f"{shortened(curve.name, 150, 8.5)}{missing}"
        handles.append(Line2D([], [], color=colour, ls=dashes, marker=marker, markersize=4, label=label))
    if _has_bars(curves):
        handles.append(Line2D([], [], color=INK, ls="", marker="|", markersize=9, label="95 % interval of the mean"))
    legend_on_top(figure, handles)


def _has_bars(curves: Sequence[EfficiencyCurve]) -> bool:
    return any(isinstance(point.accuracy, Interval) for curve in curves for point in curve.points)


def _alt(curves: Sequence[EfficiencyCurve]) -> str:
    bars = ", means over seeds with 95 % intervals" if _has_bars(curves) else ""
    parts = []
    for curve in curves:
        points = [
            f"{'no run yet' if point.accuracy is None else in_per_cent(point.accuracy)} with {point.images:,} images"
            for point in curve.points
        ]
        parts.append(f"{curve.name}: {', '.join(points)}")
    return f"Test accuracy by the number of training images{bars}. {'. '.join(parts)}."
