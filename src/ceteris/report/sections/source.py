"""A table of results from elsewhere: what was taken for what, how it was judged, and what it cannot show."""

import math
from collections.abc import Iterator

from ceteris.analysis.judge import TableAnalysis
from ceteris.report.blocks import Bullets, Look, Section, Subheading
from ceteris.report.quantities import percent, percentage_points
from ceteris.report.scale import Scale
from ceteris.statistics.metric import Unit


def section(analysis: TableAnalysis) -> Section:
    """Give the section on the table itself."""
    return Section(
        anchor="source",
        heading="The table and the methods",
        short="Methods",
        blocks=(
            Subheading("What was taken for what"),
            Bullets(analysis.taken),
            Subheading("How verdicts were found"),
            Bullets(tuple(methods(analysis))),
            Subheading("What they do not show"),
            Bullets(tuple(limits(analysis))),
        ),
        look=Look.PROSE,
    )


def methods(analysis: TableAnalysis) -> Iterator[str]:
    """Say which tests were made, a sentence or two each."""
    criteria = analysis.criteria
    tests = 2 * criteria.comparisons(len(analysis.comparisons))
    level = f"{100 * criteria.significance:g} %"
    paired = "partially overlapping t test (Derrick, Toher and White 2017), in which runs with the same pair are paired"
    unpaired = "t test of Welch, which allows for unequal spread and unequal numbers of runs"
    yield f"Differences are judged by the {paired if criteria.is_paired else unpaired}."
    yield (
        "How often runs collapse is judged by Fisher's exact test. Both tests of every variation are one family of "
        f"{tests} tests, adjusted by Holm's method: at most {level} of such experiments have a false verdict of better "
        "or worse, or a false claim about collapses."
    )
    if criteria.margin:
        yield (
            "Equivalence within the margin is judged by two one-sided t tests, a family of its own: at most "
            f"{level} of such experiments have a false “equivalent”. That holds for a margin that was chosen before "
            "the results were seen, which a table cannot show."
        )
    if analysis.look is not None:
        yield (
            f"This is look {analysis.look.number} of at most {analysis.look.planned}: each spends a part of the error "
            "rate that grows with the square of the runs (Kim and DeMets 1987), and adjusted p-values are the error "
            "rates at which this look would just decide. It holds if the number of looks was decided before the first."
        )


def limits(analysis: TableAnalysis) -> Iterator[str]:
    """Say what a careful reader would ask of a table that others made."""
    yield (
        "What differs between arms besides the settings in the table is not known, nor whether runs or arms were left "
        "out of it."
    )
    yield "Intervals are about other runs of the same arms, as if each run were drawn independently of the others."
    if (images := analysis.outcomes.test_images) is not None:
        yield from _images(analysis, images)
    elif analysis.metric.unit is Unit.SHARE:
        yield (
            "All verdicts are about the data that the runs were scored on; how many there are is not known, and no "
            "interval allows for others."
        )


def _images(analysis: TableAnalysis, images: int) -> Iterator[str]:
    """Bound what other test data of the same kind would change."""
    arm, scale = analysis.baseline, Scale.of(analysis)
    if analysis.metric.unit is not Unit.SHARE or arm.accuracy is None:
        return
    value = scale.natural(arm.accuracy.estimate)
    error = 1.96 * math.sqrt(max(0.0, value * (1 - value)) / images)
    yield (
        f"Each value is a share of {images:,} test cases. On as many others of the same kind, a single run of "
        f"{percent(value)} would vary by {percentage_points(error)} (95 %, binomial) besides; no interval allows for "
        "that, and verdicts are about these cases."
    )
