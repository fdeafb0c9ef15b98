"""What was expected of a variation, and whether the results show it, show the contrary, or leave it open."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.judge import TableAnalysis
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.errors import StatisticsError
from ceteris.formatting.wording import listed, nearest
from ceteris.results.manifest import binding
from ceteris.statistics.collapse import Collapse, Stability, collapse_rate
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Contrast
from ceteris.statistics.interval import Interval
from ceteris.statistics.sequential import FEWEST_SEEDS
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision
from ceteris.study.seeds import PlannedSeeds


class Claim(StrEnum):
    """What may be expected of a variation, in words as they follow its name."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    NOT_WORSE = "not worse"
    NOT_BETTER = "not better"
    COLLAPSES_LESS_OFTEN = "collapses less often"
    COLLAPSES_MORE_OFTEN = "collapses more often"
    LEARNS_IN = "learns in"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of one variation.

    Attributes:
        variation: Its name; of `learns in`, it may be the baseline.
        claim: What is expected.
        share: Of `learns in`: the least share of runs that learn, in (0, 1).
    """

    variation: str
    claim: Claim
    share: float = 0.0

    def __str__(self) -> str:
        share = f" {100 * self.share:g} %" if self.claim is Claim.LEARNS_IN else ""
        return f"{self.variation}: {self.claim}{share}"


class ExpectationOutcome(StrEnum):
    """Whether an expectation is borne out."""

    HOLDS = auto()
    CONTRADICTED = auto()
    UNDECIDED = auto()


class Cause(StrEnum):
    """Why an expectation is undecided."""

    OPEN = auto()
    NOT_AT_AN_END = auto()
    DESIGN_CHANGED = auto()
    MARGIN_CHANGED = auto()
    FAILED_RUNS = auto()
    NO_BOUND = auto()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An expectation with what the results say of it.

    Attributes:
        expectation: What was expected.
        outcome: Whether it is borne out.
        cause: Why it is undecided; None if it is not.
        comparison: What was found; None for the baseline.
        learning: Of `learns in`: the share of runs that learned, with its exact interval; None where no run has ended.
    """

    expectation: Expectation
    outcome: ExpectationOutcome
    cause: Cause | None = None
    comparison: Comparison | None = None
    learning: Interval | None = None


_SHAPE = 'VARIATION: EXPECTATION, for example "5x5: not worse"'
_LEARNS = re.compile(rf"{Claim.LEARNS_IN} +(\d+(?:\.\d+)?) *%")


def read_expectation(text: str, analysis: Analysis) -> Expectation:
    """Read an expectation as people write it.

    Raises:
        StatisticsError: If it has another shape, or if the study has no such variation.
    """
    name, colon, words = (part.strip() for part in text.rpartition(":"))
    if not colon or not name:
        raise StatisticsError(f"--expect '{text}': expected {_SHAPE}.")
    share, claim = 0.0, " ".join(words.lower().split())
    if found := _LEARNS.fullmatch(claim):
        share, claim = float(found[1]) / 100, Claim.LEARNS_IN.value
    known = [one.value for one in Claim if one is not Claim.LEARNS_IN]
    if claim not in known and not 0 < share < 1:
        close = nearest(claim, known)
        end = f" Did you mean '{close}'?" if close else ""
        expected = listed([*known, f"{Claim.LEARNS_IN} N % (of runs, above 0 and below 100)"], "or")
        raise StatisticsError(f"--expect '{text}': '{words}' is no expectation; expected {expected}.{end}")
    names = [one.variation for one in analysis.comparisons]
    names += [analysis.baseline.name] if share else []
    if name not in names:
        close = nearest(name, names)
        end = f"Did you mean '{close}'?" if close else f"There are {listed(names)}." if names else "It has none."
        raise StatisticsError(f"--expect '{text}': the study compares no variation '{name}' with its baseline. {end}")
    return Expectation(variation=name, claim=Claim(claim), share=share)


