"""The learning curves of a table that has the values of runs at several steps: drawn and described, not tested."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ceteris.analysis.judge import TableAnalysis
from ceteris.report.blocks import Section
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.learning_curves import draw_line, look
from ceteris.report.figures.style import INK, LEGEND_COLUMNS, drawing, inches, legend_on_top, panel, shortened
from ceteris.report.quantities import NOTHING, count
from ceteris.report.scale import Scale
from ceteris.report.table import Cell, Column, Table
from ceteris.results.imports.imported_runs import Curve
from ceteris.statistics.interval import Estimate, Floats, Interval, mean_interval
from ceteris.statistics.scores import Ending

_WIDTH, _LEFT, _HEIGHT, _LINE, _HEADING, _BOTTOM = 620.0, 52.0, 200.0, 15.0, 26.0, 36.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Arm:
    """The curves of the finished runs of an arm, and their mean at the steps that all of them have."""

    name: str
    curves: tuple[Floats, ...]
    steps: Floats
    means: tuple[Estimate, ...]

    @property
    def label(self) -> str:
        return f"{shortened(self.name, 150, 8.5)} ({count(len(self.curves), 'run')})"


def section(analysis: TableAnalysis) -> Section | None:
    """Give the section on curves; None where fewer than two arms have a run with values at several steps."""
    arms = [_arm(summary.name, _curves(analysis, summary.name)) for summary in analysis.summaries]
    if sum(bool(arm.curves) for arm in arms) < 2:
        return None
    drawn = {index: arm for index, arm in enumerate(arms) if len(arm.steps) > 1}
    scale = Scale.of(analysis)
    figure = (_figure(drawn, scale),) if drawn else ()
    return Section(anchor="curves", heading="Learning curves", blocks=(*figure, _table(arms, scale)))


def _curves(analysis: TableAnalysis, name: str) -> tuple[Floats, ...]:
    """Give the finite points of each finished run of an arm that has several. Shape (points, 2)."""
    runs = (one for one in analysis.outcomes.outcomes if one.variation == name and one.status is Ending.FINISHED)
    known = (_finite(one.curve) for one in runs)
    return tuple(curve for curve in known if len(curve) > 1)


def _finite(curve: Curve) -> Floats:
    return np.array([point for point in curve if math.isfinite(point[1])], np.float64).reshape(-1, 2)


def _arm(name: str, curves: tuple[Floats, ...]) -> _Arm:
    common = sorted(set.intersection(*(set(curve[:, 0].tolist()) for curve in curves))) if curves else []
    values: Sequence[Mapping[float, float]] = [dict(curve.tolist()) for curve in curves]
    means = tuple(mean_interval([one[step] for one in values]) for step in common)
    return _Arm(name=name, curves=curves, steps=np.array(common), means=means)


def _figure(arms: Mapping[int, _Arm], scale: Scale) -> Drawing:
    """Draw arms by their index, the baseline's 0, which gives each its look."""
    factor = 100 if scale.is_share else 1
    upper = _LINE * -(-(len(arms) + 1) // LEGEND_COLUMNS) + _HEADING
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(upper + _HEIGHT + _BOTTOM)))
        axes = panel(figure, _LEFT, upper, _WIDTH - _LEFT - 12, _HEIGHT)
        axes.grid(visible=True)
        axes.set_title(f"{scale.metric.name}{', %' if scale.is_share else scale.of_values}", loc="left", pad=4)
        axes.set_xlabel("step", labelpad=2)
        handles: list[Line2D | Patch] = []
        for index, arm in arms.items():
            ends = [(one.low, one.high) if isinstance(one, Interval) else (np.nan, np.nan) for one in arm.means]
            means = [factor * one.estimate for one in arm.means]
            draw_line(axes, arm.steps, means, factor * np.array(ends), index)
            colour, dashes, marker = look(index)
            handles.append(Line2D([], [], color=colour, ls=dashes, marker=marker, markersize=3, label=arm.label))
        if any(isinstance(one, Interval) for arm in arms.values() for one in arm.means):
            handles.append(Patch(facecolor=INK, alpha=0.16, label="pointwise 95 % interval"))
        legend_on_top(figure, handles)
        return finished(figure, title=f"{scale.metric.name} by step", alt=_alt(tuple(arms.values()), scale))


def _alt(arms: Sequence[_Arm], scale: Scale) -> str:
    parts = [
        f"{arm.name} ({count(len(arm.curves), 'run')}): {scale.measured(arm.means[0].estimate)} at step "
        f"{arm.steps[0]:,.10g}, {scale.measured(arm.means[-1].estimate)} at step {arm.steps[-1]:,.10g}"
        for arm in arms
    ]
    return f"Means over the runs that finished, with pointwise 95 % t intervals. {'. '.join(parts)}."


def _table(arms: Sequence[_Arm], scale: Scale) -> Table:
    """Describe the area under each curve, over the steps that all runs of all arms reach."""
    curves = [curve for arm in arms for curve in arm.curves]
    first, last = max(curve[0, 0] for curve in curves), min(curve[-1, 0] for curve in curves)
    span = f"steps {first:,.10g} to {last:,.10g}"
    areas = {arm.name: [_area(one, first, last) for one in arm.curves] if first < last else [] for arm in arms}
    return Table(
        name="curves",
        title=f"Area under the learning curve, {span}" if first < last else "Area under the learning curve",
        columns=(
            Column(title="variation"),
            Column(title="runs", is_number=True, meaning="Runs that finished and have values at several steps."),
            Column(
                title=f"mean {scale.metric.name} over the steps",
                is_number=True,
                meaning="Area under the curve of a run, divided by its width: high where it rises early, and where it "
                "ends high. Mean over runs, and the 95 % confidence interval of this arm alone",
            ),
            Column(title="to baseline", is_number=True, meaning="Difference of the means."),
        ),
        rows=tuple(_row(arm, areas[arm.name], areas[arms[0].name], scale) for arm in arms),
        pinned=1,
        notes=(
            (
                "Curves are described, and not tested: verdicts are about the last value of each run. Lines are drawn "
                "where all runs of an arm have a value; between two steps of a run the area takes a straight line."
            ),
        ),
    )


def _area(curve: Floats, first: float, last: float) -> float:
    """Give the mean height of a curve between two steps."""
    steps = np.unique(np.r_[first, curve[(curve[:, 0] > first) & (curve[:, 0] < last), 0], last])
    heights = np.interp(steps, *curve.T)
    return float((np.diff(steps) * (heights[1:] + heights[:-1]) / 2).sum() / (last - first))


def _row(arm: _Arm, areas: Sequence[float], baseline: Sequence[float], scale: Scale) -> tuple[Cell, ...]:
    runs = Cell(str(len(arm.curves)), key=len(arm.curves))
    if not areas:
        return Cell(arm.name), runs, Cell(NOTHING), Cell(NOTHING)
    mean = mean_interval(areas)
    ends = f"{scale.measured(mean.low)} to {scale.measured(mean.high)}" if isinstance(mean, Interval) else ""
    by = mean.estimate - float(np.mean(baseline)) if len(baseline) and areas is not baseline else math.nan
    difference = Cell(NOTHING) if math.isnan(by) else Cell(scale.measured_difference(by), key=by)
    return Cell(arm.name), runs, Cell(scale.measured(mean.estimate), key=mean.estimate, detail=ends), difference
