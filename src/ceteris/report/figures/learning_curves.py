"""How the arms of one factor learn, beside the baseline: on epochs, and on seconds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ceteris.report.figures.mean_curve import (
    ArmEpochs,
    MeanCurve,
    curve_legend,
    draw_curve,
    mean_curve,
    runs_words,
    share_limits,
)
from ceteris.report.figures.picture import Format, Picture
from ceteris.report.figures.style import LEGEND_COLUMNS, drawing, in_per_cent, inches, panel
from ceteris.report.figures.svg import finished

_WIDTH, _LEFT, _GAP, _PANEL = 620.0, 42.0, 34.0, (255.0, 130.0)
_LINE, _HEADING, _BETWEEN, _BOTTOM = 15.0, 26.0, 52.0, 34.0


def learning_curves(
    factor: str, arms: Sequence[ArmEpochs], *, chance: float, file_format: Format = Format.SVG
) -> Picture:
    """Draw training and validation accuracy of a factor's variations and of the baseline, on epochs and on seconds.

    Lines are means over seeds, bands 95 % t intervals of the mean; one seed has no band. A diverged run counts with the
    chance level from the epoch that it diverged in. Seconds are a run's share of the time that its bank took:
    a bank of sixteen that trained for eight seconds cost each run half a second.

    Args:
        factor: What the variations are about.
        arms: The baseline first, then the variations.
        chance: The chance level, with which a diverged run counts.
        file_format: What to draw.
    """
    curves = [mean_curve(arm, chance) for arm in arms if any(arm.epochs.values())]
    missing = [arm.name for arm in arms if not any(arm.epochs.values())]
    title = f"Learning curves: {factor}"
    width, height = _PANEL
    upper = _LINE * -(-(len(arms) + 1) // LEGEND_COLUMNS) + _HEADING
    whole = upper + 2 * height + _BETWEEN + _BOTTOM
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(whole)))
        left, right = _LEFT, _LEFT + width + _GAP
        for on_seconds, top in ((False, upper), (True, upper + height + _BETWEEN)):
            for what, side in (("training", left), ("validation", right)):
                axes = panel(figure, side, top, width, height)
                _draw(axes, curves, what, on_seconds=on_seconds)
                axes.set_title(f"{what} accuracy, %", loc="left", pad=4)
                if what == "validation":
                    axes.tick_params(labelleft=False)
        share_limits(figure)
        curve_legend(figure, curves, missing)
        return finished(figure, title=title, alt=_alt(curves, missing), file_format=file_format)


def _draw(axes: Axes, curves: Sequence[MeanCurve], what: str, *, on_seconds: bool) -> None:
    axes.grid(visible=True)
    axes.set_xlabel("seconds of training, a run's share" if on_seconds else "epochs", labelpad=2)
    longest = max((len(curve.training) for curve in curves), default=1)
    if not on_seconds:
        step = max(1, -(-longest // 10))
        axes.set_xticks(range(step, longest + 1, step))
    for place, curve in enumerate(curves):
        estimates = curve.training if what == "training" else curve.validation
        draw_curve(axes, curve.seconds if on_seconds else np.arange(1.0, len(estimates) + 1), estimates, place)
    axes.set_xlim(left=0)


def _alt(curves: Sequence[MeanCurve], missing: Sequence[str]) -> str:
    parts = [
        f"{curve.name} ({runs_words(curve)}): validation accuracy {in_per_cent(curve.validation[0])} after the first "
        f"epoch, {in_per_cent(curve.validation[-1])} after {len(curve.validation)}, in {curve.seconds[-1]:.3g} s; "
        f"training accuracy {in_per_cent(curve.training[-1])} then"
        for curve in curves
    ]
    parts += [f"{name}: no run yet" for name in missing]
    bands = "Means over seeds with 95 % t intervals, on epochs and on seconds. "
    return f"{bands if any(curve.has_band for curve in curves) else ''}{'. '.join(parts)}."
