"""What a report says of one factor: every variation of it, what it changed, and its results."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.blocks import Block, Card, Details, Listing, Paragraph, Section, VariationSummary
from ceteris.report.figures.learning_curves import arm_epochs, learning_curves
from ceteris.report.quantities import (
    arrows,
    count,
    measured,
    p_words,
    percent,
    points_range,
    quoted,
    sentence,
    unit,
)
from ceteris.report.scale import Scale
from ceteris.report.sections.convergence import convergence_table, tested
from ceteris.report.sections.verdicts import verdict_tag
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import MEASURES, comparison_notes, run_notes, verdict_words
from ceteris.results.record import Status
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Estimate, Interval, Scope
from ceteris.statistics.scores import Ending
from ceteris.statistics.verdict import Reason
from ceteris.study.changes import CodeChange, in_words
from ceteris.study.run import BASELINE

_TOLD = (Measure.AREA, Measure.EPOCHS)
"""Measures that a card tells in words: those that are tested, without images, which are epochs times a constant."""


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of all factors, a card each, in the order of the study; None where there are no variations."""
    factors = dict.fromkeys(one.factor for one in analysis.shown_comparisons)
    if not factors:
        return None
    cards = tuple(_card(analysis, factor, f"factor-{index}") for index, factor in enumerate(factors, start=1))
    left_out = tuple(Paragraph(text, is_note=True) for text in analysis.left_out)
    return Section(anchor="factors", heading="Results by factor", blocks=(*left_out, *cards))


def _card(analysis: StudyAnalysis, factor: str, name: str) -> Card:
    chosen = [one for one in analysis.shown_comparisons if one.factor == factor]
    names = [BASELINE, *(one.variation for one in chosen)]
    changed = {
        arm.name: tuple(map(arrows, in_words(analysis.changes(arm.name))))
        for arm in analysis.arms
        if arm.factor == factor and arm.name in analysis.shown
    }
    blocks: list[Block] = [
        VariationSummary(
            variation=one.variation,
            changes=changed[one.variation],
            verdict=verdict_words(one),
            tag=verdict_tag(one),
            sentences=tuple(_sentences(analysis, one)),
        )
        for one in chosen
    ]
    blocks += _code(analysis, [one.variation for one in chosen])
    scores, chance = analysis.arm_scores, analysis.scores.chance
    arms = [arm_epochs(scores[name], analysis.learning_epochs.get(name, {}), chance) for name in names]
    if any(arm.epochs for arm in arms):
        blocks.append(learning_curves(factor, arms))
    if (found := convergence_table(analysis, factor)) is not None:
        table = replace(
            found,
            name=f"{name}-convergence",
            title=f"{factor}: convergence of each variation",
            columns=tuple(replace(column, meaning="") for column in found.columns),
            notes=("Target, tests and columns are explained in the section Convergence.",),
        )
        blocks.append(Details(summary="Convergence in numbers", blocks=(table,), is_repeated=True))
    runs = _seed_table(analysis, names, f"{name}-seeds", factor)
    blocks.append(Details(summary="Every run of this factor", blocks=(runs,), is_repeated=True))
    return Card(anchor=name, heading=factor, blocks=tuple(blocks))


def _code(analysis: StudyAnalysis, names: Sequence[str]) -> Iterator[Block]:
    """Show the lines in which the user's own code differs, each diff once."""
    changed: dict[CodeChange, list[str]] = {}
    for arm in analysis.arms:
        for change in analysis.changes(arm.name):
            if arm.name in names and isinstance(change, CodeChange):
                changed.setdefault(change, []).append(arm.name)
    for change, arms in changed.items():
        what = f"Code of {change.path}: what differs in {listed(map(quoted, arms))}"
        yield Details(summary=what, blocks=(Paragraph(f"{what}:", is_note=True), Listing(change.short_diff)))


def _sentences(analysis: StudyAnalysis, one: Comparison) -> Iterator[str]:
    yield from _accuracy(analysis, one)
    if one.over_images is not None and analysis.criteria.scope is Scope.SEEDS:
        yield (
            f"With the test images taken as a sample too, the simultaneous interval is {points_range(one.over_images)}."
        )
    yield from _collapse(one)
    yield from _convergence(analysis, one)
    yield from run_notes(one.summary, analysis.scores.chance)
    yield from comparison_notes(one, analysis.criteria)


