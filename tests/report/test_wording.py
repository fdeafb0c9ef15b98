from dataclasses import replace

import pytest

from ceteris.report.wording import comparison_notes, headline, run_notes, seed_list, verdict_detail, verdict_words
from ceteris.statistics.collapse import Collapse, Stability
from ceteris.statistics.comparison import compare
from ceteris.statistics.contrast import USUAL
from ceteris.statistics.power import Forecast
from ceteris.statistics.scores import Ending, Scores
from ceteris.statistics.summary import summarise
from ceteris.statistics.verdict import Decision, Reason, Verdict
from tests.statistics.conftest import make_arm  # noqa: F401 - a fixture


@pytest.fixture
def compared(make_arm):  # noqa: F811
    """Compare a variation with the baseline, both given by the accuracies of their runs."""

    def compare_arms(before, after, correct=(None, None)):
        baseline = make_arm("baseline", before, correct=correct[0])
        variation = make_arm("wide", after, correct=correct[1])
        return compare(Scores(baseline=baseline, variations=(variation,), chance=0.1))[0]

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
            Verdict(
                decision=Decision.UNDECIDED, forecast=Forecast(baseline=1, variation=0, probability=0.2, most=0.713)
            ),
            "undecided",
        ),
        (
            Verdict(
                decision=Decision.UNDECIDED, forecast=Forecast(baseline=48, variation=16, probability=0.7, most=0.7)
            ),
            "undecided",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_RUN),
            "undecided: one run that learned shows no spread, error bars need at least two in each arm",
        ),
        (
            Verdict(decision=Decision.UNDECIDED, reason=Reason.NO_SPREAD),
            "undecided: the runs show no spread to plan more with",
        ),
        (Verdict(decision=Decision.NOT_COMPARED, reason=Reason.NO_RUN), "not compared: an arm has no result yet"),
        (
            Verdict(decision=Decision.NOT_COMPARED, reason=Reason.BASELINE_COLLAPSED),
            "not compared: no run of the baseline learned",
        ),
    ],
)
def test_verdicts_in_words(compared, verdict, words):
    """The decision, and after it the reason; what more runs may show is a sentence of its own."""
    one = compared(dict.fromkeys(range(3), 0.5), dict.fromkeys(range(3), 0.6))
    assert verdict_words(replace(one, verdict=verdict)) == words
    assert verdict.forecast or verdict_detail(verdict) in words


@pytest.mark.parametrize(
    ("forecast", "short", "words"),
    [
        (
            Forecast(baseline=1, variation=0, probability=0.2, most=0.713),
            "20 % with 1 more run of the baseline",
            (
                "With 1 more run of the baseline that learns, the probability that the test shows a difference is 20 "
                "%; no number of runs makes it more than 71 %."
            ),
        ),
        (
            Forecast(baseline=48, variation=16, probability=0.7, most=0.7),
            "70 % with 48 + 16 more runs",
            (
                "With 48 more runs of the baseline and 16 of the variation that learn, the probability that the test "
                "shows a difference is 70 %."
            ),
        ),
    ],
)
def test_what_more_runs_may_show_is_short_in_a_table_and_whole_in_a_sentence(compared, forecast, short, words):
    """The table has the probability and the runs, the card of the variation the sentence with the limit."""
    verdict = Verdict(decision=Decision.UNDECIDED, forecast=forecast)
    one = compared(dict.fromkeys(range(3), 0.5), dict.fromkeys(range(3), 0.6))
    assert verdict_detail(verdict) == short
    assert next(comparison_notes(replace(one, verdict=verdict), USUAL)) == words


LESS = Collapse(baseline=(9, 16), variation=(0, 16), p_value=0.001, stability=Stability.LESS_OFTEN)
OPEN = Collapse(baseline=(0, 16), variation=(1, 16), p_value=1.0)


