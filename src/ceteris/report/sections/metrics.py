"""What the stored predictions are worth by other metrics than the one that is judged: described, and not tested."""

from collections.abc import Mapping

import numpy as np

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import sentence
from ceteris.report.scale import Scale
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.interval import Interval
from ceteris.statistics.metrics import METRICS, TEST_ACCURACY, Metric, Unit
from ceteris.statistics.paired import paired_difference
from ceteris.statistics.summary import ArmSummary


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of the metrics that are not judged; None where no run has predictions."""
    if analysis.predictions is None or not analysis.predictions.arms:
        return None
    return Section(anchor="metrics", heading="Other metrics", blocks=(metric_table(analysis),))


def metric_table(analysis: StudyAnalysis) -> Table:
    """Draw up every metric but the judged one: arm by arm, with its difference from the baseline."""
    shown = [metric for metric in METRICS.values() if metric is not TEST_ACCURACY]
    level = f"{100 * analysis.criteria.level:g} %"
    return Table(
        name="other-metrics",
        title="Other metrics of the runs that learned, on the test images",
        columns=(
            Column(title="variation"),
            Column(title="runs", is_number=True, meaning="Runs that learned and have predictions."),
            *(Column(title=_title(metric), is_number=True, meaning=_meaning(analysis, metric)) for metric in shown),
        ),
        rows=tuple(_row(analysis, arm, shown) for arm in analysis.summaries),
        pinned=1,
        notes=(
            (
                "Means over the runs that learned. Below each stands the standard deviation (sd) over seeds, and for a "
                f"variation its difference from the baseline with the {level} interval of this one difference."
            ),
            (
                "These differences are described and not tested: no verdict rests on them, and among so many intervals "
                "some leave out 0 by chance."
            ),
            "Probabilities are stored in half precision, with three significant digits.",
        ),
    )


def _title(metric: Metric) -> str:
    return f"{metric.name} (nats)" if metric.unit is Unit.NATS else metric.name


def _meaning(analysis: StudyAnalysis, metric: Metric) -> str:
    assert analysis.predictions is not None
    better = "Higher is better" if metric.higher_is_better else "Lower is better"
    level = metric.chance_level(analysis.predictions.labels, len(analysis.manifest.class_names))
    chance = "" if level is None else f"; the chance level is {Scale(metric=metric).value(level)}"
    return f"{sentence(metric.definition)}. {better}{chance}."


def _row(analysis: StudyAnalysis, arm: ArmSummary, shown: list[Metric]) -> tuple[Cell, ...]:
    runs = _runs(analysis, arm)
    before = _runs(analysis, analysis.baseline) if arm is not analysis.baseline else {}
    cells = (_cell(metric, runs, before) for metric in shown)
    return (Cell(arm.name), Cell(str(len(runs)), key=len(runs)), *cells)


def _runs(analysis: StudyAnalysis, arm: ArmSummary) -> Mapping[int, Mapping[str, float]]:
    """Give the metrics of each run that learned, by seed."""
    assert analysis.predictions is not None
    found = analysis.predictions.arms.get(arm.name)
    if found is None:
        return {}
    return {
        seed: {name: float(values[index]) for name, values in found.metrics.items()}
        for index, seed in enumerate(found.seeds)
        if seed not in arm.at_chance
    }


def _cell(metric: Metric, runs: Mapping[int, Mapping[str, float]], before: Mapping[int, Mapping[str, float]]) -> Cell:
    scale, values = Scale(metric=metric), [run[metric.name] for run in runs.values()]
    if not values:
        return Cell("")
    mean, details = float(np.mean(values)), []
    if len(values) > 1:
        details.append(f"sd {scale.spread(float(np.std(values, ddof=1)))}")
    common = sorted(runs.keys() & before.keys())
    if common:
        found = paired_difference(
            [before[seed][metric.name] for seed in common], [runs[seed][metric.name] for seed in common]
        )
        interval = f", {scale.difference_range(found)}" if isinstance(found, Interval) else ""
        details.append(f"{scale.difference(found.estimate)}{interval}")
    # The unit of a number stands at the top of its column.
    return Cell(scale.value(mean).removesuffix(" nats"), key=mean, detail="; ".join(details).replace(" nats", ""))
