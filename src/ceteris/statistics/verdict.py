"""What to make of a comparison: better, worse, equivalent, or undecided with what more runs may show."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import USUAL, Contrast, Criteria
from ceteris.statistics.equivalence import Equivalence
from ceteris.statistics.power import Forecast
from ceteris.statistics.scores import Evidence


class Decision(StrEnum):
    """The verdict on accuracies: one of four, or none, because an arm has no run that learned."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"


class Reason(Enum):
    """Why a comparison is not decided, and what an equivalence leaves unsaid."""

    NO_RUN = auto()
    BASELINE_COLLAPSED = auto()
    VARIATION_COLLAPSED = auto()
    ONE_RUN = auto()
    NO_SPREAD = auto()
    FEW_FOR_LOOKS = auto()
    BETTER_WITHIN_MARGIN = auto()
    WORSE_WITHIN_MARGIN = auto()


_REASONS = {
    Evidence.NO_RUN: Reason.NO_RUN,
    Evidence.BASELINE_COLLAPSED: Reason.BASELINE_COLLAPSED,
    Evidence.VARIATION_COLLAPSED: Reason.VARIATION_COLLAPSED,
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a comparison of the accuracies of runs that learned came to.

    Attributes:
        decision: One of four, or that nothing was compared.
        reason: Why it is not decided; of an equivalence, that a difference within the margin is certain; else None.
        forecast: Of an undecided one: how probable it is that more runs show the difference; None where the runs say
            nothing about it.
    """

    decision: Decision
    reason: Reason | None = None
    forecast: Forecast | None = None


def decide(
    accuracy: Contrast | None,
    equivalence: Equivalence | None,
    *,
    criteria: Criteria = USUAL,
    evidence: Evidence = Evidence.LEARNED,
    forecast: Forecast | None = None,
) -> Verdict:
    """Judge a variation by its difference in test accuracy, its error bars, and the margin that the study declared.

    The first rule that applies:

    1. An arm has no run that learned: not compared. One has a single such run: undecided, error bars need two.
    2. The two one-sided tests pass, Holm-adjusted: equivalent, even where a difference inside the margin is
       certain, since the study declared such differences not to matter; the reason then names the direction.
    3. The t test passes, Holm-adjusted: better or worse, by the sign of the difference.
    4. Otherwise undecided, with the forecast; without one where the runs show no spread.

    Whatever the number of variations, at most 5 % of studies hold a false `better` or `worse`, or a false claim about
    the rate of collapse, and at most 5 % a false `equivalent`.

    Args:
        accuracy: Of the runs that learned, with adjusted p-values; None where there are none.
        equivalence: Two one-sided tests of the same runs, from `adjusted_equivalence`; None without error bars, or
            where the criteria have no margin.
        criteria: What counts as a finding.
        evidence: What the runs of both arms can show.
        forecast: What more runs may show, if it is undecided.

    Raises:
        StatisticsError: If the p-values are not adjusted yet.

    Example:
        >>> decide(None, None, evidence=Evidence.NO_RUN).reason
        <Reason.NO_RUN: 1>
    """
    if accuracy is None:
        return Verdict(decision=Decision.NOT_COMPARED, reason=_REASONS.get(evidence, Reason.NO_RUN))
    if accuracy.p_value is None or (equivalence is None and criteria.margin):
        return Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_RUN)
    p_value = accuracy.p_value_adjusted
    p_equal = 1.0 if equivalence is None else equivalence.p_value_adjusted  # 1 without a margin to lie within
    if p_value is None or p_equal is None:
        raise StatisticsError(
            "the p-values are not adjusted yet, expected Holm's adjustment over all tests of the study. Pass the "
            "contrasts through `with_adjusted` and the equivalences through `adjusted_equivalence` first."
        )
    verdict = judge(accuracy.difference.estimate, p_value, p_equal, criteria=criteria)
    if verdict.decision is not Decision.UNDECIDED:
        return verdict
    if not accuracy.has_spread:
        return Verdict(decision=Decision.UNDECIDED, reason=Reason.NO_SPREAD)
    return Verdict(decision=Decision.UNDECIDED, forecast=forecast)


def judge(difference: float, p_value: float, p_equal: float, *, criteria: Criteria = USUAL) -> Verdict:
    """Apply rules 2 and 3 of `decide`.

    Example:
        >>> judge(0.002, 0.01, 0.03).decision.value, judge(0.002, 0.01, 0.03).reason.name
        ('equivalent', 'BETTER_WITHIN_MARGIN')
    """
    is_certain, is_higher = p_value <= criteria.significance, difference > 0
    if p_equal <= criteria.significance:
        side = Reason.BETTER_WITHIN_MARGIN if is_higher else Reason.WORSE_WITHIN_MARGIN
        return Verdict(decision=Decision.EQUIVALENT, reason=side if is_certain else None)
    direction = Decision.BETTER if is_higher else Decision.WORSE
    return Verdict(decision=direction if is_certain else Decision.UNDECIDED)
