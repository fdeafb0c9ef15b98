from dataclasses import replace

import pytest

from ceteris.report.wording import comparison_notes, run_notes, seed_list, verdict_detail, verdict_words
from ceteris.statistics.comparison import compare
from ceteris.statistics.contrast import USUAL
from ceteris.statistics.scores import Ending, Scores
from ceteris.statistics.summary import summarise
from ceteris.statistics.verdict import Decision, Prospect, Reason, Verdict
from tests.statistics.conftest import make_arm  # noqa: F401 - a fixture


@pytest.fixture
def compared(make_arm):  # noqa: F811
    """Compare a variation with the baseline, both given by the accuracies of their runs."""

    def compare_arms(before, after, correct=(None, None)):
        baseline = make_arm("baseline", before, correct=correct[0])
        variation = make_arm("wide", after, correct=correct[1])
        return compare(Scores(baseline=baseline, variations=(variation,), chance=0.1), replicates=20)[0]

    return compare_arms


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(decision=Decision.BETTER), "better"),
        (Verdict(decision=Decision.EQUIVALENT), "equivalent"),
        (
            Verdict(decision=Decision.EQUIVALENT, reason=Reason.WORSE_WITHIN_MARGIN),
            "equivalent (worse, by less than the margin)",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, more_seeds=1_000, prospect=Prospect.EQUIVALENCE),
            "undecided: if the difference is as measured, 1,000 more seeds would probably show equivalence",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, more_seeds=1, prospect=Prospect.DIFFERENCE),
            "undecided: if the difference is as measured, 1 more seed would probably show it",
        ),
        (
            Verdict(decision=Decision.UNDECIDED),
            "undecided: if the difference is as measured, it would take more than 1,000 seeds",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_PAIR, more_seeds=1, prospect=Prospect.ERROR_BARS),
            "undecided: one pair of runs shows no spread, error bars need at least two",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, reason=Reason.EQUAL_DIFFERENCES),
            "undecided: all 3 differences are equal, and show no spread to plan more seeds with",
        ),
        (Verdict(decision=Decision.UNDECIDED, reason=Reason.AT_CHANCE), "undecided: no run did better than chance"),
        (
            Verdict(decision=Decision.NOT_COMPARED, reason=Reason.NO_PAIR),
            "not compared: no seed has results in both arms yet",
        ),
        (
            Verdict(decision=Decision.NOT_COMPARED, reason=Reason.ALL_DIVERGED),
            "not compared: every run that could be paired diverged",
        ),
    ],
)
def test_verdicts_in_words(compared, verdict, words):
    """The decision, and after it the reason or what it would take."""
    one = compared(dict.fromkeys(range(3), 0.5), dict.fromkeys(range(3), 0.6))
    assert verdict_words(replace(one, verdict=verdict)) == words
    assert verdict_detail(verdict, 3) in words


def test_every_reason_has_words():
    """A new reason cannot be forgotten."""
    for reason in Reason:
        assert verdict_detail(Verdict(decision=Decision.UNDECIDED, reason=reason))


def test_a_finding_that_the_sign_flip_test_cannot_confirm_is_noted(compared):
    """Three clear pairs pass Student's test; the exact test cannot go below 0.25, and the reader learns it."""
    found = compared({0: 0.5, 1: 0.52, 2: 0.51}, {0: 0.60, 1: 0.621, 2: 0.609})
    assert found.verdict.decision is Decision.BETTER
    (note,) = comparison_notes(found, USUAL)
    assert note == (
        "The sign-flip test, which does not assume a normal distribution, does not confirm this (adjusted p = "
        "0.25; with 3 pairs a single p-value cannot go below 0.25)."
    )


def test_seeds_without_a_pair_are_noted(compared):
    """Seeds that count in one arm only."""
    found = compared({0: 0.5, 1: 0.52, 2: 0.51}, {0: 0.50, 1: 0.53, 3: 0.51})
    assert tuple(comparison_notes(found, USUAL)) == ("Seeds 2, 3 count in one arm only, and so in no pair.",)


def test_equal_differences_are_noted(compared):
    """Without a spread the p-value is that of another test."""
    found = compared(dict.fromkeys(range(8), 0.5), dict.fromkeys(range(8), 0.5))
    assert tuple(comparison_notes(found, USUAL)) == (
        "All 8 differences are equal; without a spread, the sign-flip test stands for Student's.",
    )


def test_predictions_of_some_pairs_only_are_noted(compared):
    """The interval over images rests on fewer pairs than the verdict."""
    correct = [{seed: [1, right, 1, seed % 2] for seed in range(3)} for right in (0, 1)]
    found = compared(dict.fromkeys(range(4), 0.5), dict.fromkeys(range(4), 0.75), correct)
    assert next(comparison_notes(found, USUAL)) == (
        "The interval over test images rests on 3 of the 4 pairs; the others have no predictions."
    )


def test_nothing_is_noted_of_arms_that_all_diverged(compared):
    """The verdict says it already."""
    wild = dict.fromkeys(range(4), Ending.DIVERGED)
    assert tuple(comparison_notes(compared(wild, wild | {9: Ending.DIVERGED}), USUAL)) == ()


def test_runs_that_did_not_end_as_they_should_are_noted(make_arm):  # noqa: F811
    """How many, of how many, which, and how they count."""
    ends = {
        5: Ending.MISSING,
        4: Ending.FAILED,
        3: Ending.FAILED,
        2: Ending.DIVERGED,
        1: 0.6,
        0: 0.1,
        6: Ending.MISSING,
    }
    assert tuple(run_notes(summarise(make_arm("wide", ends), chance=0.1), 0.1)) == (
        "1 of 7 runs of wide diverged (seed 2): counted at the chance level, 10 %.",
        "2 of 7 runs of wide failed (seeds 3, 4): counted in no mean and in no pair.",
        "2 of 7 runs of wide are still to come (seeds 5, 6): counted in no mean and in no pair yet.",
        "1 of 7 runs of wide finished no better than chance (seed 0): counted with what they scored.",
    )
    one = summarise(make_arm("wild", {0: Ending.MISSING}), chance=1 / 3)
    assert tuple(run_notes(one, 1 / 3)) == (
        "1 of 1 run of wild is still to come (seed 0): counted in no mean and in no pair yet.",
    )


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ((4,), "seed 4"),
        ((1, 2), "seeds 1, 2"),
        ((0, 1, 2, 3, 7, 8), "seeds 0 to 3, 7, 8"),
        ((1, 5, 6, 7), "seeds 1, 5 to 7"),
    ],
)
def test_seeds_are_named_in_few_words(seeds, words):
    """Three and more in a row are named by their ends."""
    assert seed_list(seeds) == words
