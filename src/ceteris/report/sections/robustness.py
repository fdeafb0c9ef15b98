"""Checks by other methods beside the verdicts: ranks, trimmed means and whole learning curves."""

from dataclasses import replace

import numpy as np

from ceteris.analysis.analysis import Analysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import p_words, share
from ceteris.report.scale import Scale
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import seed_ranges
from ceteris.statistics.robust import Check, CurveBand, Robustness, check_robustness


def section(analysis: Analysis) -> Section | None:
    """Give the section of checks; None where no variation can be compared by any."""
    generator = np.random.default_rng(0)
    checks = {
        arm.name: check_robustness(
            analysis.scores.baseline,
            arm,
            chance=analysis.scores.chance,
            generator=generator,
            level=analysis.criteria.level,
        )
        for arm in analysis.scores.variations
        if arm.name in analysis.shown and analysis.baseline.finished and analysis.summary(arm.name).finished
    }
    if not checks:
        return None
    level = f"{100 * analysis.criteria.level:g} %"
    rows = tuple(_row(name, one, Scale.of(analysis)) for name, one in checks.items())
    return Section(anchor="robustness", heading="Robustness checks", blocks=(_table(level, rows, analysis),))


def _table(level: str, rows: tuple[tuple[Cell, ...], ...], analysis: Analysis) -> Table:
    table = Table(
        name="robustness-checks",
        title="Checks by methods with other assumptions",
        columns=(
            Column(title="variation"),
            Column(
                title="superiority, all pairs",
                is_number=True,
                meaning="How often a run of the variation is better than a run of the baseline, over all pairs "
                f"of runs whatever their seeds; below it the {level} interval and the p-value (Brunner and Munzel), "
                "for ten and more runs of each. Runs that failed or diverged rank last.",
            ),
            Column(
                title="trimmed difference",
                is_number=True,
                meaning="Difference of the means without the best and the worst fifth of the runs of each arm; below "
                f"it the {level} interval and the p-value (Yuen). {_DIVERGED[analysis.has_curves]}.",
            ),
            Column(
                title="learning curves",
                meaning="Epochs at which the mean validation accuracy over seeds whose runs learned in both arms lies "
                f"above or below the baseline's, by a {level} band for all epochs together (largest t of sign flips), "
                "and the p-value of equal curves.",
            ),
        ),
        rows=rows,
        notes=(
            *analysis.left_out,
            (
                "Checks, not verdicts: they are not adjusted for the number of variations, and decide nothing. Runs "
                "that did no better than chance count too, with what they scored, except in learning curves: these "
                "differences are of all runs, those of the verdicts of runs that learned."
            ),
        ),
    )
    if analysis.has_curves:
        return table
    note = "Checks, not verdicts: they are not adjusted for the number of variations, and decide nothing."
    if any(arm.at_chance for arm in analysis.summaries):
        note += (
            " Runs that did no better than chance count too, with what they scored: these differences are of all runs, "
            "those of the verdicts of runs that learned."
        )
    return replace(table, notes=(*analysis.left_out, note)).without_empty()


_DIVERGED = {
    True: "Diverged runs count at the chance level, failed ones are left out",
    False: "Runs that diverged or failed are left out",
}


def _row(name: str, found: Robustness, scale: Scale) -> tuple[Cell, ...]:
    superiority = None if found.superiority is None else found.superiority.estimate
    text, _, interval = share(superiority).partition(" (")
    return (
        Cell(name),
        _check_cell(text, interval.removesuffix(")"), found.superiority),
        _check_cell(
            scale.difference(found.trimmed.estimate.estimate) if found.trimmed else "",
            scale.difference_range(found.trimmed.estimate) if found.trimmed else "",
            found.trimmed,
        ),
        Cell("") if found.curves is None else _curves_cell(found.curves),
    )


def _check_cell(text: str, interval: str, found: Check | None) -> Cell:
    if found is None:
        return Cell("")
    p = "" if found.p_value is None else p_words(found.p_value)
    return Cell(text, key=found.estimate.estimate, detail="; ".join(filter(None, (interval, p))))


def _curves_cell(band: CurveBand) -> Cell:
    parts = []
    for word, beyond in (("above", band.low > 0), ("below", band.high < 0)):
        epochs = (np.flatnonzero(beyond) + 1).tolist()
        if epochs:
            parts.append(f"{word} in {'epoch' if len(epochs) == 1 else 'epochs'} {seed_ranges(epochs)}")
    return Cell("; ".join(parts) or "no epoch", key=float(band.mean.mean()), detail=p_words(band.p_value))
