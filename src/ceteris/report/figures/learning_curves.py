"""The mean learning curve of the runs of an arm that learned, with error bars: what pictures of learning show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

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
from ceteris.results.epochs import EpochRecord
from ceteris.statistics.interval import Estimate, Floats, Interval, mean_interval
from ceteris.statistics.scores import ArmScores

_MOST_MARKERS = 12


@dataclass(frozen=True, kw_only=True)
class ArmEpochs:
    """The epochs of the runs of one arm.

    Attributes:
        epochs: By seed, of every run that learned.
        ended: How many runs came to their end, also without learning.
    """

    name: str
    epochs: Mapping[int, Sequence[EpochRecord]]
    ended: int

    @property
    def has_stopped(self) -> bool:
        """Whether a run was stopped early, and is carried on with epochs that take no time."""
        return any(records[-1].seconds == 0 for records in self.epochs.values())

    @property
    def words(self) -> str:
        """Say how many runs a curve rests on."""
        if not self.epochs:
            return "no run learned" if self.ended else "no run yet"
        seeds = "1 seed" if self.ended == 1 else f"{self.ended} seeds"
        return seeds if len(self.epochs) == self.ended else f"{len(self.epochs)} of {seeds} learned"


def arm_epochs(arm: ArmScores, epochs: Mapping[int, Sequence[EpochRecord]], chance: float) -> ArmEpochs:
    """Give the epochs of the runs of an arm that learned: those whose curves the statistics compare.

    Args:
        arm: What its runs scored.
        epochs: Of all its runs, by seed.
        chance: The chance level.
    """
    learned = {seed: epochs[seed] for seed in arm.learned(chance) if epochs.get(seed)}
    return ArmEpochs(name=arm.name, epochs=learned, ended=len(arm.counted(chance)))


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanCurve:
    """Mean and error bars over the runs that learned.

    Attributes:
        seconds: Mean training time up to each epoch, a run's share. Shape (epochs,).
        training: Training accuracy, one estimate per epoch.
    """

    arm: ArmEpochs
    seconds: Floats
    training: tuple[Estimate, ...]
    validation: tuple[Estimate, ...]

    @property
    def has_band(self) -> bool:
        """Whether there is a spread to draw at any epoch."""
        return any(isinstance(one, Interval) for one in self.validation)


def mean_curve(arm: ArmEpochs) -> MeanCurve:
    """Take the mean over the runs of an arm that learned, at least one, in each epoch that all of them have."""
    epochs = min(len(records) for records in arm.epochs.values())
    runs = [records[:epochs] for records in arm.epochs.values()]
    seconds = np.cumsum([[one.seconds / one.packed_batch_runs for one in records] for records in runs], axis=1)
    training, validation = (
        tuple(mean_interval([getattr(run[epoch].metrics, kind) for run in runs]) for epoch in range(epochs))
        for kind in ("training_accuracy", "validation_accuracy")
    )
    return MeanCurve(arm=arm, seconds=seconds.mean(axis=0), training=training, validation=validation)


def bar(estimate: Estimate) -> tuple[float, float]:
    """Give the ends of an error bar within 0 and 1; not-a-number where there is none."""
    if not isinstance(estimate, Interval):
        return np.nan, np.nan
    return max(estimate.low, 0), min(estimate.high, 1)


def look(index: int) -> tuple[str, str, str]:
    """Give colour, dashes and marker of an arm by its index, the baseline's first."""
    return (INK, "-", "") if index == 0 else SERIES[(index - 1) % len(SERIES)]


def draw_curve(axes: Axes, x: Floats, estimates: Sequence[Estimate], index: int) -> None:
    """Draw a mean, in per cent, with its band; `index` is that of the arm, the baseline's first."""
    draw_line(
        axes, x, [100 * one.estimate for one in estimates], 100 * np.array([bar(one) for one in estimates]), index
    )


