from dataclasses import replace

import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import Criteria, adjusted, contrast
from ceteris.statistics.equivalence import adjusted_equivalence, equivalence_test
from ceteris.statistics.power import equivalence_power, paired_power, seeds_needed, seeds_needed_for_equivalence
from ceteris.statistics.scores import Evidence
from ceteris.statistics.verdict import Decision, Prospect, Reason, Verdict, decide


def judged(changes, *, comparisons=1, margin=0.005):
    """Judge a variation with these differences, in a study whose other variations have no pairs yet."""
    changes = np.array(changes)
    others = [None] * (comparisons - 1)
    criteria = Criteria(margin=margin)
    before = np.full(len(changes), 0.5)
    gain = contrast(before, before + changes, generator=np.random.default_rng(0), comparisons=comparisons)
    (accuracy, *_) = adjusted([gain, *others])
    (equivalence, *_) = adjusted_equivalence([equivalence_test(changes, margin=margin), *others])
    return decide(accuracy, equivalence, comparisons=comparisons, criteria=criteria)


NOISE = np.array([-0.011, 0.012, -0.004, 0.003, 0.009, -0.009, 0.001, -0.001])


@pytest.mark.parametrize(("shift", "finding"), [(0.05, Decision.BETTER), (-0.05, Decision.WORSE)])
def test_a_large_difference_is_decided(shift, finding):
    """A difference far beyond its noise is better or worse, by its sign."""
    assert judged(NOISE + shift) == Verdict(decision=finding)


def test_a_small_one_within_the_margin_is_equivalent():
    """Little noise around nothing is equivalent."""
    assert judged(NOISE / 10) == Verdict(decision=Decision.EQUIVALENT)


def test_a_certain_difference_within_the_margin_is_equivalent_for_a_reason():
    """What the study declared not to matter is equivalent, and the reason says which way it goes."""
    assert judged(NOISE / 10 + 0.003) == Verdict(decision=Decision.EQUIVALENT, reason=Reason.BETTER_WITHIN_MARGIN)
    assert judged(NOISE / 10 - 0.003) == Verdict(decision=Decision.EQUIVALENT, reason=Reason.WORSE_WITHIN_MARGIN)


def test_an_undecided_one_says_how_many_seeds_would_show_the_difference():
    """The seeds to add are the fewest that have 80 % power at the measured difference."""
    verdict = judged(NOISE + 0.006)
    effect = 0.006 / np.std(NOISE, ddof=1)
    assert verdict == Verdict(decision=Decision.UNDECIDED, prospect=Prospect.DIFFERENCE, more_seeds=9)
    assert paired_power(effect, 16) < 0.8 <= paired_power(effect, 17)


def test_an_undecided_one_says_how_many_seeds_would_show_equivalence():
    """Where the difference is small, equality is nearer, and the fewest seeds for it are given."""
    verdict = judged(NOISE)
    bound = 0.005 / np.std(NOISE, ddof=1)
    assert verdict == Verdict(decision=Decision.UNDECIDED, prospect=Prospect.EQUIVALENCE, more_seeds=16)
    assert equivalence_power(0, bound, 23) < 0.8 <= equivalence_power(0, bound, 24)


@pytest.mark.parametrize(("shift", "prospect"), [(0.002, Prospect.EQUIVALENCE), (0.004, Prospect.DIFFERENCE)])
def test_the_nearer_of_two_prospects_is_given(shift, prospect):
    """Where more seeds would show either in the end, the prospect is what fewer seeds would show."""
    deviation = np.std(NOISE, ddof=1)
    needed = {
        Prospect.DIFFERENCE: seeds_needed(shift, deviation),
        Prospect.EQUIVALENCE: seeds_needed_for_equivalence(shift, deviation, 0.005),
    }
    assert None not in needed.values()
    assert needed[prospect] == min(needed.values())
    verdict = judged(NOISE + shift)
    assert (verdict.prospect, verdict.more_seeds) == (prospect, needed[prospect] - 8)


