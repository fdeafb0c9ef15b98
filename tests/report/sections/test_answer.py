from dataclasses import replace

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.blocks import VariationSummary
from ceteris.report.sections import differences, factors
from ceteris.report.sections.answer import answer, faster
from ceteris.report.sections.methods import methods
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study
from tests.report.reading import blocks_of
from tests.states import DEEPER, TANH

AREA = "mean validation accuracy over the epochs (area under the learning curve of runs that learned)"

NO_CURVES = (
    "How fast the variations learn cannot be compared: that takes a run that learned of the baseline and of a "
    "variation."
)

LAST = {
    "one seed": "How fast the variations learn is not known from one run each.",
    "baseline missing": NO_CURVES,
    "baseline diverged": NO_CURVES,
    "one variation": f"The variation was not shown to have a higher or a lower {AREA} than the baseline.",
    "no variations": "The study has no variations, so there is nothing to compare the baseline with.",
}


@pytest.mark.parametrize("state", LAST)
def test_the_last_sentence_says_what_is_known_of_convergence(analyses, state):
    """Or why nothing is: one pair, no baseline, a baseline that learnt nothing, no variation."""
    assert answer(analyses(state))[-1] == LAST[state]


def test_without_a_baseline_nothing_is_said_of_error_bars(analyses):
    """Its variations have three seeds each, as those of a shard may: more seeds are not what is missing."""
    assert answer(analyses("baseline missing")) == (
        (
            "So far, with 6 of 9 runs at an end, the baseline has no result, so that no variation can be compared with "
            "it."
        ),
        NO_CURVES,
    )


def test_one_variation_is_spoken_of_as_one(analyses):
    """A study of one variation has no `1 of the 1 variations`."""
    assert answer(analyses("one variation"))[1:4] == (
        "The variation was not shown to be better than the baseline on these test images.",
        "The variation was not shown to be worse than the baseline on these test images.",
        "The variation was equivalent to the baseline, within \N{PLUS-MINUS SIGN}1.5 pp: “tanh” (activation).",
    )


def test_one_undecided_variation_says_what_is_possible(tmp_path):
    """It is left undecided, with the differences that its interval does not exclude."""
    study = made_up_study(seeds=3, variation=(TANH,), analysis={"margin": 0.1})
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))

    assert answer(analysis)[3] == (
        "The variation was left undecided, since it was not shown to be equivalent to the baseline, within "
        "\N{PLUS-MINUS SIGN}0.1 pp, either: “tanh” (activation), where the simultaneous 95 % interval leaves "
        "differences from \N{MINUS SIGN}0.62 to +0.62 pp possible."
    )


def test_only_variations_with_an_interval_are_said_to_have_one(tmp_path):
    """One with a single run that learned is undecided too, and its difference has no error bars."""
    study = made_up_study(seeds=3, variation=(TANH, DEEPER), analysis={"margin": 0.1})
    diverged = {("deeper", 1): "diverged", ("deeper", 2): "diverged"}
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, became=diverged)))

    assert answer(analysis)[3] == (
        "Neither variation was shown to be equivalent to the baseline, within \N{PLUS-MINUS SIGN}0.1 pp; 2 were left "
        "undecided: “deeper” (depth) and “tanh” (activation), where the simultaneous 95 % interval of “tanh” "
        "(activation) leaves differences from \N{MINUS SIGN}0.90 to +0.90 pp possible."
    )


def test_a_variation_without_results_is_not_called_undecided(analyses):
    """It is said to be not compared, apart from those that were."""
    assert (
        "; 1 was not compared, because an arm has no run that learned, or none at an end: “left out” (transfer)"
        in answer(analyses("transfer"))[3]
    )


def test_differences_measured_once_have_no_verdict(analyses):
    """The smallest and the largest are given, and what it takes to judge them."""
    assert answer(analyses("half"))[1:3] == (
        "Measured once, “deeper” (depth) differs from the baseline by +4.67 pp.",
        (
            "No variation can be called better, worse or equivalent yet: that takes error bars, and these take two "
            "runs of each arm that learned."
        ),
    )
    assert answer(analyses("one seed"))[2].endswith("and these take two seeds.")
    assert answer(analyses("one seed"))[1] == (
        "The difference to the baseline, measured once for each variation, goes from “shallow” (depth, "
        "\N{MINUS SIGN}9.00 pp) to “deeper” (depth, +4.75 pp)."
    )


