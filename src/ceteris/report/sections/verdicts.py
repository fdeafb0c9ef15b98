"""The table that a reader looks at first: each variation, its difference to the baseline, and what to make of it."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Glossary, Section, Term
from ceteris.report.quantities import (
    NOTHING,
    arrows,
    listed_up_to,
    p_value,
    percent,
    percent_range,
    points,
    points_range,
    quoted,
    share,
    size,
)
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import is_unconfirmed, verdict_detail
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


def section(analysis: StudyAnalysis) -> Section:
    """Give the section that a reader looks at first: the words explained, and the table of verdicts."""
    return Section(
        anchor="verdicts-heading",
        heading="Verdicts",
        blocks=(Glossary("Terms explained", TERMS), verdict_table(analysis)),
    )


def verdict_table(analysis: StudyAnalysis) -> Table:
    """Draw up the verdicts, the baseline above them."""
    level = f"{100 * analysis.criteria.level:g} %"
    changed = {arm.name: arrows("; ".join(in_words(analysis.changes(arm)))) for arm in analysis.arms}
    within = f"\N{PLUS-MINUS SIGN}{size(analysis.criteria.margin)}"
    bars = f", with {level} intervals" if analysis.has_error_bars else ""
    if analysis.done and all(len(arm.finished) + len(arm.diverged) < 2 for arm in analysis.summaries):
        bars = "; one seed gives no interval"
    notes = [
        f"Differences are variation minus baseline, seed by seed, in percentage points (pp){bars}.",
        f"Equivalent means: shown to lie within {within}, the margin that the study declares.",
    ]
    notes += footnotes(analysis)
    if any(is_unconfirmed(one, analysis.criteria) for one in analysis.comparisons):
        notes.append(f"{UNCONFIRMED} The sign-flip test, which assumes no normal distribution, does not confirm this.")
    return Table(
        name="verdicts",
        title="Each variation against the baseline",
        columns=(
            Column(title="variation", meaning="Its name, and what it changes in the baseline, computed.", width="wide"),
            Column(title="factor", meaning="What the variation is about."),
            Column(
                title="test accuracy",
                is_number=True,
                meaning="Share of the test images classified correctly, mean over seeds; below it the interval that "
                f"covers the true mean in {level} of such studies.",
            ),
            Column(
                title="difference",
                is_number=True,
                meaning="Variation minus baseline with the same seed, mean over seeds; below it its interval. An "
                "interval that does not hold 0 speaks for a real difference.",
            ),
            Column(
                title="p (Holm)",
                is_number=True,
                meaning="How probable a difference at least this large would be if the variation changed nothing, "
                "raised to allow for the number of variations.",
            ),
            Column(
                title="superiority",
                is_number=True,
                meaning="Probability of superiority: how often a run of the variation is more accurate than the "
                "baseline's run with the same seed; below it its interval.",
            ),
            Column(
                title="verdict",
                width="wide",
                meaning="Better, worse, equivalent, undecided with what it would take to decide, or not "
                "compared, because no pair of runs has results.",
            ),
            Column(title="runs", meaning="Runs that count, of those planned.", width="medium"),
        ),
        rows=(
            _baseline_row(analysis.baseline),
            *(_row(analysis, one, changed[one.variation]) for one in analysis.comparisons),
        ),
        pinned=1,
        notes=tuple(notes),
        compact=_compact(analysis, tuple(notes)),
        filters=tuple((tag, str(finding)) for finding, tag in TAGS.items()),
    )


def _compact(analysis: StudyAnalysis, notes: tuple[str, ...]) -> Table:
    """Draw up the verdicts for print: numbers alone in short cells, what they mean in the head and below."""
    level = f"{100 * analysis.criteria.level:g} %"
    return Table(
        name="verdicts",
        title="Each variation against the baseline",
        columns=(
            Column(title="variation"),
            Column(title="acc. (%)", is_number=True),
            Column(title="diff. (pp)", is_number=True),
            Column(title=f"{level} interval", is_number=True),
            Column(title="p (Holm)", is_number=True),
            Column(title="verdict"),
            Column(title="runs", is_number=True),
        ),
        rows=(
            (Cell(analysis.baseline.name), *_numbers(analysis.baseline), *[Cell("")] * 4, _counted(analysis.baseline)),
            *(_compact_row(analysis, one) for one in analysis.comparisons),
        ),
        notes=notes,
    )


def _compact_row(analysis: StudyAnalysis, one: Comparison) -> tuple[Cell, ...]:
    found = one.accuracy
    difference = None if found is None else found.difference
    interval = points_range(difference).removesuffix(" pp")
    mark = UNCONFIRMED if is_unconfirmed(one, analysis.criteria) else ""
    return (
        Cell(one.variation),
        *_numbers(one.summary),
        Cell("" if difference is None else points(difference.estimate).removesuffix(" pp")),
        Cell(interval),
        p_cell(None if found is None else found.p_value_adjusted),
        Cell(f"{one.verdict.decision}{mark}"),
        _counted(one.summary),
    )


def _numbers(arm: ArmSummary) -> tuple[Cell]:
    return (Cell("" if arm.accuracy is None else percent(arm.accuracy.estimate).removesuffix(" %")),)


def _counted(arm: ArmSummary) -> Cell:
    return Cell(f"{len(arm.finished) + len(arm.diverged)}/{arm.planned}")


def runs_cell(arm: ArmSummary) -> Cell:
    """Say how many runs of an arm count, and the status of the others."""
    counted = len(arm.finished) + len(arm.diverged)
    kinds = (("no better than chance", arm.at_chance), ("diverged", arm.diverged), ("failed", arm.failed))
    detail = ", ".join(f"{len(seeds)} {kind}" for kind, seeds in kinds if seeds)
    return Cell(f"{counted} of {arm.planned}", key=counted, detail=detail)


def accuracy_cell(accuracy: Estimate | None) -> Cell:
    """Write a mean accuracy above its interval."""
    if accuracy is None:
        return Cell("")
    return Cell(percent(accuracy.estimate), key=accuracy.estimate, detail=percent_range(accuracy))


def difference_cell(difference: Estimate | None) -> Cell:
    """Write a difference of accuracies above its interval."""
    if difference is None:
        return Cell("")
    return Cell(points(difference.estimate), key=difference.estimate, detail=points_range(difference))


def p_cell(p: float | None) -> Cell:
    """Write a p-value."""
    return Cell("") if p is None else Cell(p_value(p), key=p)


def _baseline_row(arm: ArmSummary) -> tuple[Cell, ...]:
    nothing = Cell(NOTHING)
    return (
        Cell(arm.name),
        nothing,
        accuracy_cell(arm.accuracy),
        nothing,
        nothing,
        nothing,
        Cell("is compared with"),
        runs_cell(arm),
    )


def _row(analysis: StudyAnalysis, one: Comparison, changed: str) -> tuple[Cell, ...]:
    found = one.accuracy
    superiority = None if found is None else found.superiority
    return (
        Cell(one.variation, detail=changed),
        Cell(one.factor),
        accuracy_cell(one.summary.accuracy),
        difference_cell(None if found is None else found.difference),
        p_cell(None if found is None else found.p_value_adjusted),
        _superiority_cell(superiority),
        _verdict_cell(analysis, one),
        runs_cell(one.summary),
    )


def _superiority_cell(superiority: Estimate | None) -> Cell:
    if not isinstance(superiority, Interval):
        return Cell("")
    text, _, interval = share(superiority).partition(" (")
    return Cell(text, key=superiority.estimate, detail=interval.removesuffix(")"))


def _verdict_cell(analysis: StudyAnalysis, one: Comparison) -> Cell:
    finding = one.verdict.decision
    detail = verdict_detail(one.verdict, len(one.pairs))
    if not one.summary.finished and one.summary.diverged:
        detail = "all its runs diverged"
    mark = UNCONFIRMED if is_unconfirmed(one, analysis.criteria) else ""
    order = list(TAGS).index(finding)
    return Cell(f"{finding}{mark}", key=float(order), detail=detail, tag=TAGS[finding])


def footnotes(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Explain verdicts that are more careful, or bolder, than the intervals that stand beside them.

    An interval speaks of one difference by itself; a verdict is adjusted for all that the study compares, and
    equivalence is judged by two one-sided tests, which go with a narrower interval.
    """
    return tuple(_footnotes(analysis))


