"""What keeps a verdict and the interval beside it from looking like a contradiction; said only where one would."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.naming import listed_up_to, quoted
from ceteris.report.quantities import size
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.interval import Interval
from ceteris.statistics.verdict import Finding


def footnotes(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Explain verdicts that are more careful, or bolder, than the intervals that stand beside them.

    An interval speaks of one difference by itself; a verdict is adjusted for all that the study compares, and practical
    equality is judged by two one-sided tests, which go with a narrower interval.
    """
    return tuple(_footnotes(analysis))


def _footnotes(analysis: StudyAnalysis) -> Iterator[str]:
    criteria = analysis.criteria
    level, narrow = f"{100 * criteria.level:g} %", f"{100 * (1 - 2 * criteria.significance):g} %"
    careful = [one for one in analysis.comparisons if one.verdict.finding is Finding.UNDECIDED and _leaves_out_0(one)]
    if careful:
        yield (
            f"Each interval is of one difference by itself, and verdicts are adjusted (Holm) for all "
            f"{len(analysis.comparisons)} variations: {_are(careful)} undecided although the interval leaves out 0."
        )
    yield from _without_spread(analysis)
    beyond = [one for one in analysis.comparisons if _reaches_beyond(one, criteria.margin)]
    if beyond:
        yield (
            f"Practical equality is judged by two one-sided tests, which go with {narrow} intervals: "
            f"{_are(beyond)} practically equal although the {level} interval reaches beyond "
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
    if one.verdict.finding is not Finding.PRACTICALLY_EQUAL or not isinstance(found, Interval):
        return False
    return max(abs(found.low), abs(found.high)) > margin


def _are(found: Sequence[Comparison]) -> str:
    return f"{_names(found)} {'is' if len(found) == 1 else 'are'}"


def _names(found: Sequence[Comparison]) -> str:
    return listed_up_to([quoted(one.variation) for one in found])