@pytest.mark.parametrize(
    ("decision", "collapse", "words"),
    [
        (Decision.BETTER, None, "better"),
        (Decision.BETTER, replace(OPEN, variation=(0, 16)), "better"),
        (Decision.BETTER, OPEN, "better when it learns"),
        (Decision.UNDECIDED, OPEN, "undecided"),
        (Decision.EQUIVALENT, LESS, "equivalent when the baseline learns; collapses less often"),
        (Decision.WORSE, replace(OPEN, baseline=(1, 16)), "worse when both learn"),
        (Decision.NOT_COMPARED, replace(LESS, stability=Stability.MORE_OFTEN), "collapses more often"),
    ],
)
def test_a_headline_says_what_was_found_of_accuracy_and_of_collapse(decision, collapse, words):
    """A claim about accuracies holds for runs that learned wherever some did not."""
    assert headline(Verdict(decision=decision), collapse) == words


def test_every_reason_has_words():
    """A new reason cannot be forgotten."""
    for reason in Reason:
        assert verdict_detail(Verdict(decision=Decision.UNDECIDED, reason=reason))


def test_a_finding_that_the_sign_flip_test_does_not_confirm_is_noted(compared):
    """Nine pairs of which two pull the other way: the exact test could have confirmed it, and does not."""
    changes = [0.02, *[0.002 + seed % 3 / 10_000 for seed in range(6)], -0.009, -0.004]
    before = {seed: 0.5 + seed * 7 % 5 / 1000 for seed in range(9)}
    found = compared(before, {seed: before[seed] + changes[seed] for seed in range(9)})
    one = replace(found, verdict=Verdict(decision=Decision.BETTER))
    (note,) = comparison_notes(one, USUAL)
    assert note == (
        "The sign-flip test over 9 pairs, which does not assume a normal distribution, does not confirm this (adjusted "
        f"p = {found.accuracy.sign_flip_adjusted:.2g})."
    )


def test_few_pairs_of_one_sign_confirm_nothing_and_deny_nothing(compared):
    """Three clear pairs: no pattern of three signs is improbable enough, which says nothing about the verdict."""
    found = compared({0: 0.5, 1: 0.52, 2: 0.51}, {0: 0.60, 1: 0.621, 2: 0.609})
    assert found.verdict.decision is Decision.BETTER
    assert tuple(comparison_notes(found, USUAL)) == ()


def test_equal_differences_are_noted(compared):
    """Without a spread the p-value is that of another test."""
    found = compared(dict.fromkeys(range(8), 0.5), dict.fromkeys(range(8), 0.5))
    assert tuple(comparison_notes(found, USUAL)) == (
        "The runs show no spread; the p-value is that of the patterns of chance that would give this difference.",
    )


def test_a_verdict_that_hangs_on_failed_runs_is_noted(compared):
    """What it would be if they had not learned."""
    before = {seed: 0.5 + seed / 1000 for seed in range(8)}
    after = {seed: 0.5 + seed / 1000 if seed < 2 else Ending.FAILED for seed in range(8)}
    assert tuple(comparison_notes(compared(before, after), USUAL))[-1] == (
        "If the runs that failed had not learned, the verdict would be: equivalent when it learns; collapses "
        "more often."
    )


def test_a_verdict_that_holds_on_these_test_images_only_is_noted(compared):
    """One image of four makes the difference: it is certain here, and says little of other images."""
    narrow, wide = (
        [{seed: [1, right, 1, right, *[0, right] * 50][:images] for seed in range(8)} for right in (0, 1)]
        for images in (3, 104)
    )
    scores = dict.fromkeys(range(8), 0.5), dict.fromkeys(range(8), 0.75)
    assert next(comparison_notes(compared(*scores, narrow), USUAL)) == (
        "It is shown on these test images only: with the images taken as a sample too, the verdict would be undecided."
    )
    assert not any("images only" in note for note in comparison_notes(compared(*scores, wide), USUAL))


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
        (
            "1 of 7 runs of wide diverged (seed 2): counted as not learned, and in the mean over all runs at chance, "
            "10 %."
        ),
        "2 of 7 runs of wide failed (seeds 3, 4): counted in no number.",
        "2 of 7 runs of wide are still to come (seeds 5, 6): counted in no number yet.",
        "1 of 7 runs of wide finished no better than chance (seed 0): counted as not learned.",
    )
    one = summarise(make_arm("wild", {0: Ending.MISSING}), chance=1 / 3)
    assert tuple(run_notes(one, 1 / 3)) == ("1 of 1 run of wild is still to come (seed 0): counted in no number yet.",)


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