def _footnotes(analysis: StudyAnalysis) -> Iterator[str]:
    criteria = analysis.criteria
    level, narrow = f"{100 * criteria.level:g} %", f"{100 * (1 - 2 * criteria.significance):g} %"
    careful = [one for one in analysis.comparisons if one.verdict.decision is Decision.UNDECIDED and _leaves_out_0(one)]
    if careful:
        yield (
            f"Intervals are not adjusted for the number of comparisons, and verdicts are (Holm, "
            f"{len(analysis.comparisons)} variations): {_are(careful)} undecided although the interval does not "
            "contain 0."
        )
    yield from _without_spread(analysis)
    beyond = [one for one in analysis.comparisons if _reaches_beyond(one, criteria.margin)]
    if beyond:
        yield (
            f"Equivalence is judged by two one-sided tests, which go with {narrow} intervals: "
            f"{_are(beyond)} equivalent although the {level} interval reaches beyond "
            f"\N{PLUS-MINUS SIGN}{size(criteria.margin)}."
        )


def _without_spread(analysis: StudyAnalysis) -> Iterator[str]:
    """Say why two or more seeds have no interval."""
    same = [
        arm.name
        for arm in analysis.summaries
        if arm.accuracy is not None and len(arm.finished) > 1 and not isinstance(arm.accuracy, Interval)
    ]
    if same:
        names = listed_up_to([quoted(name) for name in same])
        yield f"Within {names}, all seeds have the same accuracy: they show no spread, so that there is no interval."
    equal = [one for one in analysis.comparisons if one.accuracy is not None and one.accuracy.deviation == 0]
    if equal:
        yield (
            f"The differences of {_names(equal)} are the same for every seed: they show no spread, so that there is no "
            "interval; the verdict rests on the sign-flip test."
        )


