"""The learning rate over the epochs, of a study that uses a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.blocks import Bullets, Paragraph, Section
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.learning_curves import look
from ceteris.report.figures.style import LEGEND_COLUMNS, drawing, inches, legend_on_top, panel, shortened
from ceteris.report.quantities import count, quoted
from ceteris.statistics.interval import Floats
from ceteris.study.run import Arm
from ceteris.training.training import Training

_MOST = 13
"""Curves that a figure can tell apart: the baseline's, and twelve others."""
_POINTS = 400
"""Steps of a curve that are drawn; there are two of each epoch at least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RateCurve:
    """The learning rate of arms that have the same.

    Attributes:
        arms: Their names.
        words: What the schedule does; empty if it is constant.
        epochs: When, in epochs from the beginning of training. Shape (points,).
        rates: The learning rate then. Shape (points,).
    """

    arms: tuple[str, ...]
    words: str
    epochs: Floats
    rates: Floats

    @property
    def sentence(self) -> str:
        """Say what it does."""
        who = listed(map(quoted, self.arms))
        if not self.words:
            return f"{who}: {self.rates[0]:.3g} throughout."
        first, most, last = (f"{rate:.3g}" for rate in (self.rates[0], self.rates.max(), self.rates[-1]))
        peak = "" if most == first else f", rises to {most}"
        return f"{who}: {self.words}. It begins at {first}{peak} and ends at {last}."


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of learning rates; None where ceteris keeps all of them constant."""
    arms = [arm for arm in analysis.arms if not arm.specification.train]
    if not any(str(arm.specification.training.chosen_schedule) for arm in arms):
        return None
    curves = rate_curves(analysis, arms)
    text = (
        "The learning rate of each step, as the study declares it. A run that stops early takes the first part of its "
        "curve."
    )
    if left_out := len(curves) - _MOST:
        text += f" {count(left_out, 'curve')} more are not drawn." if left_out > 0 else ""
    blocks = (Paragraph(text), learning_rates(curves[:_MOST]), Bullets(tuple(one.sentence for one in curves)))
    return Section(anchor="learning-rates", heading="Learning rate", blocks=blocks)


def rate_curves(analysis: StudyAnalysis, arms: Sequence[Arm]) -> tuple[RateCurve, ...]:
    """Give the learning rates of arms, those with the same together, in their order."""
    alike: dict[tuple[object, ...], list[Arm]] = {}
    for arm in arms:
        training = arm.specification.training
        key = (training.learning_rate, training.chosen_schedule, training.epochs)
        alike.setdefault(key, []).append(arm)
    curves = []
    for same in alike.values():
        specification = same[0].specification
        images = training_images(analysis.manifest, specification.data)
        epochs, rates = _rates(specification.training, images)
        words = str(specification.training.chosen_schedule)
        names = tuple(arm.name for arm in same)
        curves.append(RateCurve(arms=names, words=words, epochs=epochs, rates=rates))
    return tuple(curves)


def _rates(training: Training, images: int) -> tuple[Floats, Floats]:
    """Give some steps of each epoch, the first and the last among them, and the learning rate of each."""
    length, schedule = training.length(images), training.chosen_schedule
    shown = max(2, _POINTS // length.epochs)
    steps = np.unique(np.linspace(0, length.steps - 1, shown).round().astype(np.int64))
    epochs = [epoch + steps / length.steps for epoch in range(length.epochs)]
    factors = [schedule.factors(epoch, length)[steps] for epoch in range(length.epochs)]
    return np.concatenate(epochs), training.learning_rate * np.concatenate(factors)


_WIDTH, _LEFT, _PANEL = 620.0, 52.0, (520.0, 160.0)
_LINE, _HEADING, _BOTTOM = 15.0, 22.0, 34.0


def learning_rates(curves: Sequence[RateCurve]) -> Drawing:
    """Draw learning rates over the epochs, that of the baseline in ink."""
    width, height = _PANEL
    upper = _LINE * -(-len(curves) // LEGEND_COLUMNS) + _HEADING
    handles = []
    with drawing():
        figure = Figure(figsize=(inches(_WIDTH), inches(upper + height + _BOTTOM)))
        axes = panel(figure, _LEFT, upper, width, height)
        axes.grid(visible=True)
        axes.set_title("learning rate", loc="left", pad=4)
        axes.set_xlabel("epochs", labelpad=2)
        for index, curve in enumerate(curves):
            colour, dashes, _ = look(index)
            more = "" if len(curve.arms) == 1 else f" and {len(curve.arms) - 1} more"
            label = f"{shortened(curve.arms[0], 150, 8.5)}{more}"
            axes.plot(curve.epochs, curve.rates, dashes, color=colour, linewidth=2.0 if index == 0 else 1.5)
            handles.append(Line2D([], [], color=colour, ls=dashes, label=label))
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        legend_on_top(figure, handles)
        alt = " ".join(curve.sentence for curve in curves)
        return finished(figure, title="Learning rate over the epochs", alt=alt)