def test_more_comparisons_ask_for_more_seeds():
    """With 14 variations in the study, each has to pass a stricter level."""
    assert judged(NOISE + 0.006, comparisons=14).more_seeds > judged(NOISE + 0.006).more_seeds


def test_more_comparisons_ask_for_a_clearer_difference():
    """What is better alone is undecided as one of 14, because of Holm's adjustment."""
    assert judged(NOISE + 0.009).decision is Decision.BETTER
    assert judged(NOISE + 0.009, comparisons=14).decision is Decision.UNDECIDED


def test_hopeless_cases_say_so():
    """Where more than 1,000 seeds would be needed, no number is given."""
    verdict = judged(NOISE * 20 + 0.006)
    assert verdict == Verdict(decision=Decision.UNDECIDED)


@pytest.mark.parametrize("difference", [0.0, 1 / 9])
def test_equal_differences_give_no_advice(difference):
    """Where all differences are equal, nothing says how many more seeds it would take."""
    verdict = judged([difference] * 2)
    assert verdict == Verdict(decision=Decision.UNDECIDED, reason=Reason.EQUAL_DIFFERENCES)


def test_arms_at_chance_give_no_advice():
    """Where no run of either arm did better than chance, more seeds would show nothing about the variation."""
    changes = NOISE[:4]
    accuracy = adjusted([contrast(np.full(4, 0.1), 0.1 + changes, generator=np.random.default_rng(0))])[0]
    equivalence = adjusted_equivalence([equivalence_test(changes, margin=0.005)])[0]
    verdict = decide(accuracy, equivalence, evidence=Evidence.AT_CHANCE)
    assert verdict == Verdict(decision=Decision.UNDECIDED, reason=Reason.AT_CHANCE)


def test_arms_of_which_every_run_diverged_are_not_compared():
    """Two chance levels are imputed, not measured: they are not equivalent, whatever the numbers."""
    accuracy = adjusted([contrast(np.full(8, 0.1), np.full(8, 0.1), generator=np.random.default_rng(0))])[0]
    equivalence = adjusted_equivalence([equivalence_test(np.zeros(8), margin=0.005)])[0]
    assert decide(accuracy, equivalence).decision is Decision.EQUIVALENT
    verdict = decide(accuracy, equivalence, evidence=Evidence.DIVERGED)
    assert verdict == Verdict(decision=Decision.NOT_COMPARED, reason=Reason.ALL_DIVERGED)


@pytest.mark.parametrize(
    ("size", "decision", "reason", "more"),
    [(0, Decision.NOT_COMPARED, Reason.NO_PAIR, 2), (1, Decision.UNDECIDED, Reason.ONE_PAIR, 1)],
)
def test_without_error_bars_nothing_is_decided(size, decision, reason, more):
    """No pair is no comparison, one pair is undecided; both need two."""
    accuracy = contrast([0.5], [0.9], generator=np.random.default_rng(0)) if size else None
    expected = Verdict(decision=decision, reason=reason, more_seeds=more, prospect=Prospect.ERROR_BARS)
    assert decide(accuracy, None) == expected


@pytest.mark.parametrize("size", [2, 3, 8])
def test_arms_without_any_spread(size):
    """Equal arms are undecided from two seeds and equivalent from eight, never certain from two."""
    finding = judged([0.0] * size).decision
    assert finding is (Decision.EQUIVALENT if size == 8 else Decision.UNDECIDED)


def test_p_values_must_be_adjusted_first():
    """A contrast outside its family is refused with what to do."""
    changes = NOISE + 0.05
    accuracy = contrast(np.full(8, 0.5), 0.5 + changes, generator=np.random.default_rng(0))
    equivalence = replace(equivalence_test(changes, margin=0.005), p_value_adjusted=1.0)
    with pytest.raises(StatisticsError) as error:
        decide(accuracy, equivalence)
    assert str(error.value) == (
        "the p-values are not adjusted yet, expected Holm's adjustment over all variations of the study. Pass the "
        "contrasts through `adjusted` and the equivalences through `adjusted_equivalence` first."
    )
