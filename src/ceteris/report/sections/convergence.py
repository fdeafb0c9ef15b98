"""How soon each variation learns, against the baseline."""

from collections.abc import Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import NOTHING, measured, p_words, percent, unit
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import MEASURES
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import ConvergenceContrast, Measure
from ceteris.statistics.interval import Estimate, Interval

_MEANINGS = {
    Measure.EPOCHS: "Passes over the training images until the target was first reached",
    Measure.IMAGES: "Training images seen until then",
    Measure.SECONDS: "Training time until then, each run counted with its share of its packed batch",
    Measure.AREA: "Mean validation accuracy over the epochs: high where it rises early",
    Measure.FINAL_MINUS_BEST: "Final minus best validation accuracy: below 0 after overfitting or unstable training",
}


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of the measures of convergence; None where no seed has a learning curve in both arms."""
    table = convergence_table(analysis)
    return None if table is None else Section(anchor="speed", heading="Convergence", blocks=(table,))


def convergence_table(analysis: StudyAnalysis, factor: str | None = None) -> Table | None:
    """Draw up the measures of convergence: of all variations, or of one factor's.

    Args:
        analysis: From `analyze`.
        factor: Only variations of this factor.

    Returns:
        None where no seed has a learning curve in both arms.
    """
    chosen = [one for one in analysis.comparisons if factor in (None, one.factor)]
    if analysis.target is None or not any(one.convergence for one in chosen):
        return None
    measures = [measure for measure in Measure if any(measure in one.convergence for one in chosen)]
    level = f"{100 * analysis.criteria.level:g} %"
    share = f"{100 * analysis.criteria.target_share:g} %"
    columns = [
        Column(title="variation"),
        Column(title="reached target", is_number=True, meaning="Runs whose validation accuracy reached the target."),
        *(
            Column(
                title=f"{MEASURES[measure]} ({unit(measure, difference=True)})",
                is_number=True,
                meaning=f"{_MEANINGS[measure]}. Variation minus baseline, then the {level} interval and the p-value.",
            )
            for measure in measures
        ),
    ]
    return Table(
        name="convergence",
        title="Convergence of each variation, compared with the baseline",
        columns=tuple(columns),
        rows=(_baseline_row(analysis, measures), *(_row(one, measures) for one in chosen)),
        pinned=1,
        notes=(
            (
                f"The target is {percent(analysis.target)} validation accuracy: {share} of the baseline's mean final "
                "one."
            ),
            (
                "The baseline's row gives its means, the other rows differences. Times are truncated at the last "
                "moment that every run of both arms was observed: a run that did not reach the target counts with it. "
                "P-values of times are the sign-flip test's, of the others the t test's, adjusted by Holm's method."
            ),
        ),
    )


def trusted_p(measure: Measure, found: ConvergenceContrast) -> float | None:
    """Give the adjusted p-value to trust: the sign-flip test's for times, which may be censored and full of ties."""
    return found.contrast.sign_flip_adjusted if measure.is_time else found.contrast.p_value_adjusted


def _baseline_row(analysis: StudyAnalysis, measures: Sequence[Measure]) -> tuple[Cell, ...]:
    found = analysis.baseline.convergence
    cells = []
    for measure in measures:
        mean = None if measure not in found else found[measure].mean
        cells.append(_cell(mean, measure, is_difference=False))
    reached = found.get(Measure.EPOCHS)
    text = "" if reached is None else f"{reached.reached} of {reached.runs}"
    return (Cell("baseline"), Cell(text), *cells)


def _row(one: Comparison, measures: Sequence[Measure]) -> tuple[Cell, ...]:
    summary = one.summary.convergence.get(Measure.EPOCHS)
    cells = []
    for measure in measures:
        found = one.convergence.get(measure)
        p = None if found is None else trusted_p(measure, found)
        cells.append(_cell(None if found is None else found.contrast.difference, measure, p=p))
    reached = Cell("") if summary is None else Cell(f"{summary.reached} of {summary.runs}", key=summary.reached)
    return (Cell(one.variation), reached, *cells)


def _cell(estimate: Estimate | None, measure: Measure, *, is_difference: bool = True, p: float | None = None) -> Cell:
    if estimate is None:
        return Cell(NOTHING)
    text = measured(estimate.estimate, measure, sign=is_difference)
    details = []
    if isinstance(estimate, Interval):
        low, high = (measured(end, measure, sign=is_difference) for end in (estimate.low, estimate.high))
        details.append(f"{low} to {high}")
    if p is not None:
        details.append(p_words(p))
    return Cell(text, key=estimate.estimate, detail="; ".join(details))
