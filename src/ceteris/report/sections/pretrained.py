"""What predicting takes, variation by variation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ceteris.analysis.pretrained import VariationCost, has_backbone
from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Look, Section
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.learning_curves import (
    ArmEpochs,
    CurvePanel,
    MeanCurve,
    arm_epochs,
    curve_legend,
    draw_panels,
    look,
    mean_curve,
    means_words,
    share_limits,
)
from ceteris.report.figures.style import INK, PAPER, drawing, in_per_cent
from ceteris.report.quantities import duration, file_size, milliseconds
from ceteris.report.sections.discussion import discussion
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.study.run import BASELINE

_NOT_MEASURED = "not measured"


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of pretrained networks and others; None where no network of a study is pretrained.

    It is about test accuracy: where verdicts are about another metric it is left out.
    """
    if not analysis.costs or analysis.metric is not TEST_ACCURACY:
        return None
    figure = _learning_figure(analysis)
    return Section(
        anchor="pretrained",
        heading="Pretrained networks",
        blocks=(*discussion(analysis), *([figure] if figure else []), cost_table(analysis.costs)),
        look=Look.WEIGHED,
    )


def _learning_figure(analysis: StudyAnalysis) -> Drawing | None:
    baseline = analysis.arms[0]
    # A network that is not pretrained is drawn if it is the baseline, or what a pretrained baseline is compared with.
    chosen = [arm for arm in analysis.arms if arm.name == BASELINE or has_backbone(arm) or has_backbone(baseline)]
    epochs = {
        arm.name: arm_epochs(
            analysis.arm_scores[arm.name], analysis.learning_epochs.get(arm.name, {}), analysis.scores.chance
        )
        for arm in chosen
    }
    if not any(one.epochs for one in epochs.values()):
        return None
    extractions = analysis.environment.extractions
    return curves_by_unit(
        [
            ArmLearning(
                epochs=epochs[arm.name],
                images=training_images(analysis.results.manifest, arm.specification.data),
                features=extractions[arm.name].seconds if arm.name in extractions else None,
            )
            for arm in chosen
        ]
    )


def cost_table(costs: Sequence[VariationCost]) -> Table:
    """Draw up what a prediction takes.

    Args:
        costs: From `variation_costs`.
    """
    return Table(
        name="costs",
        title="Cost of a prediction",
        columns=(
            Column(title="variation"),
            Column(title="parameters", is_number=True, meaning="All of the network; below it, the trainable ones."),
            Column(
                title="multiply-adds",
                is_number=True,
                meaning="Multiplications with addition for one image, through the whole network.",
            ),
            Column(
                title="memory",
                is_number=True,
                meaning="Counted for one image in float32: all parameters, and the largest input and output of a layer "
                "together. What PyTorch itself takes comes on top.",
            ),
            Column(
                title="files",
                is_number=True,
                meaning="The weights of one run; with a pretrained backbone the file that it came in too, including a "
                "classifier that is not used.",
            ),
            Column(
                title="time per image (ms)",
                is_number=True,
                meaning="Median, below it the quartiles and how many images they rest on.",
            ),
        ),
        rows=tuple(_row(cost) for cost in costs),
        pinned=1,
        notes=tuple(_notes(costs)),
    )


def _notes(costs: Sequence[VariationCost]) -> list[str]:
    timed = [cost.time for cost in costs if cost.time is not None]
    notes = []
    if timed:
        hosts = dict.fromkeys(time.host for time in timed)
        notes.append(
            "Times are of one trained network after the study, whichever engine trained it: PyTorch in float32, one "
            "core, one image at a time, from pixels to class probabilities; of a pretrained network, with resizing and "
            f"all of its backbone. Measured on {'; and on '.join(hosts)}."
        )
    if len(timed) < sum(cost.own_bytes is not None for cost in costs):
        notes.append(
            "What was not measured is measured when `ceteris run` is called again for this study, with PyTorch "
            "installed, on the machine that trained it."
        )
    return notes


def _row(cost: VariationCost) -> tuple[Cell, ...]:
    counted, time = cost.counted, cost.time
    trainable = "" if counted.trainable == counted.parameters else f"{counted.trainable:,} trainable"
    return (
        Cell(cost.arm.name),
        Cell(f"{counted.parameters:,}", key=counted.parameters, detail=trainable),
        Cell(f"{counted.multiply_adds:,}", key=counted.multiply_adds),
        Cell(file_size(counted.memory), key=counted.memory),
        _files(cost),
        Cell(_NOT_MEASURED)
        if time is None
        else Cell(
            milliseconds(time.median),
            key=time.median,
            detail=f"{milliseconds(time.first_quartile)} to {milliseconds(time.third_quartile)}; n = {time.images}",
        ),
    )


