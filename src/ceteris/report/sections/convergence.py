"""How soon each variation learns, against the baseline."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import NOTHING, measured, p_value, p_words, percent, unit
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import MEASURES
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import ConvergenceContrast, Measure
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.summary import ArmSummary

_MEANINGS = {
    Measure.AREA: "Mean validation accuracy over the epochs: high where it rises early, and where it ends high",
    Measure.EPOCHS: "Passes over the training images until the target was reached and held for a second epoch",
    Measure.IMAGES: "Training images seen until then",
    Measure.SECONDS: "Training time until then, each run counted with its share of its packed batch. It is measured "
    "once per packed batch, not once per seed, and so has no interval and no p-value",
    Measure.FINAL_MINUS_BEST: "Final minus best validation accuracy: below 0 after overfitting or unstable training. "
    "It holds selection noise, since the best epoch is the luckiest: a flat noisy curve has a negative one too, and so "
    "it is not tested",
}


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of the measures of convergence; None where no run learned in both arms."""
    table = convergence_table(analysis)
    return None if table is None else Section(anchor="speed", heading="Convergence", blocks=(table,))


def convergence_table(analysis: StudyAnalysis, factor: str | None = None) -> Table | None:
    """Draw up the measures of convergence: of all variations, or of one factor's.

    Args:
        analysis: From `analyze`.
        factor: Only variations of this factor.

    Returns:
        None where no variation has a run that learned, as the baseline has too.
    """
    chosen = [one for one in analysis.shown_comparisons if factor in (None, one.factor)]
    if not any(one.convergence for one in chosen):
        return None
    measures = [measure for measure in Measure if any(measure in one.convergence for one in chosen)]
    arms = [analysis.scores.baseline, *(analysis.arm_scores[one.variation] for one in chosen)]
    if Measure.IMAGES in measures and len({arm.images_per_epoch for arm in arms}) == 1:
        measures.remove(Measure.IMAGES)  # images are epochs times a constant
    first, *others = (_column(measure, analysis) for measure in measures)
    reached = Column(
        title="reached target",
        is_number=True,
        meaning="Runs that learned whose validation accuracy reached the target and held it for a second epoch.",
    )
    return Table(
        name="convergence",
        title="Convergence of each variation, compared with the baseline",
        columns=(Column(title="variation"), first, reached, *others),
        rows=(_baseline_row(analysis, measures), *(_row(one, measures) for one in chosen)),
        pinned=1,
        notes=tuple(_notes(analysis)),
    )


def _column(measure: Measure, analysis: StudyAnalysis) -> Column:
    meaning = f"{_MEANINGS[measure]}. Variation minus baseline"
    if measure.is_tested:
        level = f"{100 * analysis.criteria.level:g} %"
        meaning += (
            f", then the {level} confidence interval of this one comparison with the p-value of the same test, and the "
            "p-value after Holm's adjustment over the variations, which decides"
        )
    return Column(
        title=f"{MEASURES[measure]} ({unit(measure, difference=True)})", is_number=True, meaning=f"{meaning}."
    )


def _notes(analysis: StudyAnalysis) -> Iterator[str]:
    yield from analysis.left_out
    yield (
        "Only runs that learned are compared. The baseline's row gives its means, the other rows differences. Each "
        "column is a family of its own in Holm's method."
    )
    if analysis.target is None:
        yield "There is no target, as the chance level reaches the share of the baseline's final accuracy that is it."
        return
    share = f"{100 * analysis.criteria.target_share:g} %"
    yield (
        f"The target is {percent(analysis.target)} validation accuracy: {share} of the baseline's mean final one. It "
        "is reached at the first of two epochs in a row that are at or above it. Times are compared over the seeds "
        "that learned in both arms, and truncated at the last moment that every run of both was observed: a run that "
        "did not reach the target counts with it."
    )
    areas = (one.convergence[Measure.AREA] for one in analysis.comparisons if Measure.AREA in one.convergence)
    if analysis.looks is not None and any(area.p_value is not None for area in areas):
        yield (
            "Each variation is compared over the seeds of the look that showed a difference in the measure, or of its "
            "last look, with intervals and levels that hold over all planned looks."
        )
    yield (
        "Areas are tested by the partially overlapping t test, times by the sign-flip test, whose interval holds all "
        "shifts that it does not reject."
    )


def _baseline_row(analysis: StudyAnalysis, measures: Sequence[Measure]) -> tuple[Cell, ...]:
    found = analysis.baseline.convergence
    first, *others = (
        _cell(found[measure].mean, measure, is_difference=False) if measure in found else Cell(NOTHING)
        for measure in measures
    )
    return (Cell("baseline"), first, _reached_cell(analysis.baseline), *others)


def _row(one: Comparison, measures: Sequence[Measure]) -> tuple[Cell, ...]:
    first, *others = (_difference_cell(one.convergence.get(measure), measure) for measure in measures)
    return (Cell(one.variation), first, _reached_cell(one.summary), *others)


def _reached_cell(arm: ArmSummary) -> Cell:
    found = arm.convergence.get(Measure.EPOCHS)
    return Cell(NOTHING) if found is None else Cell(f"{found.reached} of {found.runs}", key=found.reached)


def _difference_cell(found: ConvergenceContrast | None, measure: Measure) -> Cell:
    if found is None:
        return Cell(NOTHING)
    return _cell(found.difference, measure, p_values=tested(found))


def tested(found: ConvergenceContrast) -> str:
    """Write the p-value of a comparison, and the adjusted one; an empty text where it is not tested."""
    if found.p_value is None or found.p_value_adjusted is None:
        return ""
    return f"{p_words(found.p_value)}, adjusted {p_value(found.p_value_adjusted)}"


def _cell(estimate: Estimate, measure: Measure, *, is_difference: bool = True, p_values: str = "") -> Cell:
    text = measured(estimate.estimate, measure, sign=is_difference)
    details = [p_values] if p_values else []
    if isinstance(estimate, Interval):
        low, high = (measured(end, measure, sign=is_difference) for end in (estimate.low, estimate.high))
        details.insert(0, f"{low} to {high}")
    return Cell(text, key=estimate.estimate, detail="; ".join(details))