def check_expectations(analysis: Analysis, expectations: Sequence[Expectation]) -> tuple[Checked, ...]:
    """Say of each expectation whether the results of a study show it.

    `better` and `worse` stand for verdicts: they hold where that is the verdict, and are contradicted by the opposite
    and by `equivalent`. The others are about the margin m, with a difference d that is above 0 where the variation is
    better: `not worse` says d > -m, `not better` d < m, `equivalent` both. They hold by the verdict (that of
    `not worse` is `better` or `equivalent`) or where the simultaneous interval lies inside their range, and are
    contradicted where it lies outside. All intervals of a study cover the truth together with a probability of 1 -
    significance, so whatever is read off them, for any number of variations and both ways, is right with it.

    Nothing holds and nothing is contradicted where the design does not allow for a verdict now: where runs of a fixed
    number of seeds are still to come, or no look was taken yet, since a study that is judged until it pleases errs more
    often than it says; where seeds, arms, metric or margin were changed after results were there, if that may matter;
    and where the failed runs would change the finding if they had collapsed.
    """
    return tuple(_check(analysis, one) for one in expectations)


def _check(analysis: Analysis, expected: Expectation) -> Checked:
    found, learning = analysis.comparison(expected.variation), None
    if expected.claim is Claim.LEARNS_IN:
        learning = _learning(analysis, analysis.summary(expected.variation))
        outcome = _learns(learning, expected.share)
    else:
        assert found is not None
        outcome = _judged(analysis, expected.claim, found.verdict.decision, found.accuracy, found.collapse)
    cause = next(_obstacles(analysis, expected, found, outcome), None)
    if cause is not None:
        outcome = ExpectationOutcome.UNDECIDED
    elif outcome is ExpectationOutcome.UNDECIDED:
        cause = Cause.OPEN
    return Checked(expectation=expected, outcome=outcome, cause=cause, comparison=found, learning=learning)


_VERDICTS = {
    Claim.BETTER: ({Decision.BETTER}, {Decision.WORSE, Decision.EQUIVALENT}),
    Claim.WORSE: ({Decision.WORSE}, {Decision.BETTER, Decision.EQUIVALENT}),
    Claim.EQUIVALENT: ({Decision.EQUIVALENT}, set[Decision]()),
    Claim.NOT_WORSE: ({Decision.BETTER, Decision.EQUIVALENT}, set[Decision]()),
    Claim.NOT_BETTER: ({Decision.WORSE, Decision.EQUIVALENT}, set[Decision]()),
}
"""Verdicts by which an expectation holds, and by which it is contradicted."""

_RATES = {
    Claim.COLLAPSES_LESS_OFTEN: (Stability.LESS_OFTEN, Stability.MORE_OFTEN),
    Claim.COLLAPSES_MORE_OFTEN: (Stability.MORE_OFTEN, Stability.LESS_OFTEN),
}


def _judged(
    analysis: Analysis, claim: Claim, decision: Decision, found: Contrast | None, collapse: Collapse | None
) -> ExpectationOutcome:
    """Judge by a finding, whatever else may stand against it."""
    if claim in _RATES:
        stability = Stability.OPEN if collapse is None else collapse.stability
        holds, contradicts = _RATES[claim]
        return _outcome(holds=stability is holds, contradicts=stability is contradicts)
    by, against = _VERDICTS[claim]
    inside = outside = False
    if found is not None and isinstance(found.simultaneous, Interval) and _is_bounded(analysis, found):
        low, high, margin = found.simultaneous.low, found.simultaneous.high, analysis.criteria.margin
        above, below = low > -margin, high < margin
        too_low, too_high = high < -margin, low > margin
        inside, outside = {
            Claim.NOT_WORSE: (above, too_low),
            Claim.NOT_BETTER: (below, too_high),
            Claim.EQUIVALENT: (above and below, too_low or too_high),
        }.get(claim, (False, False))
    return _outcome(holds=decision in by or inside, contradicts=decision in against or outside)


def _is_bounded(analysis: Analysis, found: Contrast) -> bool:
    """Say whether the levels of an interval over looks are those of the tests, which want a few seeds."""
    return _looks(analysis) == 1 or min(found.runs) >= FEWEST_SEEDS


