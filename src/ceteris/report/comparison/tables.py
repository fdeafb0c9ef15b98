"""Two folders side by side in tables, as Markdown, and as CSV with one row for two runs with the same arm and seed."""

import csv
from collections.abc import Iterator
from io import StringIO

from ceteris.analysis.comparison import ArmComparison, FolderComparison
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.comparison.conditions import Conditions, compare_conditions
from ceteris.report.comparison.findings import COLLAPSED, designs, findings, notes, warnings
from ceteris.report.quantities import arrows, count, duration, percent, points, sentence
from ceteris.report.scale import Scale
from ceteris.report.sections.verdicts import TAGS, accuracy_cell, difference_cell, p_cell
from ceteris.report.table import Cell, Column, Table, markdown_text
from ceteris.report.wording import headline, scope_words, verdict_detail
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.side_by_side import Design, SideBySide
from ceteris.statistics.verdict import Decision, Verdict
from ceteris.study.run import BASELINE

IDENTICAL, OTHER_IMAGES = "same bits", "other test images"

_CSV_COLUMNS = ("arm", "seed", "accuracy_a", "accuracy_b", "difference", "same_run", "same_bits", "answers_alike")

_EFFECT_WORDS = {
    Decision.BETTER: "higher in B",
    Decision.WORSE: "lower in B",
    Decision.EQUIVALENT: "equivalent",
    Decision.UNDECIDED: "undecided",
}


def condition_table(conditions: Conditions) -> Table | None:
    """Draw up what differs apart from results; None where nothing does."""
    if not conditions.differing:
        return None
    return Table(
        name="conditions",
        title="What differs",
        columns=(Column(title="what"), Column(title="A"), Column(title="B")),
        rows=tuple((Cell(arrows(one.what)), Cell(one.first), Cell(one.second)) for one in conditions.differing),
    )


def accuracy_table(found: FolderComparison) -> Table:
    """Draw up the test accuracy of each arm in both folders, or the metric that both judge, and the difference."""
    level, scale = f"{100 * found.criteria.level:g} %", Scale.of(found.first)
    return Table(
        name="accuracies",
        title=sentence(scale.metric.name),
        columns=(
            Column(title="arm", meaning="With the pairs of runs, or the runs of A and of B, in the difference."),
            Column(
                title="A", is_number=True, meaning=f"Mean over the runs in the difference, with its {level} interval."
            ),
            Column(
                title="B", is_number=True, meaning=f"Mean over the runs in the difference, with its {level} interval."
            ),
            Column(title="B \N{MINUS SIGN} A", is_number=True, meaning=f"With its simultaneous {level} interval."),
            Column(title="p (Holm)", is_number=True, meaning="Raised to allow for the number of tests."),
            Column(title="B is"),
        ),
        rows=tuple(_accuracy_row(found, arm) for arm in found.arms),
        notes=(*designs(found), *_interval_note(found)),
    )


def _interval_note(found: FolderComparison) -> Iterator[str]:
    if not any(arm.accuracy and isinstance(arm.accuracy.difference, Interval) for arm in found.arms):
        return
    images = f" {scope_words(found.criteria.scope)}" if found.has_same_test_images else ""
    yield (
        f"Intervals of B \N{MINUS SIGN} A are simultaneous over the rows of a table, {100 * found.criteria.level:g} %; "
        f"they and the verdicts are of runs that learned,{images or ' over seeds'}."
    )


def effect_table(found: FolderComparison) -> Table | None:
    """Draw up what each variation does to the baseline of its folder; None without a variation in both."""
    is_same_baseline = any(_is_same(arm) for arm in found.arms if arm.pair.first.name == BASELINE)
    rows = tuple(
        _effect_row(found, arm, is_identical=is_same_baseline and _is_same(arm))
        for arm in found.arms
        if arm.effect is not None
    )
    if not rows:
        return None
    return Table(
        name="effects",
        title=f"Effect of each variation: its {found.first.metric.name} minus that of the baseline in the same folder",
        columns=(
            Column(title="variation"),
            Column(title="in A", is_number=True),
            Column(title="in B", is_number=True),
            Column(title="B \N{MINUS SIGN} A", is_number=True),
            Column(title="p (Holm)", is_number=True),
            Column(title="the effect is"),
        ),
        rows=rows,
    )


