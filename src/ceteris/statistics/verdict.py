"""What to make of a comparison: better, worse, equivalent, or undecided with what it would take."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import USUAL, Contrast, Criteria
from ceteris.statistics.equivalence import Equivalence
from ceteris.statistics.power import seeds_needed, seeds_needed_for_equivalence
from ceteris.statistics.scores import Evidence


class Decision(StrEnum):
    """The four things that a comparison can come to, and that there was none, because no pair of runs has results."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"


class Reason(Enum):
    """Why a comparison is not decided, and what an equivalence leaves unsaid."""

    NO_PAIR = auto()
    ALL_DIVERGED = auto()
    ONE_PAIR = auto()
    EQUAL_DIFFERENCES = auto()
    AT_CHANCE = auto()
    BETTER_WITHIN_MARGIN = auto()
    WORSE_WITHIN_MARGIN = auto()


class Prospect(Enum):
    """What more seeds would show if the difference is as measured."""

    DIFFERENCE = auto()
    EQUIVALENCE = auto()
    ERROR_BARS = auto()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a comparison came to.

    Attributes:
        decision: One of four, or that nothing was compared.
        reason: Why it is not decided; of an equivalence, that a difference within the margin is certain; else None.
        more_seeds: Of an undecided one: seeds to add to each arm; None where the pairs say nothing about it, and,
            without a reason, where more than `MOST_SEEDS` are needed.
        prospect: Of an undecided one: what these seeds would show.
    """

    decision: Decision
    reason: Reason | None = None
    more_seeds: int | None = None
    prospect: Prospect | None = None


_NOT_COMPARED = Verdict(
    decision=Decision.NOT_COMPARED, reason=Reason.NO_PAIR, more_seeds=2, prospect=Prospect.ERROR_BARS
)
_ONE_PAIR = Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_PAIR, more_seeds=1, prospect=Prospect.ERROR_BARS)


def decide(
    accuracy: Contrast | None,
    equivalence: Equivalence | None,
    *,
    comparisons: int = 1,
    criteria: Criteria = USUAL,
    evidence: Evidence = Evidence.LEARNED,
) -> Verdict:
    """Judge a variation by its difference in test accuracy, its error bars, and the margin that the study declared.

    The first rule that applies:

    1. No pair, or no run of a pair was scored: not compared. One pair: undecided; error bars need at least two.
    2. The two one-sided tests pass, Holm-adjusted: equivalent, even where a difference inside the margin is
       certain, since the study declared such differences not to matter; the reason then says so.
    3. The paired t test passes, Holm-adjusted: better or worse, by the sign of the difference.
    4. All differences are equal, or no run of either arm did better than chance: undecided, without what it would take,
       since the pairs say nothing about it.
    5. Otherwise undecided. What it would take is the smallest number of seeds that, with the given power, shows either
       the difference or equivalence, if difference and deviation are as measured so far and the test has to pass
       Holm's first step. It is a plan, not a promise: the measured difference is uncertain itself (Hoenig and Heisey
       2001, doi:10.1198/000313001300339897).

    Whatever the number of variations, at most 5 % of studies hold a false `better` or `worse`, and at most 5 % a false
    `equivalent`. Diverged runs are in the difference, at the chance level.

    Args:
        accuracy: Test accuracy of the pairs, from `adjusted`; None where there are none.
        equivalence: Two one-sided tests of the same pairs, from `adjusted_equivalence`; None for fewer than two.
        comparisons: Variations that the study compares with its baseline.
        criteria: What counts as a finding.
        evidence: What the runs of the pairs can show.

    Raises:
        StatisticsError: If the p-values are not adjusted yet.

    Example:
        >>> decide(None, None).reason
        <Reason.NO_PAIR: 1>
    """
    if evidence is Evidence.DIVERGED:
        return Verdict(decision=Decision.NOT_COMPARED, reason=Reason.ALL_DIVERGED)
    if accuracy is None:
        return Verdict(
            decision=Decision.NOT_COMPARED, reason=Reason.NO_PAIR, more_seeds=2, prospect=Prospect.ERROR_BARS
        )
    if accuracy.deviation is None or equivalence is None:
        return Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_PAIR, more_seeds=1, prospect=Prospect.ERROR_BARS)
    p_value, p_equal = accuracy.p_value_adjusted, equivalence.p_value_adjusted
    if p_value is None or p_equal is None:
        raise StatisticsError(
            "the p-values are not adjusted yet, expected Holm's adjustment over all variations of the study. Pass the "
            "contrasts through `adjusted` and the equivalences through `adjusted_equivalence` first."
        )
    verdict = judge(accuracy.difference.estimate, p_value, p_equal, criteria=criteria)
    if verdict.decision is not Decision.UNDECIDED:
        return verdict
    if evidence is Evidence.AT_CHANCE or not accuracy.deviation:
        reason = Reason.AT_CHANCE if evidence is Evidence.AT_CHANCE else Reason.EQUAL_DIFFERENCES
        return Verdict(decision=Decision.UNDECIDED, reason=reason)
    return _planned(accuracy, accuracy.deviation, comparisons, criteria)


def judge(difference: float, p_value: float, p_equal: float, *, criteria: Criteria = USUAL) -> Verdict:
    """Apply rules 2 and 3 of `decide` to numbers that may come from pairs or not.

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


def _planned(accuracy: Contrast, deviation: float, comparisons: int, criteria: Criteria) -> Verdict:
    """Apply rule 5 of `decide`."""
    level, power, difference = criteria.significance, criteria.power, accuracy.difference.estimate
    needed = {
        Prospect.EQUIVALENCE: seeds_needed_for_equivalence(
            difference, deviation, criteria.margin, comparisons=comparisons, power=power, level=level
        ),
        Prospect.DIFFERENCE: seeds_needed(difference, deviation, comparisons=comparisons, power=power, level=level),
    }
    possible = {prospect: seeds for prospect, seeds in needed.items() if seeds is not None}
    if not possible:
        return Verdict(decision=Decision.UNDECIDED)
    nearest = min(possible, key=possible.__getitem__)
    more = max(1, possible[nearest] - accuracy.pairs)
    return Verdict(decision=Decision.UNDECIDED, more_seeds=more, prospect=nearest)
