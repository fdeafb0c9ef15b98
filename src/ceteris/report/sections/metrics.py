"""What the stored predictions are worth by other metrics than the one that is judged: described, and not tested."""

from collections.abc import Mapping, Sequence

import numpy as np

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import sentence
from ceteris.report.scale import Scale
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.difference import difference_interval, mean_difference
from ceteris.statistics.metric import Unit
from ceteris.statistics.metrics import METRICS, TEST_ACCURACY, PredictionMetric
from ceteris.statistics.summary import ArmSummary


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of the metrics that are not judged; None where no run has predictions."""
    if analysis.predictions is None or not analysis.predictions.arms:
        return None
    shown = tuple(metric for metric in METRICS.values() if metric is not analysis.metric)
    blocks = [_means(analysis, shown)]
    if analysis.comparisons:
        blocks.append(_differences(analysis, shown))
    return Section(anchor="metrics", heading="Other metrics", blocks=tuple(blocks))


def _means(analysis: StudyAnalysis, shown: Sequence[PredictionMetric]) -> Table:
    rows = []
    but = ", but for the test accuracy, which was scored before" if TEST_ACCURACY in shown else ""
    for arm in analysis.shown_summaries:
        runs = _runs(analysis, arm)
        cells = (_mean_cell(metric, [run[metric.name] for run in runs.values()]) for metric in shown)
        rows.append((Cell(arm.name), Cell(str(len(runs)), key=len(runs)), *cells))
    return Table(
        name="other-metrics",
        title="Other metrics of the runs that learned, on the test images",
        columns=(
            Column(title="variation"),
            Column(title="runs", is_number=True, meaning="Runs that learned and have predictions."),
            *(Column(title=_title(one), is_number=True, meaning=_meaning(analysis, one)) for one in shown),
        ),
        rows=tuple(rows),
        pinned=1,
        notes=(
            *analysis.left_out,
            (
                "Means over the runs that learned, and standard deviations (sd) over seeds, computed from the stored "
                f"probabilities, which have three significant digits{but}."
            ),
        ),
    )


def _differences(analysis: StudyAnalysis, shown: Sequence[PredictionMetric]) -> Table:
    level, before = analysis.criteria.level, _runs(analysis, analysis.baseline)
    rows = []
    for one in analysis.shown_comparisons:
        after = _runs(analysis, one.summary)
        rows.append((Cell(one.variation), *(_difference_cell(metric, before, after, level) for metric in shown)))
    return Table(
        name="metric-differences",
        title="Differences from the baseline by these metrics",
        columns=(Column(title="variation"), *(Column(title=_title(metric), is_number=True) for metric in shown)),
        rows=tuple(rows),
        notes=(
            *analysis.left_out,
            (
                f"Variation minus baseline, with the {100 * level:g} % interval of this one difference. These "
                "differences are described and not tested: no verdict rests on them, and among so many intervals some "
                "leave out 0 by chance."
            ),
        ),
    )


def _title(metric: PredictionMetric) -> str:
    return f"{metric.name} (nats)" if metric.unit is Unit.NATS else metric.name


def _meaning(analysis: StudyAnalysis, metric: PredictionMetric) -> str:
    assert analysis.predictions is not None
    better = "Higher is better" if metric.higher_is_better else "Lower is better"
    level = metric.chance_level(analysis.predictions.labels, len(analysis.manifest.class_names))
    chance = "" if level is None else f"; the chance level is {Scale(metric=metric).value(level)}"
    return f"{sentence(metric.definition)}. {better}{chance}."


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


# The unit of a number stands at the top of its column.
def _mean_cell(metric: PredictionMetric, values: Sequence[float]) -> Cell:
    if not values:
        return Cell("")
    scale, mean = Scale(metric=metric), float(np.mean(values))
    spread = f"sd {scale.spread(float(np.std(values, ddof=1)))}" if len(values) > 1 else ""
    return Cell(scale.value(mean).removesuffix(" nats"), key=mean, detail=spread.removesuffix(" nats"))


def _difference_cell(
    metric: PredictionMetric,
    before: Mapping[int, Mapping[str, float]],
    after: Mapping[int, Mapping[str, float]],
    level: float,
) -> Cell:
    if not before or not after:
        return Cell("")
    scale = Scale(metric=metric)
    values = ({seed: run[metric.name] for seed, run in arm.items()} for arm in (before, after))
    found = difference_interval(mean_difference(*values), level=level)
    return Cell(
        scale.difference(found.estimate).removesuffix(" nats"),
        key=found.estimate,
        detail=scale.difference_range(found).removesuffix(" nats"),
    )