def test_areas_under_the_curve_are_told_with_their_individual_interval(analyses):
    """The largest gain and the largest loss are named, with what the t test of the area shows of them."""
    assert answer(analyses("complete"))[-1] == (
        f"1 variation was shown to have a higher {AREA} than the baseline: “deeper” (depth, +9.73 pp, individual 95 % "
        "interval +9.16 to +10.30 pp), and 1 a lower one: “shallow” (depth, \N{MINUS SIGN}16.08 pp, individual 95 % "
        "interval \N{MINUS SIGN}16.61 to \N{MINUS SIGN}15.55 pp)."
    )


def test_a_loss_without_a_gain_is_told(analyses):
    """None is shown to be higher, and the one that is lower is named."""
    analysis = analyses("complete")
    chosen = tuple(one for one in analysis.comparisons if one.variation != "deeper")
    told = answer(replace(analysis, comparisons=chosen))[-1]
    assert told.startswith(
        f"None of the 3 variations was shown to have a higher {AREA} than the baseline; 1 was shown to"
    )


def test_higher_and_lower_areas_are_told_apart(analyses):
    """By the sign of the difference, if the t test shows it after Holm's adjustment."""
    analysis = analyses("complete")

    assert [one.variation for one in faster(analysis, higher=True)] == ["deeper"]
    assert [one.variation for one in faster(analysis, higher=False)] == ["shallow"]
    strict = replace(analysis, criteria=replace(analysis.criteria, significance=1e-12))
    assert faster(strict, higher=True) == faster(strict, higher=False) == ()


def test_a_study_of_the_population_says_so(tmp_path):
    """Its verdicts speak of images like the test images, in the summary and in the methods."""
    study = made_up_study(seeds=6, analysis={"margin": 1.5, "scope": "population"})
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))
    assert "better than the baseline on images like these test images" in answer(analysis)[1]
    assert any(text.startswith("As the study declares, test images are a sample too: ") for text in methods(analysis))


def test_no_state_has_more_than_six_sentences(analyses, state):
    """The answer is short: five sentences, one more where runs did not learn, and one for each cross."""
    analysis = analyses(state)
    assert 1 <= len(answer(analysis)) <= 5 + analysis.has_collapsed + len(analysis.factorials)


def test_runs_that_did_not_learn_have_a_sentence(analyses):
    """How many, and which variations were shown to collapse more or less often; none where every run learned."""
    assert answer(analyses("a variation diverged"))[4] == (
        "3 runs did not learn, 0 of the baseline's 3 among them; no variation was shown to collapse more or less often."
    )
    assert not any("did not learn" in sentence for sentence in answer(analyses("complete")))


def test_a_variation_that_collapses_more_often_is_named(tmp_path):
    """With its runs that did, beside those of the baseline."""
    became = {("tanh", seed): "guessing" for seed in range(9)}
    study = made_up_study(seeds=12, variation=(TANH,))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, became=became)))

    assert answer(analysis)[4] == (
        "9 runs did not learn, 0 of the baseline's 12 among them; “tanh” (9 of 12) collapses more often."
    )


def test_a_study_of_the_population_counts_the_images_once(tmp_path):
    """The interval of a difference allows for them already: there is no wider one beside it, in picture or card."""
    study = made_up_study(seeds=6, analysis={"margin": 1.5, "scope": "population"})
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))
    (picture, _) = differences.section(analysis).blocks
    cards = blocks_of([factors.section(analysis)], VariationSummary)

    assert all(one.over_images == one.accuracy.simultaneous for one in analysis.comparisons)
    assert "with simultaneous 95 % intervals over seeds and test images" in picture.alt
    assert not any("taken as a sample too" in text for card in cards for text in card.sentences)