def _outcome(*, holds: bool, contradicts: bool) -> ExpectationOutcome:
    if holds:
        return ExpectationOutcome.HOLDS
    return ExpectationOutcome.CONTRADICTED if contradicts else ExpectationOutcome.UNDECIDED


def _learning(analysis: Analysis, arm: ArmSummary, *, failed_too: bool = False) -> Interval | None:
    """Give how often an arm learns, with an exact interval that holds for all arms and looks of the study together.

    Failed runs are left out, or count as runs that did not learn.
    """
    looks, failed = _looks(analysis), len(arm.failed) if failed_too else 0
    if not arm.ended or looks is None:
        return None
    arms = max(len(analysis.summaries), 1 + analysis.criteria.comparisons(len(analysis.comparisons)))
    level = 1 - analysis.criteria.significance / (arms * looks)
    rate = collapse_rate(len(arm.collapsed) + failed, arm.ended + failed, level=level)
    return Interval(estimate=1 - rate.estimate, low=1 - rate.high, high=1 - rate.low, level=level)


def _looks(analysis: Analysis) -> int | None:
    """Count the looks that the study may take; None where there is no last one."""
    if isinstance(analysis, TableAnalysis) and analysis.look is not None:
        return analysis.look.planned
    if analysis.looks is None:
        return 1
    seeds = analysis.manifest.study.seeds if isinstance(analysis, StudyAnalysis) else ()
    sizes = seeds.plan.sizes if isinstance(seeds, PlannedSeeds) else None
    return None if sizes is None else len(sizes)


def _learns(learning: Interval | None, share: float) -> ExpectationOutcome:
    if learning is None:
        return ExpectationOutcome.UNDECIDED
    return _outcome(holds=learning.low >= share, contradicts=learning.high < share)


def _obstacles(
    analysis: Analysis, expected: Expectation, found: Comparison | None, outcome: ExpectationOutcome
) -> Iterator[Cause]:
    """Say why the design allows for no verdict now, the gravest reason first."""
    arms = [analysis.baseline, *([] if found is None else [found.summary])]
    if analysis.looks is None:
        is_early = any(arm.missing for arm in arms)
    else:
        is_open = outcome is ExpectationOutcome.UNDECIDED and not analysis.looks.is_over
        is_early = found is not None and (is_open or found.variation not in analysis.looks.last)
    if is_early:
        yield Cause.NOT_AT_AN_END
    if isinstance(analysis, StudyAnalysis) and _is_changed(analysis, [arm.name for arm in arms]):
        yield Cause.DESIGN_CHANGED
    if expected.claim is Claim.LEARNS_IN:
        if _looks(analysis) is None:
            yield Cause.NO_BOUND
        worst = _learning(analysis, analysis.summary(expected.variation), failed_too=True)
        if _learns(worst, expected.share) is not outcome:
            yield Cause.FAILED_RUNS
        return
    assert found is not None
    now = found.verdict.decision
    first = analysis.first_verdicts.get(found.variation, now) if isinstance(analysis, StudyAnalysis) else now
    if first is not now and expected.claim in _VERDICTS:
        yield Cause.MARGIN_CHANGED
    if (one := found.with_failed) is not None:
        other = _judged(analysis, expected.claim, one.verdict.decision, one.accuracy, one.collapse)
        if other is not outcome:
            yield Cause.FAILED_RUNS


def _is_changed(analysis: StudyAnalysis, arms: Sequence[str]) -> bool:
    """Say whether seeds, these arms, or the family were changed so that p-values no longer mean what they say."""
    kept = binding(analysis.manifest.declarations)
    if not kept:
        return False
    first, now = kept[0], kept[-1]
    if first.looks != now.looks or (not now.looks and first.seeds != now.seeds):
        return True
    if first.named and now.named and first.named != now.named:
        return True
    if any(first.contents.get(name, digest) != digest for name, digest in now.contents.items() if name in arms):
        return True
    return not {*first.variations} <= {*now.variations}
