"""An expectation and what was found, in a line."""

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.expectations import Cause, Checked, Claim
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.quantities import count, p_words
from ceteris.report.scale import Scale
from ceteris.report.wording import verdict_words
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.interval import Interval
from ceteris.statistics.verdict import Decision

_CAUSES = {
    Cause.NOT_AT_AN_END: "Runs are still to come, and a fixed number of seeds is judged once, when all are there",
    Cause.DESIGN_CHANGED: "Seeds, arms or variations were changed when results were there, for which no level allows: "
    "a new folder with new seeds can show it",
    Cause.MARGIN_CHANGED: "Metric or margin were changed when results were there, and by the first it is {first}",
    Cause.FAILED_RUNS: "If the runs that failed had collapsed, the finding would be another: run them again",
    Cause.NO_BOUND: "Without a last look, no bound on how often runs learn holds",
}
_NO_LOOK = "No look has been taken yet: the runs of the first are still to come"
_NEXT_LOOK = "The last look has not been taken yet: runs of the next are still to come"


def line(analysis: Analysis, one: Checked) -> str:
    """Say whether an expectation holds, what was expected, what was found, and why it is undecided."""
    parts = [f"{one.outcome}: {one.expectation}", _found(analysis, one)]
    if one.cause in _CAUSES:
        parts.append(_cause(analysis, one))
    return f"{'. '.join(parts)}."


def _cause(analysis: Analysis, one: Checked) -> str:
    assert one.cause is not None
    if one.cause is Cause.NOT_AT_AN_END and analysis.looks is not None:
        return _NEXT_LOOK if one.expectation.variation in analysis.looks.last else _NO_LOOK
    first = analysis.first_verdicts if isinstance(analysis, StudyAnalysis) else {}
    return _CAUSES[one.cause].format(first=first.get(one.expectation.variation, ""))


def _found(analysis: Analysis, one: Checked) -> str:
    if one.expectation.claim is Claim.LEARNS_IN:
        return _learning(analysis, one)
    assert one.comparison is not None
    if one.expectation.claim in (Claim.COLLAPSES_LESS_OFTEN, Claim.COLLAPSES_MORE_OFTEN):
        return _rates(one.comparison)
    return _difference(analysis, one.comparison)


def _learning(analysis: Analysis, one: Checked) -> str:
    arm, found = analysis.summary(one.expectation.variation), one.learning
    learned = f"Found {arm.ended - len(arm.collapsed)} of {count(arm.ended, 'run')} that learned"
    return learned if found is None else f"{learned} (interval {100 * found.low:.1f} to {100 * found.high:.1f} %)"


def _rates(one: Comparison) -> str:
    found = one.collapse
    if found is None:
        return "Found no runs to compare"
    (before, all_before), (after, all_after) = found.baseline, found.variation
    p = f" ({p_words(found.p_value_adjusted)})" if found.p_value_adjusted is not None else ""
    return f"Found {after} of {count(all_after, 'run')} that collapsed, and {before} of {all_before} of the baseline{p}"


def _difference(analysis: Analysis, one: Comparison) -> str:
    scale, found = Scale.of(analysis), one.accuracy
    words = f"Found {verdict_words(one)}"
    if found is None:
        return words
    words += f", {scale.difference(found.simultaneous.estimate)}"
    if isinstance(found.simultaneous, Interval):
        level = f"{100 * analysis.criteria.level:g} %"
        words += f" (simultaneous {level} interval {scale.difference_range(found.simultaneous)})"
    if analysis.criteria.margin:
        words += f", margin {scale.size(analysis.criteria.margin)}"
    forecast = one.verdict.forecast if one.verdict.decision is Decision.UNDECIDED else None
    if forecast is not None:
        more = f"{forecast.baseline:,} + {forecast.variation:,} more runs"
        words += f"; {more} (baseline + variation) show a difference with {100 * forecast.probability:.0f} %"
    return words
