"""The looks of a study that adds seeds: at which levels its results were tested, and what each look decided."""

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Paragraph, Section
from ceteris.report.quantities import count, listed_up_to, quoted, seed_count
from ceteris.report.scale import Scale
from ceteris.report.sections.verdicts import TAGS, difference_cell, p_cell
from ceteris.report.sections.warnings import changed_family
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import headline
from ceteris.statistics.looks import LookResult, StudyLook, StudyLooks
from ceteris.statistics.sequential import LookPlan
from ceteris.study.seeds import PlannedSeeds

_METHOD = (
    "Seeds are added where the verdict is open, by a plan: {seeds} for each arm. {end} Tests at several looks err "
    "more often than one test at the same level, so each look has levels of its own; {promise}. Adjusted p-values "
    "elsewhere in this report are the error rate at which the last look at a variation would just have decided. A "
    "difference that was decided early is probably estimated too large, since those that are large by chance are "
    "decided first. Intervals of single arms, other metrics and robustness checks do not allow for the looks."
)
_PROMISE = (
    "over all looks together, at most {error} of such studies hold a false difference, and at most {error} a false "
    "equivalence"
)
_NO_PROMISE = (
    "since the plan, the margin or the variations were changed when there were results, they hold no error rate that "
    "could be named"
)
_PLANNED = "The levels follow Kim and DeMets' spending function and are passed on by Holm's method."
_UNTIL_STOPPED = (
    "No last look was declared: the p-values come from e-values, which allow for any number of looks and find fewer "
    "differences than tests with a declared maximum."
)


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of the looks; None for a study whose number of seeds was fixed."""
    looks, seeds = analysis.looks, analysis.manifest.study.seeds
    if looks is None or not isinstance(seeds, PlannedSeeds) or not analysis.comparisons:
        return None
    is_as_declared = not analysis.first_verdicts and not any(changed_family(analysis))
    error = f"{100 * analysis.criteria.significance:g} %"
    text = _METHOD.format(
        seeds=seed_count(seeds),
        end=_UNTIL_STOPPED if seeds.plan.most is None else _PLANNED,
        promise=_PROMISE.format(error=error) if is_as_declared else _NO_PROMISE,
    )
    tables = (look_table(looks), interval_table(analysis, looks)) if looks.done else ()
    return Section(
        anchor="looks", heading="Looks", blocks=(Paragraph(text), Paragraph(looks_so_far(looks, seeds.plan)), *tables)
    )


def looks_so_far(looks: StudyLooks, plan: LookPlan) -> str:
    """Say how far the looks have come, and how many runs the plan has saved, in a sentence or two."""
    if not looks.done:
        return f"No look was taken yet: the first, at {plan.first} seeds, needs every run of it."
    still = sum(one.is_open for one in looks.done[-1].results)
    number = len(looks.done) if plan.sizes is None else f"{len(looks.done)} of {len(plan.sizes)}"
    taken = f"Look {number} was taken, at {looks.done[-1].seeds} seeds"
    if not looks.is_over:
        return f"{taken}; {count(still, 'variation')} {'is' if still == 1 else 'are'} still open."
    ended = f"{taken}, and left {count(still, 'variation')} open" if still else f"{taken}; no variation is open"
    if plan.most is None:
        return f"{ended}."
    saved = sum(plan.most - seeds for seeds in looks.asked.values())
    return f"{ended}. {saved:,} of {count(plan.most * len(looks.asked), 'run')} were not needed."


def look_table(looks: StudyLooks) -> Table:
    """Draw up the looks, a row each."""
    return Table(
        name="look-levels",
        title="Levels and decisions of each look",
        columns=(
            Column(title="seeds", is_number=True, meaning="Of the baseline and of each variation that is looked at."),
            Column(title="variations", is_number=True, meaning="That are looked at: those that were open before."),
            Column(
                title="level",
                is_number=True,
                meaning="What the smallest p-value of a difference has to meet at this look; each difference that is "
                "found raises it for the others.",
            ),
            Column(
                title="level of equivalence",
                is_number=True,
                meaning="What the smallest p-value of an equivalence, one-sided, has to meet.",
            ),
            Column(title="decided", meaning="Variations whose verdict this look decided.", width="wide"),
        ),
        rows=tuple(_look_row(look) for look in looks.done),
        is_sortable=False,
    )


def _look_row(look: StudyLook) -> tuple[Cell, ...]:
    decided = [quoted(one.variation) for one in look.results if not one.is_open]
    return (
        Cell(str(look.seeds), key=look.seeds),
        Cell(str(len(look.results)), key=len(look.results)),
        Cell(f"{look.level:.2g}", key=look.level),
        Cell(f"{look.equivalence_level:.2g}", key=look.equivalence_level),
        Cell(listed_up_to(decided, most=6) if decided else ""),
    )


def interval_table(analysis: StudyAnalysis, looks: StudyLooks) -> Table:
    """Draw up each variation at its last look."""
    scale = Scale.of(analysis)
    at = {one.variation: look.seeds for look in looks.done for one in look.results}
    return Table(
        name="look-decisions",
        title="Each variation at its last look",
        columns=(
            Column(title="variation"),
            Column(title="seeds", is_number=True, meaning="At the look that decided it, or at the last one."),
            Column(
                title=f"repeated interval{scale.in_unit}",
                is_number=True,
                meaning=f"Of the difference in {scale.metric.name}: over all looks and all variations together, at "
                f"most {100 * analysis.criteria.significance:g} % of such studies have one without the true "
                "difference.",
            ),
            Column(title="p", is_number=True, meaning=f"Of no difference in {scale.metric.name}, not adjusted."),
            Column(title="p collapse", is_number=True, meaning="Of equal rates of collapse, not adjusted."),
            Column(title="p equal", is_number=True, meaning="Of a difference outside the margin, not adjusted."),
            Column(title="decided", meaning="What the look decided."),
        ),
        rows=tuple(_interval_row(name, at[name], one, scale) for name, one in looks.last.items()),
    )


def _interval_row(name: str, seeds: int, one: LookResult, scale: Scale) -> tuple[Cell, ...]:
    found = one.judgement
    has_collapsed = found.collapse is not None and (found.collapse.baseline[0] or found.collapse.variation[0])
    return (
        Cell(name),
        Cell(str(seeds), key=seeds),
        difference_cell(None if found.accuracy is None else found.accuracy.simultaneous, scale),
        p_cell(None if found.accuracy is None else found.accuracy.p_value),
        p_cell(found.collapse.p_value if found.collapse is not None and has_collapsed else None),
        p_cell(None if found.equivalence is None else found.equivalence.p_value),
        Cell(headline(found.verdict, found.collapse), tag=TAGS[found.verdict.decision]),
    )
