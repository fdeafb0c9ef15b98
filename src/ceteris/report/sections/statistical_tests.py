"""Every number behind the verdicts, for a reader who wants to check them."""

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import NOTHING, p_value, points_range, signed
from ceteris.report.sections.verdicts import p_cell
from ceteris.report.table import Cell, Column, Table
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.interval import Estimate, Interval, Scope


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of all tests; None where there is nothing to compare yet."""
    if all(one.accuracy is None for one in analysis.comparisons):
        return None
    return Section(anchor="tests", heading="Statistical tests", blocks=(detail_table(analysis),))


def detail_table(analysis: StudyAnalysis) -> Table:
    """Draw up tests and intervals of each difference in test accuracy."""
    level = f"{100 * analysis.criteria.level:g} %"
    narrow = f"{100 * (1 - 2 * analysis.criteria.significance):g} %"
    return Table(
        name="details",
        title="Statistical tests of each difference in test accuracy",
        columns=(
            Column(title="variation"),
            Column(title="pairs", is_number=True, meaning="Seeds that count in both arms."),
            Column(title="sd (pp)", is_number=True, meaning="Standard deviation of the paired difference over seeds."),
            Column(title="p", is_number=True, meaning="Paired t test, two-sided, not adjusted."),
            Column(title="p (Holm)", is_number=True, meaning="The same, adjusted over all variations."),
            Column(
                title="sign-flip p (Holm)",
                is_number=True,
                meaning="The exact test that assumes no normal distribution, adjusted over all variations.",
            ),
            Column(title="Welch p", is_number=True, meaning="A t test that does not rely on pairing; not adjusted."),
            Column(
                title="p equal (Holm)",
                is_number=True,
                meaning="P-value of the two one-sided tests (TOST) for equivalence within the margin.",
            ),
            Column(
                title=f"{narrow} interval (pp)",
                is_number=True,
                meaning="Lies inside the margin where the two one-sided tests, not adjusted, find equivalence.",
            ),
            Column(
                title=f"{level} over images too (pp)",
                is_number=True,
                meaning="The interval for seeds and test images drawn anew: for a claim about all such images, not "
                "only about these.",
            ),
            Column(
                title="correlation",
                is_number=True,
                meaning="How much a shared seed makes two runs alike: what pairing gained.",
            ),
            Column(
                title="detectable (pp)",
                is_number=True,
                meaning=f"The difference that these seeds would have shown with {100 * analysis.criteria.power:g} % "
                "probability.",
            ),
        ),
        rows=tuple(_row(one) for one in analysis.comparisons),
        notes=tuple(
            f"{one.variation}: only the baseline's network was right on {one.mcnemar.baseline_only:,} images, only the "
            f"variation's on {one.mcnemar.variation_only:,} (McNemar's test of these two networks: "
            f"p = {p_value(one.mcnemar.p_value)})."
            for one in analysis.comparisons
            if one.mcnemar is not None
        ),
    )


def _row(one: Comparison) -> tuple[Cell, ...]:
    found, equal = one.accuracy, one.equivalence
    over_images = one.over_images
    assert over_images is None or over_images.scope is Scope.SEEDS_AND_IMAGES
    pairs = Cell(str(len(one.pairs)), key=len(one.pairs))
    if found is None:
        return (Cell(one.variation), pairs, *(Cell(NOTHING) for _ in range(10)))
    return (
        Cell(one.variation),
        pairs,
        _points_cell(found.deviation),
        p_cell(found.p_value),
        p_cell(found.p_value_adjusted),
        p_cell(found.sign_flip_adjusted),
        p_cell(found.welch),
        p_cell(None if equal is None else equal.p_value_adjusted),
        _range_cell(None if equal is None else equal.interval),
        _range_cell(over_images),
        Cell("") if found.correlation is None else Cell(signed(found.correlation), key=found.correlation),
        _points_cell(found.detectable),
    )


def _points_cell(fraction: float | None) -> Cell:
    if fraction is None:
        return Cell("")
    return Cell("> 100" if fraction > 1 else f"{100 * fraction:.2f}", key=fraction)


def _range_cell(estimate: Estimate | None) -> Cell:
    if not isinstance(estimate, Interval):
        return Cell("")
    return Cell(points_range(estimate).removesuffix(" pp"), key=estimate.estimate)
