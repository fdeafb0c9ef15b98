"""What each network comes to with fewer images, in numbers."""

from collections.abc import Sequence

from ceteris.analysis.efficiency import EfficiencyCurve, EfficiencyPoint
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.naming import quoted
from ceteris.report.table import Cell, Column, Table
from ceteris.report.verdict_table import TAGS, accuracy_cell, difference_cell, p_cell, runs_cell
from ceteris.study.run import BASELINE


def efficiency_table(analysis: StudyAnalysis, curves: Sequence[EfficiencyCurve]) -> Table | None:
    """Draw up the points of all curves; nothing where there are none.

    Args:
        analysis: From `analyze`.
        curves: From `efficiency_curves`.
    """
    if not curves:
        return None
    level = f"{100 * analysis.criteria.level:g} %"
    apart = sum(
        point.rivalry is not None and point.rivalry.rival != BASELINE for curve in curves for point in curve.points
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
    found = None if point.rivalry is None else point.rivalry.accuracy
    verdict = Cell("")
    if point.rivalry is not None:
        finding = point.rivalry.verdict.finding
        verdict = Cell(str(finding), detail=f"than {quoted(point.rivalry.rival)}", tag=TAGS[finding])
        if finding.name in {"PRACTICALLY_EQUAL", "UNDECIDED", "NOT_COMPARED"}:
            verdict = Cell(str(finding), detail=f"against {quoted(point.rivalry.rival)}", tag=TAGS[finding])
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