def _is_same(arm: ArmComparison) -> bool:
    """Say whether both folders have the same runs of an arm: effects are of all of them."""
    return arm.is_identical and arm.accuracy is not None and not arm.accuracy.left_out


def run_table(found: FolderComparison) -> Table | None:
    """Draw up the runs with the same seed; None where there are none."""
    rows = tuple(_run_row(arm) for arm in found.arms if arm.runs)
    if not rows:
        return None
    return Table(
        name="run-pairs",
        title="Runs with the same seed in A and B",
        columns=(
            Column(title="arm"),
            Column(title="pairs", is_number=True),
            Column(title="same bits", is_number=True, meaning="Pairs whose results are the same to the last bit."),
            Column(title="answers alike", is_number=True, meaning="Share of the test images, mean over the pairs."),
            Column(
                title="other seeds", is_number=True, meaning="The same of a run of A and one of B with other seeds."
            ),
            Column(title="furthest apart", is_number=True, meaning="Largest difference in accuracy, B minus A."),
        ),
        rows=rows,
    )


def result_tables(found: FolderComparison) -> tuple[Table, ...]:
    """Give every table of results that there is something to put in, in the order of reading."""
    tables = (accuracy_table(found), effect_table(found), run_table(found))
    return tuple(table for table in tables if table is not None and table.rows)


