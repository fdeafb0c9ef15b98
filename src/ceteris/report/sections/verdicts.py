"""The table that a reader looks at first: each variation, its difference to the baseline, and what to make of it."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.analysis import Analysis
from ceteris.report.blocks import Glossary, Section
from ceteris.report.quantities import (
    NOTHING,
    arrows,
    listed_up_to,
    p_value,
    p_words,
    quoted,
    sentence,
)
from ceteris.report.scale import ACCURACY, Scale
from ceteris.report.table import Cell, Column, Table
from ceteris.report.terms import TABLE_TERMS, TERMS
from ceteris.report.wording import FORECASTS, about_images, headline, is_unconfirmed, rate_words, verdict_detail
from ceteris.statistics.collapse import Collapse, Stability
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import in_words

TAGS = {
    Decision.BETTER: "better",
    Decision.WORSE: "worse",
    Decision.EQUIVALENT: "equal",
    Decision.UNDECIDED: "undecided",
    Decision.NOT_COMPARED: "not-compared",
}
"""How a verdict is marked, besides its words."""

UNCONFIRMED = "\N{DAGGER}"
"""Marks a verdict that the sign-flip test does not confirm."""


def section(analysis: Analysis) -> Section:
    """Give the section that a reader looks at first: the words explained, and the verdicts if there are any."""
    words = Glossary("Terms explained", TERMS if analysis.test_images else TABLE_TERMS)
    if not analysis.comparisons and analysis.scores.crossed:  # a table of the baseline alone would say nothing
        return Section(anchor="verdicts-heading", heading="Terms", blocks=(words,))
    return Section(anchor="verdicts-heading", heading="Verdicts", blocks=(words, verdict_table(analysis)))


def verdict_table(analysis: Analysis) -> Table:
    """Draw up the verdicts, the baseline above them."""
    level = f"{100 * analysis.criteria.level:g} %"
    changed = {arm.name: arrows("; ".join(in_words(analysis.changes(arm.name)))) for arm in analysis.shown_summaries}
    scale = Scale.of(analysis)
    bars = f", with simultaneous {level} confidence intervals" if analysis.has_error_bars else ""
    if analysis.done and all(arm.ended < 2 for arm in analysis.summaries):
        bars = "; one seed gives no interval"
    notes = [
        *analysis.left_out,
        f"Differences are variation minus baseline{_in_words(scale)}{about_images(analysis, ', ')}{bars}.",
    ]
    if analysis.criteria.margin:
        within = f"\N{PLUS-MINUS SIGN}{scale.size(analysis.criteria.margin)}"
        whose = "that the study declares" if analysis.test_images else "that was given"
        notes.append(f"Equivalent means: shown to lie within {within}, the margin {whose}.")
    if any(one.verdict.forecast is not None for one in analysis.comparisons):
        notes.append(FORECASTS)
    notes += footnotes(analysis)
    if any(is_unconfirmed(one, analysis.criteria) for one in analysis.comparisons):
        notes.append(f"{UNCONFIRMED} The sign-flip test, which assumes no normal distribution, does not confirm this.")
    table = Table(
        name="verdicts",
        title="Each variation against the baseline",
        columns=(
            Column(title="variation", meaning="Its name, and what it changes in the baseline, computed.", width="wide"),
            Column(title="factor", meaning="What the variation is about."),
            Column(
                title=scale.metric.name,
                is_number=True,
                meaning=f"{_definition(scale)}, mean over the runs that learned; below it the confidence "
                f"interval of this arm alone, which covers the true mean in {level} of such studies.",
            ),
            Column(
                title="difference",
                is_number=True,
                meaning="Variation minus baseline, of the runs that learned; below it its confidence interval, wide "
                f"enough that all intervals of this column cover their true values together in {level} of studies.",
            ),
            Column(
                title="p (Holm)",
                is_number=True,
                meaning="How probable a difference at least this large would be if the variation changed nothing, "
                "raised to allow for all tests of the study: a difference and a rate of collapse for each variation.",
            ),
            Column(
                title="collapse",
                is_number=True,
                meaning="Runs that did not learn, of those that came to their end, with the exact "
                f"{level} interval of the rate of this arm alone; below it Fisher's test against the baseline, p "
                "(Holm).",
            ),
            Column(
                title="verdict",
                width="wide",
                meaning=f"On {'accuracy' if scale.is_accuracy else f'the {scale.metric.name}'}: better, worse, "
                "equivalent, undecided with how probably more runs show a difference, or not compared, because an arm "
                "has no run that learned. Then whether it collapses more or less often.",
            ),
            Column(title="runs", meaning="Runs that came to their end, of those planned.", width="medium"),
        ),
        rows=(
            _baseline_row(scale, analysis.baseline),
            *(_row(analysis, one, changed[one.variation]) for one in analysis.shown_comparisons),
        ),
        pinned=1,
        notes=tuple(notes),
        compact=_compact(analysis, tuple(notes)),
        filters=tuple((tag, str(finding)) for finding, tag in TAGS.items()),
    )
    has_factors = analysis.test_images or any(one.factor != one.variation for one in analysis.comparisons)
    return table if has_factors else table.without("factor")


def _compact(analysis: Analysis, notes: tuple[str, ...]) -> Table:
    """Draw up the verdicts for print: numbers alone in short cells, what they mean in the head and below."""
    scale = Scale.of(analysis)
    return Table(
        name="verdicts",
        title="Each variation against the baseline",
        columns=(
            Column(title="variation"),
            Column(title="acc. (%)" if scale.is_accuracy else _title(scale), is_number=True),
            Column(title=f"diff.{scale.in_unit}", is_number=True),
            Column(title="simultaneous interval", is_number=True),
            Column(title="p (Holm)", is_number=True),
            Column(title="collapse", is_number=True),
            Column(title="verdict"),
            Column(title="runs", is_number=True),
        ),
        rows=(
            (
                Cell(analysis.baseline.name),
                *_numbers(scale, analysis.baseline),
                *[Cell("")] * 3,
                _collapsed(analysis.baseline),
                Cell("reference"),
                _counted(analysis.baseline),
            ),
            *(_compact_row(analysis, one) for one in analysis.shown_comparisons),
        ),
        notes=notes,
    )


def _compact_row(analysis: Analysis, one: Comparison) -> tuple[Cell, ...]:
    found, scale = one.accuracy, Scale.of(analysis)
    difference = None if found is None else found.simultaneous
    interval = scale.bare(scale.difference_range(difference))
    mark = UNCONFIRMED if is_unconfirmed(one, analysis.criteria) else ""
    return (
        Cell(one.variation),
        *_numbers(scale, one.summary),
        Cell("" if difference is None else scale.bare(scale.difference(difference.estimate))),
        Cell(interval),
        p_cell(None if found is None else found.p_value_adjusted),
        _collapsed(one.summary),
        Cell(f"{headline(one.verdict, one.collapse, is_short=True)}{mark}"),
        _counted(one.summary),
    )


def _numbers(scale: Scale, arm: ArmSummary) -> tuple[Cell]:
    value = "" if arm.accuracy is None else scale.value(arm.accuracy.estimate)
    return (Cell(scale.bare(value.removesuffix(" %"))),)


def _title(scale: Scale) -> str:
    return f"{scale.metric.name} (%)" if scale.is_share else f"{scale.metric.name}{scale.of_values}"


def _definition(scale: Scale) -> str:
    if scale.is_accuracy:
        return "Share of the test images classified correctly"
    better = "higher" if scale.metric.higher_is_better else "lower"
    return f"{sentence(scale.metric.definition)}; {better} is better"


def _in_words(scale: Scale) -> str:
    unit = "percentage points (pp)" if scale.is_share else "per cent of the baseline" if scale.is_ratio else scale.unit
    return (f", in {unit}" if unit else "") + (" (lower is better)" if scale.is_turned else "")


def _counted(arm: ArmSummary) -> Cell:
    return Cell(f"{arm.ended}/{arm.planned}")


def _collapsed(arm: ArmSummary) -> Cell:
    return Cell("" if arm.collapse is None else f"{len(arm.collapsed)}/{arm.ended}")


def runs_cell(arm: ArmSummary) -> Cell:
    """Say how many runs of an arm count, and the status of the others."""
    kinds = (("no better than chance", arm.at_chance), ("diverged", arm.diverged), ("failed", arm.failed))
    detail = ", ".join(f"{len(seeds)} {kind}" for kind, seeds in kinds if seeds)
    return Cell(f"{arm.ended} of {arm.planned}", key=arm.ended, detail=detail)


def accuracy_cell(accuracy: Estimate | None, scale: Scale = ACCURACY) -> Cell:
    """Write a mean accuracy, or mean of another metric, above its interval."""
    if accuracy is None:
        return Cell("")
    key = scale.signed(accuracy.estimate)
    return Cell(scale.value(accuracy.estimate), key=key, detail=scale.value_range(accuracy))


def difference_cell(difference: Estimate | None, scale: Scale = ACCURACY) -> Cell:
    """Write a difference of accuracies, or of another metric, above its interval."""
    if difference is None:
        return Cell("")
    key = scale.signed(difference.estimate)
    return Cell(scale.difference(difference.estimate), key=key, detail=scale.difference_range(difference))


def p_cell(p: float | None) -> Cell:
    """Write a p-value."""
    return Cell("") if p is None else Cell(p_value(p), key=p)


def _baseline_row(scale: Scale, arm: ArmSummary) -> tuple[Cell, ...]:
    nothing = Cell(NOTHING)
    return (
        Cell(arm.name),
        nothing,
        accuracy_cell(arm.accuracy, scale),
        nothing,
        nothing,
        _collapse_cell(arm, None),
        Cell("reference"),
        runs_cell(arm),
    )


def _row(analysis: Analysis, one: Comparison, changed: str) -> tuple[Cell, ...]:
    found, scale = one.accuracy, Scale.of(analysis)
    return (
        Cell(one.variation, detail=changed),
        Cell(one.factor),
        accuracy_cell(one.summary.accuracy, scale),
        difference_cell(None if found is None else found.simultaneous, scale),
        p_cell(None if found is None else found.p_value_adjusted),
        _collapse_cell(one.summary, one.collapse),
        _verdict_cell(analysis, one),
        runs_cell(one.summary),
    )


def _collapse_cell(arm: ArmSummary, found: Collapse | None) -> Cell:
    if arm.collapse is None:
        return Cell("")
    detail = ""
    if found is not None and found.p_value_adjusted is not None and (found.baseline[0] or found.variation[0]):
        detail = p_words(found.p_value_adjusted)
    return Cell(rate_words(arm), key=arm.collapse.estimate, detail=detail)


def verdict_tag(one: Comparison) -> str:
    """Give the mark of a verdict: that of the rate of collapse where accuracies do not decide."""
    decision = one.verdict.decision
    stability = Stability.OPEN if one.collapse is None else one.collapse.stability
    if stability is not Stability.OPEN and decision not in (Decision.BETTER, Decision.WORSE):
        decision = Decision.WORSE if stability is Stability.MORE_OFTEN else Decision.BETTER
    return TAGS[decision]


def _verdict_cell(analysis: Analysis, one: Comparison) -> Cell:
    mark = UNCONFIRMED if is_unconfirmed(one, analysis.criteria) else ""
    order = list(TAGS).index(one.verdict.decision)
    words = f"{headline(one.verdict, one.collapse)}{mark}"
    return Cell(words, key=float(order), detail=verdict_detail(one.verdict), tag=verdict_tag(one))


def footnotes(analysis: Analysis) -> tuple[str, ...]:
    """Explain verdicts that are more careful, or bolder, than the intervals that stand beside them.

    An interval speaks of one difference by itself; a verdict is adjusted for all that the study compares, and
    equivalence is judged by two one-sided tests, which go with a narrower interval.
    """
    return tuple(_footnotes(analysis))


def _has_added_seeds(analysis: Analysis) -> bool:
    """Say whether a look left a verdict open, so that arms were given more seeds than the first look has."""
    looks = analysis.looks
    return looks is not None and bool(looks.done) and any(more > looks.done[0].seeds for more in looks.asked.values())


def _footnotes(analysis: Analysis) -> Iterator[str]:
    if analysis.has_collapsed:
        yield (
            "Accuracies and differences are of the runs that learned. How often runs do not, because they end no "
            "better than chance or diverge, is compared by itself: which runs learn is an outcome too, so both answers "
            "count."
        )
    criteria = analysis.criteria
    level, narrow = f"{100 * criteria.level:g} %", f"{100 * (1 - 2 * criteria.significance):g} %"
    if _has_added_seeds(analysis) and len({len(arm.learned) for arm in analysis.summaries}) > 1:
        yield (
            "Seeds were added where the verdict was open: a difference is that of the seeds which both arms had when "
            "the variation was decided, the mean of an arm is that of all its seeds."
        )
    careful = [one for one in analysis.comparisons if one.verdict.decision is Decision.UNDECIDED and _leaves_out_0(one)]
    bold = [
        one
        for one in analysis.comparisons
        if one.verdict.decision in (Decision.BETTER, Decision.WORSE) and _holds_0(one)
    ]
    tests = 2 * criteria.comparisons(len(analysis.comparisons))
    if careful:
        yield (
            f"Verdicts allow for {tests} tests, two for each variation, and intervals for the differences alone: "
            f"{_are(careful)} undecided although the interval does not contain 0."
        )
    if bold:
        yield (
            f"Holm's method decides step by step, intervals do not: {_are(bold)} decided although the interval "
            "contains 0."
        )
    yield from _without_spread(analysis)
    beyond = [one for one in analysis.comparisons if _reaches_beyond(one, criteria.margin)]
    if beyond:
        yield (
            f"Equivalence is judged by two one-sided tests, which go with {narrow} intervals: "
            f"{_are(beyond)} equivalent although the simultaneous {level} interval reaches beyond "
            f"\N{PLUS-MINUS SIGN}{Scale.of(analysis).size(criteria.margin)}."
        )
    largest = max(analysis.with_verdict(Decision.BETTER), key=_size_of, default=None)
    if largest is not None and len(analysis.comparisons) > 1:
        yield (
            f"The largest of {len(analysis.comparisons):,} differences, that of {quoted(largest.variation)}, was "
            "chosen because it is large, and so is probably estimated too large."
        )


def _size_of(one: Comparison) -> float:
    return one.accuracy.difference.estimate if one.accuracy is not None else 0.0


def _without_spread(analysis: Analysis) -> Iterator[str]:
    """Say why two or more seeds have no interval."""
    same = [
        arm.name
        for arm in analysis.summaries
        if arm.accuracy is not None and len(arm.learned) > 1 and not isinstance(arm.accuracy, Interval)
    ]
    if same:
        names = listed_up_to([quoted(name) for name in same])
        what = analysis.metric.name.removeprefix("test ")
        yield f"Within {names}, all seeds have the same {what}: they show no spread, so that there is no interval."
    equal = [one for one in analysis.comparisons if one.accuracy is not None and one.accuracy.found.standard_error == 0]
    if equal:
        yield (
            f"The differences of {_names(equal)} show no spread, so that there is no interval; the verdict rests on "
            "how few patterns of chance would give them."
        )


def _leaves_out_0(one: Comparison) -> bool:
    found = None if one.accuracy is None else one.accuracy.simultaneous
    return isinstance(found, Interval) and not found.low <= 0 <= found.high


def _holds_0(one: Comparison) -> bool:
    found = None if one.accuracy is None else one.accuracy.simultaneous
    return isinstance(found, Interval) and found.low <= 0 <= found.high


def _reaches_beyond(one: Comparison, margin: float) -> bool:
    found = None if one.accuracy is None else one.accuracy.simultaneous
    if one.verdict.decision is not Decision.EQUIVALENT or not isinstance(found, Interval):
        return False
    return max(abs(found.low), abs(found.high)) > margin


def _are(found: Sequence[Comparison]) -> str:
    return f"{_names(found)} {'is' if len(found) == 1 else 'are'}"


def _names(found: Sequence[Comparison]) -> str:
    return listed_up_to([quoted(one.variation) for one in found])
