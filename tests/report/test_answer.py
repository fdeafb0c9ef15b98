from dataclasses import replace

import pytest
from made_up import made_up_folder, made_up_study
from states import TANH

from ceteris.report.account import give_account
from ceteris.report.answer import answer, earlier
from ceteris.results.results import read_results

TARGET = "44.82 % validation accuracy (90 % of the baseline's mean final one)"

LAST = {
    "one seed": f"Which variations reach {TARGET} sooner than the baseline cannot be told from one pair of runs each.",
    "baseline missing": (
        "How fast the variations learn cannot be compared yet, as no seed has a learning curve in both arms."
    ),
    "baseline diverged": (
        "Which variations learn sooner than the baseline cannot be told, as the chance level reaches 90 % of its mean "
        "final validation accuracy."
    ),
    "one variation": f"The variation was not shown to reach {TARGET} in fewer or in more epochs than the baseline.",
    "no variations": "The study has no variations, so there is nothing to compare the baseline with.",
}


@pytest.mark.parametrize("state", LAST)
def test_the_last_sentence_says_what_is_known_of_convergence(accounts, state):
    """Or why nothing is: one pair, no baseline, a baseline that learnt nothing, no variation."""
    assert answer(accounts(state))[-1] == LAST[state]


def test_one_variation_is_spoken_of_as_one(accounts):
    """A study of one variation has no `1 of the 1 variations`."""
    assert answer(accounts("one variation"))[1:4] == (
        "The variation was not shown to be better than the baseline.",
        "The variation was not shown to be worse than the baseline.",
        "The variation was practically equal to the baseline, within \N{PLUS-MINUS SIGN}1.5 pp: “tanh” (activation).",
    )


def test_one_undecided_variation_says_what_was_missed(tmp_path):
    """It is left undecided, with the difference that would have been seen."""
    study = made_up_study(seeds=3, variation=(TANH,), analysis={"margin": 0.1})
    account = give_account(read_results(made_up_folder(tmp_path / "r", study=study)))

    assert answer(account)[3] == (
        "The variation was left undecided, since it was not shown to be practically equal to the baseline, within "
        "\N{PLUS-MINUS SIGN}0.1 pp, either: “tanh” (activation), where these seeds may well have missed differences "
        "below 0.82 pp."
    )


def test_a_variation_without_results_is_not_called_undecided(accounts):
    """It is said to be not compared, apart from those that were."""
    assert "; 1 was not compared, because results are missing: “left out” (transfer)" in answer(accounts("transfer"))[3]


def test_differences_measured_once_have_no_verdict(accounts):
    """The smallest and the largest are given, and what it takes to judge them."""
    assert answer(accounts("half"))[1:3] == (
        "Measured once, “deeper” (depth) differs from the baseline by +4.75 pp.",
        "No variation can be called better, worse or equal yet: that takes error bars, and these take two seeds.",
    )
    assert answer(accounts("one seed"))[1] == (
        "The difference to the baseline, measured once for each variation, goes from “shallow” (depth, "
        "\N{MINUS SIGN}9.00 pp) to “deeper” (depth, +4.75 pp)."
    )


def test_times_that_were_cut_off_have_no_interval(accounts):
    """A run that never got there is counted and named in place of an interval that would be too short."""
    assert answer(accounts("complete"))[-1].endswith(
        "and 1 in more: “shallow” (depth, +2.0 epochs, with 8 of its 8 runs not there by epoch 5)."
    )


def test_sooner_and_later_are_told_apart(accounts):
    """By the sign of the difference in epochs, if the sign-flip test shows it after Holm's adjustment."""
    account = accounts("complete")

    assert [one.variation for one in earlier(account, sooner=True)] == ["deeper"]
    assert [one.variation for one in earlier(account, sooner=False)] == ["shallow"]
    strict = replace(account, criteria=replace(account.criteria, significance=0.001))
    assert earlier(strict, sooner=True) == earlier(strict, sooner=False) == ()


def test_no_state_has_more_than_five_sentences(accounts, state):
    """The answer is short, whatever there is to say."""
    assert 1 <= len(answer(accounts(state))) <= 5