def encode_run_pairs(found: FolderComparison) -> bytes:
    """Write a header and a row for each two runs; accuracies and shares are fractions, empty where there is none."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_CSV_COLUMNS)
    for run in found.run_pairs:
        alike = "" if run.alike is None else repr(run.alike)
        facts = (str(run.is_same_run).lower(), str(run.has_same_bits).lower(), alike)
        rows.writerow([run.arm, run.seed, repr(run.first), repr(run.second), repr(round(run.difference, 12)), *facts])
    return text.getvalue().encode()


def _accuracy_row(found: FolderComparison, arm: ArmComparison) -> tuple[Cell, ...]:
    one = arm.accuracy
    summaries = (found.first.summary(arm.pair.first.name), found.second.summary(arm.pair.second.name))
    means = tuple(summary.accuracy for summary in summaries) if one is None else one.means
    scale = Scale.of(found.first)
    return (
        Cell(arm.pair.name, detail=_runs(one)),
        *(accuracy_cell(mean, scale) for mean in means),
        *_difference_cells(found, one, is_identical=arm.is_identical),
        _finding_cell(found, arm),
    )


def _runs(one: SideBySide | None) -> str:
    if one is None:
        return ""
    first, second = one.runs
    if one.design is Design.PAIRED:
        return "1 pair" if first == 1 else f"{first} pairs"
    return f"{first} and {second} runs"


def _finding_cell(found: FolderComparison, arm: ArmComparison) -> Cell:
    one = arm.accuracy
    if one is None:
        detail = "no run that learned" if arm.evidence in COLLAPSED else ""
        words = headline(Verdict(decision=Decision.NOT_COMPARED), arm.collapse)
        return Cell(words, detail=detail, tag=TAGS[Decision.NOT_COMPARED])
    if arm.is_identical:
        return Cell(IDENTICAL, tag=TAGS[Decision.EQUIVALENT])
    if not found.has_same_test_images:
        return Cell(OTHER_IMAGES, tag=TAGS[Decision.UNDECIDED])
    detail = verdict_detail(one.verdict) if one.verdict.reason else ""
    return Cell(headline(one.verdict, arm.collapse), detail=detail, tag=TAGS[one.verdict.decision])


def _difference_cells(found: FolderComparison, one: SideBySide | None, *, is_identical: bool) -> tuple[Cell, Cell]:
    """Write a difference with its interval, and its p-value.

    Runs with the same bits have no use for either, and a p-value over seeds says nothing of other test images.
    """
    if one is None:
        return Cell(""), Cell("")
    scale = Scale.of(found.first)
    if is_identical:
        return Cell(scale.difference(0.0), key=0.0), Cell("")
    if not found.has_same_test_images:
        estimate = one.difference.estimate
        return Cell(scale.difference(estimate), key=scale.signed(estimate)), Cell("")
    return difference_cell(one.difference, scale), p_cell(one.p_value_adjusted)


def _effect_row(found: FolderComparison, arm: ArmComparison, *, is_identical: bool) -> tuple[Cell, ...]:
    one = arm.effect
    assert one is not None
    return (
        Cell(arm.pair.name),
        _effect_cell(one.means[0], found.first, arm.pair.first.name),
        _effect_cell(one.means[1], found.second, arm.pair.second.name),
        *_difference_cells(found, one, is_identical=is_identical),
        Cell(_effect_words(found, one, is_identical=is_identical)),
    )


def _effect_words(found: FolderComparison, one: SideBySide, *, is_identical: bool) -> str:
    if is_identical:
        return IDENTICAL
    return _EFFECT_WORDS[one.verdict.decision] if found.has_same_test_images else OTHER_IMAGES


def _effect_cell(mean: Estimate, side: StudyAnalysis, name: str) -> Cell:
    """Write an effect and the verdict on it, as the report of the folder has them."""
    own, scale = side.comparison(name), Scale.of(side)
    words = "" if own is None else str(own.verdict.decision)
    return Cell(scale.difference(mean.estimate), key=scale.signed(mean.estimate), detail=words)


def _run_row(arm: ArmComparison) -> tuple[Cell, ...]:
    alike = [run.alike for run in arm.runs if run.alike is not None]
    furthest = max((run.difference for run in arm.runs), key=abs)
    seed = next(run.seed for run in arm.runs if run.difference == furthest)
    return (
        Cell(arm.pair.name),
        Cell(str(len(arm.runs)), key=len(arm.runs)),
        Cell(str(sum(run.has_same_bits for run in arm.runs))),
        _share(sum(alike) / len(alike) if alike else None),
        _share(arm.alike_with_other_seeds),
        Cell(points(furthest), key=furthest, detail=f"seed {seed}" if furthest else ""),
    )


def _share(fraction: float | None) -> Cell:
    return Cell("") if fraction is None else Cell(percent(fraction), key=fraction)


def side_line(side: StudyAnalysis) -> str:
    """Say in a line how far a folder is, when it was trained, and for how long."""
    planned = count(len(side.results.findings), "run")
    parts = [f"{side.done:,} of {planned} done"]
    if side.environment.finished is not None:
        first, last = side.environment.finished
        when = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
        parts += [when, f"{duration(side.environment.seconds)} of training on one core"]
    return ", ".join(parts)


def same_line(conditions: Conditions) -> str:
    """Say what does not differ."""
    if not conditions.differing and conditions.same:
        return f"Nothing differs: {listed(conditions.same)} are the same."
    return f"The same in both: {listed(conditions.same)}." if conditions.same else ""


def render_comparison(found: FolderComparison) -> str:
    """Write a comparison as Markdown; every name is text there, not markup."""
    return "\n\n".join(_blocks(found)) + "\n"


def _blocks(found: FolderComparison) -> Iterator[str]:
    title, conditions = found.first.manifest.study.title, compare_conditions(found)
    yield (
        f"# {markdown_text(title)}, twice"
        if title == found.second.manifest.study.title
        else "# Two studies side by side"
    )
    yield "\n".join(
        f"- **{label}** `{side.results.folder.path.name}`: {markdown_text(side_line(side))}"
        for label, side in found.sides
    )
    if grave := warnings(found):
        yield _list(tuple(f"Warning: {sentence}" for sentence in grave))
    if (differing := condition_table(conditions)) is not None:
        yield from _table(differing)
    if same := same_line(conditions):
        yield markdown_text(same)
    if told := notes(found):
        yield "## Notes"
        yield _list(told)
    yield "## Summary"
    yield _list(findings(found))
    for table in result_tables(found):
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"## {markdown_text(table.title)}"
    yield table.markdown()
    yield from map(markdown_text, table.notes)


def _list(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)
