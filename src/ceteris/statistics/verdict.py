"""What to make of a comparison: better, worse, equivalent, or undecided with what it would take."""

from dataclasses import dataclass
from enum import StrEnum

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import USUAL, Contrast, Criteria
from ceteris.statistics.equivalence import Equivalence
from ceteris.statistics.power import MOST_SEEDS, seeds_needed, seeds_needed_for_equivalence


class Decision(StrEnum):
    """The four things that a comparison can come to, and that there was none, because no pair of runs has results."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not compared"


class Prospect(StrEnum):
    """What more seeds would show if the difference is as measured."""

    DIFFERENCE = "the difference"
    EQUIVALENCE = "equivalence"
    ERROR_BARS = "error bars"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a comparison came to.

    Attributes:
        decision: One of four, or that nothing was compared.
        words: The decision, and for an undecided one what it would take.
        more_seeds: For an undecided one: seeds to add to each arm; None where more than `MOST_SEEDS` are needed, or
            where the pairs say nothing about it.
        prospect: For an undecided one: what these seeds would show.
    """

    decision: Decision
    words: str
    more_seeds: int | None = None
    prospect: Prospect | None = None


def decide(
    accuracy: Contrast | None,
    equivalence: Equivalence | None,
    *,
    comparisons: int = 1,
    criteria: Criteria = USUAL,
    learned: bool = True,
) -> Verdict:
    """Judge a variation by its difference in test accuracy, its error bars, and the margin that the study declared.

    The first rule that applies:

    1. No pair: not compared. One pair: undecided; error bars need at least two.
    2. The two one-sided tests pass, Holm-adjusted: equivalent, even where a difference inside the margin is
       certain, since the study declared such differences not to matter; the words then say so.
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
        accuracy: Test accuracy of the pairs, from `adjusted`; nothing where there are none.
        equivalence: Two one-sided tests of the same pairs, from `adjusted_equivalence`; nothing for fewer than two.
        comparisons: Variations that the study compares with its baseline.
        criteria: What counts as a finding.
        learned: Whether any run of a pair did better than chance.

    Raises:
        StatisticsError: If the p-values are not adjusted yet.

    Example:
        >>> decide(None, None).words
        'not compared: no seed counts in both arms yet'
    """
    if accuracy is None or accuracy.deviation is None or equivalence is None:
        return _without_error_bars(0 if accuracy is None else accuracy.pairs)
    p_value, p_equal = accuracy.p_value_adjusted, equivalence.p_value_adjusted
    if p_value is None or p_equal is None:
        raise StatisticsError(
            "the p-values are not adjusted yet, expected Holm's adjustment over all variations of the study. Pass the "
            "contrasts through `adjusted` and the equivalences through `adjusted_equivalence` first."
        )
    difference = accuracy.difference.estimate
    finding, words = judge(difference, p_value, p_equal, criteria=criteria)
    if finding is not Decision.UNDECIDED:
        return Verdict(decision=finding, words=words)
    if not accuracy.deviation or not learned:
        found = f"all {accuracy.pairs} differences are equal, and show no spread to plan more seeds with"
        return Verdict(decision=finding, words=f"{finding}: {found if learned else 'no run did better than chance'}")
    level, power = criteria.significance, criteria.power
    show = seeds_needed(difference, accuracy.deviation, comparisons=comparisons, power=power, level=level)
    equal = seeds_needed_for_equivalence(
        difference, accuracy.deviation, equivalence.margin, comparisons=comparisons, power=power, level=level
    )
    return _undecided(accuracy.pairs, [(show, Prospect.DIFFERENCE), (equal, Prospect.EQUIVALENCE)])


def judge(difference: float, p_value: float, p_equal: float, *, criteria: Criteria = USUAL) -> tuple[Decision, str]:
    """Apply rules 2 to 4 of `decide` to numbers that may come from pairs or not.

    Args:
        difference: In test accuracy, as measured.
        p_value: That there is none, Holm-adjusted.
        p_equal: That it is not within the margin, Holm-adjusted.
        criteria: What counts as a finding.

    Returns:
        The decision, and the words for it.

    Example:
        >>> judge(0.002, 0.01, 0.03)
        (<Decision.EQUIVALENT: 'equivalent'>, 'equivalent (better, by less than the margin)')
    """
    direction = Decision.BETTER if difference > 0 else Decision.WORSE
    significant = p_value <= criteria.significance
    if p_equal <= criteria.significance:
        small = f" ({direction}, by less than the margin)" if significant else ""
        return Decision.EQUIVALENT, f"{Decision.EQUIVALENT}{small}"
    found = direction if significant else Decision.UNDECIDED
    return found, str(found)


def _undecided(pairs: int, needed: list[tuple[int | None, Prospect]]) -> Verdict:
    possible = [(seeds, prospect) for seeds, prospect in needed if seeds is not None]
    condition = f"{Decision.UNDECIDED}: if the difference is as measured,"
    if not possible:
        words = f"{condition} it would take more than {MOST_SEEDS:,} seeds"
        return Verdict(decision=Decision.UNDECIDED, words=words)
    seeds, prospect = min(possible)
    more = max(1, seeds - pairs)
    shown = "it" if prospect is Prospect.DIFFERENCE else prospect
    words = f"{condition} {_count(more)} would probably show {shown}"
    return Verdict(decision=Decision.UNDECIDED, words=words, more_seeds=more, prospect=prospect)


def _without_error_bars(pairs: int) -> Verdict:
    finding, found = Decision.NOT_COMPARED, "no seed counts in both arms yet"
    if pairs == 1:
        finding, found = Decision.UNDECIDED, "one pair of runs shows no spread, error bars need at least two"
    return Verdict(decision=finding, words=f"{finding}: {found}", more_seeds=2 - pairs, prospect=Prospect.ERROR_BARS)


def _count(seeds: int) -> str:
    return "1 more seed" if seeds == 1 else f"{seeds:,} more seeds"