def draw_line(axes: Axes, x: Floats, means: Sequence[float], ends: Floats, index: int) -> None:
    """Draw a line with its band; `ends` are those of the band, not-a-number where it has none. Shape (points, 2)."""
    colour, dashes, marker = look(index)
    every = max(1, len(means) // _MOST_MARKERS)
    marker = marker or ("o" if len(means) == 1 else "")  # one epoch makes no line
    (line,) = axes.plot(x, means, dashes, color=colour, marker=marker, markersize=3, markevery=every)
    line.set(linewidth=2.0 if index == 0 else 1.5, zorder=4 if index == 0 else 3)
    if np.isfinite(ends).any():
        axes.fill_between(x, *ends.T, color=colour, alpha=0.16, linewidth=0)


def share_limits(figure: Figure, *, foot: float = 0.0) -> None:
    """Give all panels one range of accuracies, that of the lines, above a share of the height that is kept free."""
    heights = [np.asarray(line.get_ydata(), np.float64) for axes in figure.axes for line in axes.lines]
    low = min((float(height.min()) for height in heights), default=0.0)
    high = max((float(height.max()) for height in heights), default=100.0)
    space = max(0.08 * (high - low), 1.0)
    bottom, top = max(low - space, 0), min(high + space, 100)
    for axes in figure.axes:
        axes.set_ylim(bottom, top)
        if foot:
            axes.set_yticks([tick for tick in axes.get_yticks() if bottom <= tick <= top])
            axes.set_ylim(top - (top - bottom) / (1 - foot), top)


def curve_legend(
    figure: Figure, curves: Sequence[MeanCurve], missing: Sequence[ArmEpochs], more: Sequence[Line2D] = ()
) -> None:
    """Name the curves, the arms that have none yet, and what else is drawn."""
    handles: list[Line2D | Patch] = []
    for index, curve in enumerate(curves):
        colour, dashes, marker = look(index)
        label = f"{shortened(curve.arm.name, 150, 8.5)} ({curve.arm.words})"
        handles.append(Line2D([], [], color=colour, ls=dashes, marker=marker, markersize=3, label=label))
    handles += [Line2D([], [], linestyle="", label=f"{shortened(arm.name, 150, 8.5)} ({arm.words})") for arm in missing]
    if any(curve.has_band for curve in curves):
        handles.append(Patch(facecolor=INK, alpha=0.16, label="pointwise 95 % interval"))
    handles += more
    legend_on_top(figure, handles)


_WIDTH, _LEFT, _GAP, _PANEL = 620.0, 42.0, 34.0, 255.0
_LINE, _HEADING, _BETWEEN, _BOTTOM = 15.0, 26.0, 52.0, 34.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CurvePanel:
    """Curves of accuracy over one unit of time.

    Attributes:
        times: Of each curve, at the end of each epoch. Shape (epochs,).
        means: Of each curve, one estimate an epoch.
        ticks: On the horizontal axis; Matplotlib's if empty.
    """

    title: str
    label: str
    times: Sequence[Floats]
    means: Sequence[Sequence[Estimate]]
    ticks: Sequence[int] = ()


def draw_panels(panels: Sequence[CurvePanel], *, names: int, height: float) -> Figure:
    """Draw panels, two beside each other, below room for a legend of so many names; inside a `drawing`."""
    rows = -(-len(panels) // 2)
    upper = _LINE * -(-names // LEGEND_COLUMNS) + _HEADING
    whole = upper + rows * height + (rows - 1) * _BETWEEN + _BOTTOM
    figure = Figure(figsize=(inches(_WIDTH), inches(whole)))
    for index, one in enumerate(panels):
        left, top = _LEFT + index % 2 * (_PANEL + _GAP), upper + index // 2 * (height + _BETWEEN)
        axes = panel(figure, left, top, _PANEL, height)
        axes.grid(visible=True)
        axes.set_title(one.title, loc="left", pad=4)
        axes.set_xlabel(one.label, labelpad=2)
        if one.ticks:
            axes.set_xticks(one.ticks)
        for order, (times, means) in enumerate(zip(one.times, one.means, strict=True)):
            draw_curve(axes, times, means, order)
        axes.set_xlim(left=0)
        if index % 2:
            axes.tick_params(labelleft=False)
    return figure


def learning_curves(factor: str, arms: Sequence[ArmEpochs]) -> Drawing:
    """Draw training and validation accuracy of a factor's variations and of the baseline, on epochs and on seconds.

    Lines are means over the runs that learned, bands 95 % t intervals of the mean; one run has no band. The bands are
    pointwise: each covers the mean of its epoch in 95 % of studies, all epochs together less often. Seconds are a run's
    share of the time that its packed batch took: a packed batch of sixteen that trained for eight seconds cost each run
    half a second.
    """
    curves = [mean_curve(arm) for arm in arms if arm.epochs]
    missing = [arm for arm in arms if not arm.epochs]
    longest = max((len(curve.training) for curve in curves), default=1)
    step = max(1, -(-longest // 10))
    epochs = [np.arange(1.0, len(curve.training) + 1) for curve in curves]
    units = (
        ("epochs", epochs, range(step, longest + 1, step)),
        ("seconds of training, a run's share", [curve.seconds for curve in curves], ()),
    )
    accuracies = (
        ("training accuracy, %", [curve.training for curve in curves]),
        ("validation accuracy, %", [curve.validation for curve in curves]),
    )
    panels = [
        CurvePanel(title=title, label=label, times=times, means=means, ticks=ticks)
        for label, times, ticks in units
        for title, means in accuracies
    ]
    with drawing():
        figure = draw_panels(panels, names=len(arms) + 1, height=130)
        share_limits(figure)
        curve_legend(figure, curves, missing)
        return finished(figure, title=f"Learning curves: {factor}", alt=_alt(curves, missing))


def _alt(curves: Sequence[MeanCurve], missing: Sequence[ArmEpochs]) -> str:
    parts = [
        f"{curve.arm.name} ({curve.arm.words}): validation accuracy {in_per_cent(curve.validation[0])} after the first "
        f"epoch, {in_per_cent(curve.validation[-1])} after {len(curve.validation)}, in {curve.seconds[-1]:.3g} s; "
        f"training accuracy {in_per_cent(curve.training[-1])} then"
        for curve in curves
    ]
    parts += [f"{arm.name}: {arm.words}" for arm in missing]
    return f"{means_words(curves)} on epochs and on seconds. {'. '.join(parts)}."


def means_words(curves: Sequence[MeanCurve]) -> str:
    """Say what lines and bands are."""
    bands = ", with pointwise 95 % t intervals," if any(curve.has_band for curve in curves) else ""
    stopped = (
        "; a run that stopped early counts on as it is scored;" if any(one.arm.has_stopped for one in curves) else ""
    )
    return f"Means over the runs that learned{bands}{stopped}"
