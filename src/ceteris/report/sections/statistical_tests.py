"""Every number behind the verdicts, for a reader who wants to check them."""

from dataclasses import replace

from ceteris.analysis.analysis import Analysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import NOTHING, count, p_value, share, signed
from ceteris.report.scale import Scale
from ceteris.report.sections.verdicts import p_cell
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.difference import Correlation
from ceteris.statistics.interval import Estimate, Interval, Scope


def section(analysis: Analysis) -> Section | None:
    """Give the section of all tests; None where there is nothing to compare yet."""
    if all(one.accuracy is None for one in analysis.comparisons):
        return None
    return Section(anchor="tests", heading="Statistical tests", blocks=(detail_table(analysis),))


def detail_table(analysis: Analysis) -> Table:
    """Draw up tests and intervals of each difference."""
    level = f"{100 * analysis.criteria.level:g} %"
    scale = Scale.of(analysis)
    scope = "over seeds" if analysis.criteria.scope is Scope.SEEDS else "over seeds and test images"
    test = "Partially overlapping t test" if analysis.criteria.is_paired else "Welch's t test"
    narrow = f"{100 * (1 - 2 * analysis.criteria.significance):g} %"
    table = Table(
        name="details",
        title=f"Statistical tests of each difference in {scale.metric.name}",
        columns=(
            Column(title="variation"),
            Column(
                title="runs",
                is_number=True,
                meaning="That learned, of the baseline and of the variation"
                f"{'; below, how many pairs have the same seed' if analysis.criteria.is_paired else ''}.",
            ),
            Column(title=f"standard error{scale.in_unit}", is_number=True, meaning=f"Of the difference, {scope}."),
            Column(
                title="p",
                is_number=True,
                meaning=f"{test}, two-sided, not adjusted; below, the "
                f"{level} interval{scale.in_unit} of this difference alone.",
            ),
            Column(title="p (Holm)", is_number=True, meaning="The same, adjusted over all tests of the study."),
            Column(
                title="sign-flip p (Holm)",
                is_number=True,
                meaning="The exact test over pairs that assumes no normal distribution, adjusted likewise.",
            ),
            Column(
                title="p equivalent (Holm)",
                is_number=True,
                meaning="P-value of the two one-sided tests (TOST) for equivalence within the margin; below, the "
                f"{narrow} interval{scale.in_unit}, which lies inside the margin where they, not adjusted, find it.",
            ),
            Column(
                title=f"simultaneous {level}, seeds and images{scale.in_unit}",
                is_number=True,
                meaning="The interval for seeds and test images drawn anew: for a claim about all such images, not "
                "only about these.",
            ),
            Column(
                title="superiority",
                is_number=True,
                meaning="Probability that a run of the variation is better than the baseline's with the same seed.",
            ),
            Column(
                title="correlation",
                is_number=True,
                meaning=f"Of two runs with the same seed, with its {level} interval.",
            ),
            Column(
                title="gained by pairing",
                is_number=True,
                meaning="By how much shared seeds reduce the variance of a difference; below 0 where they add to it.",
            ),
        ),
        rows=tuple(_row(one, scale, analysis.criteria) for one in analysis.shown_comparisons),
        notes=analysis.left_out
        + tuple(
            f"{one.variation}: only the baseline's network was right on {one.mcnemar.baseline_only:,} images, only the "
            f"variation's on {one.mcnemar.variation_only:,} (McNemar's test of these two networks: "
            f"p = {p_value(one.mcnemar.p_value)})."
            for one in analysis.shown_comparisons
            if one.mcnemar is not None
        ),
    )
    return table if analysis.test_images else table.without_empty()


def _row(one: Comparison, scale: Scale, criteria: Criteria) -> tuple[Cell, ...]:
    found, equal = one.accuracy, one.equivalence
    over_images = one.over_images
    assert over_images is None or over_images.scope is Scope.SEEDS_AND_IMAGES
    if found is None:
        return (Cell(one.variation), *(Cell(NOTHING) for _ in range(10)))
    shared = found.correlation
    return (
        Cell(one.variation),
        Cell(
            f"{found.runs[0]}, {found.runs[1]}",
            key=found.runs[1],
            detail=count(found.pairs, "pair") if criteria.is_paired else "",
        ),
        _points_cell(found.found.standard_error, scale),
        replace(p_cell(found.p_value), detail=_range_cell(found.difference, scale).text),
        p_cell(found.p_value_adjusted),
        p_cell(found.sign_flip_adjusted),
        replace(
            p_cell(None if equal is None else equal.p_value_adjusted),
            detail=_range_cell(None if equal is None else equal.interval, scale).text,
        ),
        _range_cell(over_images, scale),
        _share_cell(found.superiority),
        _correlation_cell(shared),
        Cell("") if shared is None else Cell(f"{signed(100 * shared.share, 0)} %", key=shared.share),
    )


def _share_cell(superiority: Estimate | None) -> Cell:
    if not isinstance(superiority, Interval):
        return Cell("")
    text, _, interval = share(superiority).partition(" (")
    return Cell(text, key=superiority.estimate, detail=interval.removesuffix(")"))


def _correlation_cell(found: Correlation | None) -> Cell:
    if found is None:
        return Cell("")
    ends = found.interval
    detail = "" if ends is None else f"{signed(ends.low)} to {signed(ends.high)}"
    return Cell(signed(found.estimate), key=found.estimate, detail=detail)


def _points_cell(fraction: float | None, scale: Scale) -> Cell:
    if fraction is None:
        return Cell("")
    is_large = scale.is_share and fraction > 1
    return Cell("> 100" if is_large else scale.bare(scale.spread(fraction)), key=fraction)


def _range_cell(estimate: Estimate | None, scale: Scale) -> Cell:
    if not isinstance(estimate, Interval):
        return Cell("")
    return Cell(scale.bare(scale.difference_range(estimate)), key=scale.signed(estimate.estimate))