def _accuracy(analysis: StudyAnalysis, one: Comparison) -> Iterator[str]:
    arm, scale = one.summary, Scale.of(analysis)
    if arm.accuracy is None:
        yield (
            "It has no result yet." if not arm.ended else "No run of it learned, so that it has no accuracy to compare."
        )
        return
    of = f" over {count(len(arm.learned), 'run')} that learned" if arm.collapsed else ""
    mean = scale.value(arm.accuracy.estimate)
    text = f"{sentence(scale.metric.name)} {mean}{of}{_interval(analysis, arm.accuracy)}"
    if one.accuracy is None:
        missing = "the baseline has no result yet" if one.verdict.reason is Reason.NO_RUN else "no run of it learned"
        yield f"{text}; it is not compared with the baseline: {missing}."
        return
    difference = one.accuracy.simultaneous
    text += f", a difference of {scale.difference(difference.estimate)} to the baseline"
    if one.accuracy.p_value_adjusted is None:
        yield f"{text}, without error bars."
        return
    p = p_words(one.accuracy.p_value_adjusted)
    interval = scale.difference_range(difference)
    spread = f"simultaneous interval {interval}" if interval else "no spread"
    yield f"{text} ({spread}; {p} after Holm's adjustment)."
    if arm.collapsed and arm.mean is not None:
        yield f"Over all {count(arm.ended, 'run')} the mean is {percent(arm.mean)}, which fits neither kind of run."


def _collapse(one: Comparison) -> Iterator[str]:
    found = one.collapse
    if found is None or not (found.baseline[0] or found.variation[0]) or found.p_value_adjusted is None:
        return
    (k0, n0), (k1, n1) = found.baseline, found.variation
    yield (
        f"{k1} of {count(n1, 'run')} did not learn, {k0} of {n0} of the baseline; {found.stability} "
        f"(Fisher's exact test, {p_words(found.p_value_adjusted)} after Holm's adjustment)."
    )


def _interval(analysis: StudyAnalysis, found: Estimate) -> str:
    level = f"{100 * analysis.criteria.level:g} %"
    return f" ({level} interval {Scale.of(analysis).value_range(found)})" if isinstance(found, Interval) else ""


def _convergence(analysis: StudyAnalysis, one: Comparison) -> Iterator[str]:
    reached = one.summary.convergence.get(Measure.EPOCHS)
    if analysis.target is not None and reached is not None:
        target = f"{percent(analysis.target)} validation accuracy for two epochs in a row"
        if reached.runs == 1:
            yield f"Its only run {'reached' if reached.reached else 'never reached'} {target}."
        else:
            yield f"{reached.reached} of {reached.runs} runs that learned reached {target}."
    parts = []
    for measure in _TOLD:
        found = one.convergence.get(measure)
        if found is None:
            continue
        difference = found.difference
        of = "" if measure is Measure.EPOCHS else f" {unit(measure, difference=True)}"
        text = f"{MEASURES[measure]} {measured(difference.estimate, measure, sign=True)}{of}"
        details = [p_values] if (p_values := tested(found)) else []
        if isinstance(difference, Interval):
            details.insert(
                0, " to ".join(measured(end, measure, sign=True) for end in (difference.low, difference.high))
            )
        text += f" ({'; '.join(details)})" if details else ""
        parts.append(text)
    if parts:
        yield f"Learning, compared with the baseline: {'; '.join(parts)}."


def _seed_table(analysis: StudyAnalysis, names: list[str], name: str, factor: str) -> Table:
    became = {(one.run.variation, one.run.seed): one.status for one in analysis.results.findings}
    runs = {(arm, run.seed): run for arm in names for run in analysis.arm_scores[arm].runs}

    def cell(arm: str, seed: int) -> Cell:
        run = runs.get((arm, seed))
        if run is None:  # no seed of an arm that was decided before
            return Cell("")
        if run.status is Ending.FINISHED and run.test_accuracy is not None:
            return Cell(percent(run.test_accuracy), key=run.test_accuracy)
        return Cell(became.get((arm, seed), Status.MISSING).value)

    return Table(
        name=name,
        title=f"{factor}: test accuracy of every run",
        columns=(
            Column(title="seed", is_number=True),
            *(Column(title=arm, is_number=True) for arm in names),
        ),
        rows=tuple(
            (Cell(str(seed), key=seed), *(cell(arm, seed) for arm in names))
            for seed in analysis.results.manifest.seeds_of()
        ),
    )