def _leaves_out_0(one: Comparison) -> bool:
    found = None if one.accuracy is None else one.accuracy.difference
    return isinstance(found, Interval) and not found.low <= 0 <= found.high


def _reaches_beyond(one: Comparison, margin: float) -> bool:
    found = None if one.accuracy is None else one.accuracy.difference
    if one.verdict.decision is not Decision.EQUIVALENT or not isinstance(found, Interval):
        return False
    return max(abs(found.low), abs(found.high)) > margin


def _are(found: Sequence[Comparison]) -> str:
    return f"{_names(found)} {'is' if len(found) == 1 else 'are'}"


def _names(found: Sequence[Comparison]) -> str:
    return listed_up_to([quoted(one.variation) for one in found])


TERMS = (
    Term(
        word="baseline, variation, factor",
        meaning="The baseline is the network that everything is compared with. A variation is the baseline with a "
        "declared change and nothing else changed. Variations about the same thing, such as depth, form a "
        "factor.",
    ),
    Term(
        word="seed",
        meaning="A number from which all chance in a run follows: the weights it starts with, the order of the "
        "images, what dropout leaves out. The same network with another seed scores a little differently, "
        "so each is trained with many.",
    ),
    Term(
        word="pp, percentage point",
        meaning="The unit of a difference between two accuracies: from 40 % to 45 % is 5 pp.",
    ),
    Term(
        word="training, validation, test images",
        meaning="A network learns from the training images, is watched on the validation images, and is scored "
        "once, at the end, on the test images.",
    ),
    Term(
        word="epoch",
        meaning="One pass over all training images.",
    ),
    Term(
        word="95 % interval",
        meaning="A range of plausible values: of many studies like this one, 95 % would give an interval "
        "that contains the true value. One seed has no interval, because one number shows no spread.",
    ),
    Term(
        word="p-value, Holm",
        meaning="How often chance alone would give a difference this large or larger if the variation changed "
        "nothing. With many variations a small one turns up by luck; Holm's method raises the p-values to "
        "allow for that.",
    ),
    Term(
        word="equivalent",
        meaning="Shown to differ by less than the margin that the study declares, best before it has any result. It "
        "is more than finding no difference, which may only mean that there were too few seeds.",
    ),
    Term(
        word="undecided",
        meaning="These runs show neither a difference nor equivalence. More seeds may.",
    ),
    Term(
        word="not compared",
        meaning="No seed has a result in both arms: the runs are missing, were left out or skipped, or all diverged.",
    ),
    Term(
        word="chance level",
        meaning="The accuracy of always predicting the largest class of the test images, which takes no learning: 10 % "
        "for ten classes of the same size.",
    ),
    Term(
        word="diverged",
        meaning="A run whose loss stopped being a finite number, often because the learning rate is too large.",
    ),
)