def _files(cost: VariationCost) -> Cell:
    if cost.own_bytes is None:
        return Cell("")
    own = f"{file_size(cost.own_bytes)} of the run"
    if cost.file_bytes is None:
        return Cell(_NOT_MEASURED, detail=f"{own}, and the pretrained file")
    if not has_backbone(cost.arm):
        return Cell(file_size(cost.own_bytes), key=cost.own_bytes)
    assert cost.pretrained_bytes is not None
    return Cell(
        file_size(cost.file_bytes), key=cost.file_bytes, detail=f"{file_size(cost.pretrained_bytes)} pretrained, {own}"
    )


_FLOOR, _STEP = 0.05, 0.075
"""Where the first arm's time for features is drawn, and how much above it the next one's, as shares of the height."""


@dataclass(frozen=True, kw_only=True)
class ArmLearning:
    """Training of one arm.

    Attributes:
        epochs: Of its runs.
        images: How many each learns from in an epoch.
        features: Seconds that were spent on features before, once for all its runs; None where there were none.
    """

    epochs: ArmEpochs
    images: int
    features: float | None


def curves_by_unit(arms: Sequence[ArmLearning]) -> Drawing:
    """Draw validation accuracy on epochs, on images and on seconds of training.

    Where features were computed first, a fourth panel counts their seconds too, in full, as if one run alone had needed
    them: they are the thick line at its foot, and the arm's curve begins after them.

    Args:
        arms: The baseline first; at least one has a run.
    """
    known = [arm for arm in arms if arm.epochs.epochs]
    missing = [arm.epochs for arm in arms if not arm.epochs.epochs]
    curves = [mean_curve(arm.epochs) for arm in known]
    epochs = [np.arange(1.0, len(curve.validation) + 1) for curve in curves]
    units = [
        ("epochs", "epochs", epochs),
        (
            "images",
            "training images seen, in thousands",
            [arm.images / 1000 * numbers for arm, numbers in zip(known, epochs, strict=True)],
        ),
        ("seconds", "seconds of training, a run's share", [curve.seconds for curve in curves]),
    ]
    features = [arm.features or 0.0 for arm in known]
    if any(features):
        units.append(
            (
                "seconds with features",
                "seconds of training, and of computing features in full",
                [curve.seconds + seconds for curve, seconds in zip(curves, features, strict=True)],
            )
        )
    panels = [
        CurvePanel(
            title=f"validation accuracy, %, on {unit}",
            label=label,
            times=times,
            means=[curve.validation for curve in curves],
        )
        for unit, label, times in units
    ]
    with drawing():
        figure = draw_panels(panels, names=len(arms) + 2, height=140)
        foot = _FLOOR + _STEP * np.count_nonzero(features) if any(features) else 0.0
        share_limits(figure, foot=foot)
        if any(features):
            _draw_features(figure.axes[-1], known, foot)
        line = Line2D([], [], color=INK, linewidth=4, alpha=0.6, solid_capstyle="butt", label="computing features")
        curve_legend(figure, curves, missing, [line] if any(features) else [])
        title = "Learning on epochs, images and seconds"
        return finished(figure, title=title, alt=_alt(known, curves, missing))


def _draw_features(axes: Axes, arms: Sequence[ArmLearning], foot: float) -> None:
    """Draw the time before each arm's curve at the foot of the panel, and write how long it was, over any band."""
    axes.add_patch(Rectangle((0, 0), 1, foot, transform=axes.transAxes, facecolor=PAPER, linewidth=0, zorder=1.5))
    height = _FLOOR
    for index, arm in enumerate(arms):
        if not arm.features:
            continue
        colour, _, _ = look(index)
        beside = axes.get_xaxis_transform()
        axes.plot(
            [0, arm.features],
            [height, height],
            color=colour,
            linewidth=4,
            alpha=0.6,
            solid_capstyle="butt",
            transform=beside,
        )
        axes.text(0, height, f" features {duration(arm.features)}", size=7.5, va="bottom", transform=beside)
        height += _STEP


def _alt(arms: Sequence[ArmLearning], curves: Sequence[MeanCurve], missing: Sequence[ArmEpochs]) -> str:
    parts = []
    for arm, curve in zip(arms, curves, strict=True):
        features = f"{duration(arm.features)} for features, once for all its runs, then " if arm.features else ""
        parts.append(
            f"{curve.arm.name} ({curve.arm.words}): {features}{in_per_cent(curve.validation[0])} after the first epoch "
            f"of {arm.images:,} images and {curve.seconds[0]:.3g} s, {in_per_cent(curve.validation[-1])} after "
            f"{len(curve.validation)} epochs, {len(curve.validation) * arm.images:,} images and "
            f"{curve.seconds[-1]:.3g} s of training"
        )
    parts += [f"{one.name}: {one.words}" for one in missing]
    return f"Validation accuracy. {means_words(curves)} on epochs, on images and on seconds. {'. '.join(parts)}."
