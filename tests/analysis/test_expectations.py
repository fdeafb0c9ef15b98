from dataclasses import replace

import pytest

from ceteris.analysis.expectations import (
    Cause,
    Claim,
    Expectation,
    ExpectationOutcome,
    check_expectations,
    read_expectation,
)
from ceteris.analysis.study_analysis import analyze
from ceteris.errors import StatisticsError
from ceteris.results.manifest import declaration
from ceteris.results.results import read_results
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Judgement
from ceteris.statistics.interval import Interval
from ceteris.statistics.verdict import Decision, Verdict
from tests.made_up import VARIATIONS, made_up_folder, made_up_study
from tests.states import analyses, folders  # noqa: F401 - fixtures

HOLDS, CONTRADICTED, UNDECIDED = ExpectationOutcome.HOLDS, ExpectationOutcome.CONTRADICTED, ExpectationOutcome.UNDECIDED


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Analyse a study of one variation, whose finding a test then chooses; the margin is 0.015."""
    study = made_up_study(seeds=3, variation=VARIATIONS[:1])
    return analyze(read_results(made_up_folder(tmp_path_factory.mktemp("e") / "r", study=study)))


def found(analysis, decision, ends=(-0.1, 0.1), stability=Stability.OPEN, **others):
    """Choose what was found of the variation."""
    (one,) = analysis.comparisons
    interval = Interval(estimate=sum(ends) / 2, low=ends[0], high=ends[1], level=0.95)
    changed = replace(
        one,
        accuracy=replace(one.accuracy, simultaneous=interval),
        verdict=Verdict(decision=decision),
        collapse=replace(one.collapse, stability=stability),
        **others,
    )
    return replace(analysis, comparisons=(changed,))


def outcome(analysis, words):
    """Check one expectation of the variation."""
    (checked,) = check_expectations(analysis, [read_expectation(f"deeper: {words}", analysis)])
    return checked.outcome, checked.cause


OPEN = (UNDECIDED, Cause.OPEN)


@pytest.mark.parametrize(
    ("decision", "better", "worse"),
    [
        (Decision.BETTER, (HOLDS, None), (CONTRADICTED, None)),
        (Decision.WORSE, (CONTRADICTED, None), (HOLDS, None)),
        (Decision.EQUIVALENT, (CONTRADICTED, None), (CONTRADICTED, None)),
        (Decision.UNDECIDED, OPEN, OPEN),
        (Decision.NOT_COMPARED, OPEN, OPEN),
    ],
)
def test_better_and_worse_are_verdicts(complete, decision, better, worse):
    """Whatever the interval says: a verdict is what the report says."""
    analysis = found(complete, decision)

    assert (outcome(analysis, "better"), outcome(analysis, "worse")) == (better, worse)


@pytest.mark.parametrize(
    ("decision", "ends", "expected"),
    [
        (Decision.BETTER, (0.001, 0.1), {"not worse": HOLDS, "not better": UNDECIDED, "equivalent": UNDECIDED}),
        (Decision.BETTER, (0.02, 0.1), {"not worse": HOLDS, "not better": CONTRADICTED, "equivalent": CONTRADICTED}),
        (Decision.WORSE, (-0.1, -0.001), {"not worse": UNDECIDED, "not better": HOLDS, "equivalent": UNDECIDED}),
        (Decision.WORSE, (-0.1, -0.02), {"not worse": CONTRADICTED, "not better": HOLDS, "equivalent": CONTRADICTED}),
        (Decision.EQUIVALENT, (-0.02, 0.02), {"not worse": HOLDS, "not better": HOLDS, "equivalent": HOLDS}),
        (Decision.UNDECIDED, (-0.02, 0.02), {"not worse": UNDECIDED, "not better": UNDECIDED}),
        (Decision.UNDECIDED, (-0.0149, 0.02), {"not worse": HOLDS, "not better": UNDECIDED, "equivalent": UNDECIDED}),
        (Decision.UNDECIDED, (-0.02, 0.0149), {"not worse": UNDECIDED, "not better": HOLDS, "equivalent": UNDECIDED}),
        (Decision.UNDECIDED, (-0.015, 0.015), {"not worse": UNDECIDED, "not better": UNDECIDED}),
    ],
)
def test_the_others_are_about_the_margin(complete, decision, ends, expected):
    """A verdict alone does not contradict them: that a difference is there does not say that it is above the margin."""
    analysis = found(complete, decision, ends)

    assert {words: outcome(analysis, words)[0] for words in expected} == expected


@pytest.mark.parametrize(
    ("stability", "less", "more"),
    [
        (Stability.LESS_OFTEN, HOLDS, CONTRADICTED),
        (Stability.MORE_OFTEN, CONTRADICTED, HOLDS),
        (Stability.OPEN, UNDECIDED, UNDECIDED),
    ],
)
def test_rates_of_collapse_are_findings(complete, stability, less, more):
    """What is open is not taken for a rate that is the same."""
    analysis = found(complete, Decision.BETTER, stability=stability)

    assert outcome(analysis, "collapses less often")[0] is less
    assert outcome(analysis, "collapses more often")[0] is more


def test_how_often_an_arm_learns_is_judged_by_its_exact_interval(complete):
    """The intervals of both arms hold together: 3 of 3 runs show no more than 23 %, and the baseline may be asked."""
    (checked,) = check_expectations(complete, [read_expectation("baseline: learns in 23 %", complete)])

    assert (checked.outcome, checked.comparison) == (HOLDS, None)
    assert checked.learning.low == pytest.approx(0.0125 ** (1 / 3))
    assert outcome(complete, "learns in 23.3 %") == OPEN
    learned = replace(complete.comparisons[0].summary, diverged=(0, 1, 2), finished=(), learned=())
    analysis = replace(complete, comparisons=(replace(complete.comparisons[0], summary=learned),))
    assert outcome(analysis, "learns in 80 %") == (CONTRADICTED, None)


def test_a_fixed_number_of_seeds_is_judged_once(complete):
    """Where a run of the variation or of the baseline is still to come, nothing holds yet."""
    analysis = found(complete, Decision.BETTER)
    early = replace(analysis, baseline=replace(analysis.baseline, missing=(9,)))

    assert outcome(early, "better") == (UNDECIDED, Cause.NOT_AT_AN_END)
    (one,) = analysis.comparisons
    own = replace(analysis, comparisons=(replace(one, summary=replace(one.summary, missing=(9,))),))
    assert outcome(own, "not worse") == (UNDECIDED, Cause.NOT_AT_AN_END)


def test_before_the_first_look_nothing_is_judged(analyses):  # noqa: F811
    """What a look has not seen is open, even if the runs so far look clear."""
    analysis = analyses("looks")
    unseen = replace(analysis, looks=replace(analysis.looks, done=()))
    (deeper,) = check_expectations(analysis, [read_expectation("deeper: not worse", analysis)])
    (still,) = check_expectations(unseen, [read_expectation("deeper: not worse", unseen)])

    assert (deeper.outcome, deeper.cause) == (HOLDS, None)
    assert (still.outcome, still.cause) == (UNDECIDED, Cause.NOT_AT_AN_END)


def test_before_the_last_look_what_is_open_is_not_at_an_end(analyses):  # noqa: F811
    """More seeds are to come, if looks are still planned; what was decided stands."""
    analysis = analyses("looks")
    between = replace(analysis, looks=replace(analysis.looks, is_over=False))
    texts = ("noisy: better", "deeper: better")
    found = [check_expectations(one, [read_expectation(text, one) for text in texts]) for one in (analysis, between)]

    assert [[(one.outcome, one.cause) for one in checked] for checked in found] == [
        [(UNDECIDED, Cause.OPEN), (HOLDS, None)],
        [(UNDECIDED, Cause.NOT_AT_AN_END), (HOLDS, None)],
    ]


def changed(analysis, **facts):
    """Let something else have been declared when the first results were computed."""
    now = replace(declaration(analysis.manifest.study, since="2026-01-02T03:04:05+00:00", results=0))
    kept = (replace(now, **facts), replace(now, results=3))
    return replace(analysis, results=replace(analysis.results, manifest=replace(analysis.manifest, declarations=kept)))


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"seeds": 2}, Cause.DESIGN_CHANGED),
        ({"looks": "8, then by 8 up to 16"}, Cause.DESIGN_CHANGED),
        ({"named": ((7, 8, 9), (7, 8, 9))}, Cause.DESIGN_CHANGED),
        ({"variations": ("deeper", "dropped")}, Cause.DESIGN_CHANGED),
        ({"contents": {"deeper": "another"}}, Cause.DESIGN_CHANGED),
        ({"contents": {"somebody else": "another"}}, None),
        ({"variations": ()}, None),
    ],
)
def test_what_was_changed_after_results_has_no_level(complete, facts, cause):
    """Seeds, the arms themselves, and variations that are gone; new variations only make the family stricter."""
    analysis = changed(found(complete, Decision.BETTER), **facts)

    assert outcome(analysis, "better") == ((UNDECIDED, cause) if cause else (HOLDS, None))


def test_a_verdict_that_the_first_margin_does_not_give_is_none(complete):
    """By both margins it has to be the same."""
    analysis = found(complete, Decision.BETTER)

    assert outcome(replace(analysis, first_verdicts={"deeper": Decision.UNDECIDED}), "better") == (
        UNDECIDED,
        Cause.MARGIN_CHANGED,
    )
    assert outcome(replace(analysis, first_verdicts={"deeper": Decision.BETTER}), "better") == (HOLDS, None)


def test_failed_runs_must_not_be_able_to_change_the_finding(complete):
    """If they had collapsed, and the variation did then not hold, it does not hold now."""
    (one,) = complete.comparisons
    worst = Judgement(
        accuracy=one.accuracy,
        equivalence=one.equivalence,
        collapse=replace(one.collapse, stability=Stability.MORE_OFTEN),
        verdict=Verdict(decision=Decision.BETTER),
    )
    analysis = found(complete, Decision.BETTER, with_failed=worst)

    assert outcome(analysis, "better") == (HOLDS, None)
    assert outcome(analysis, "collapses more often") == (UNDECIDED, Cause.FAILED_RUNS)
    failed = replace(analysis.comparisons[0], summary=replace(one.summary, failed=(8, 9)))
    assert outcome(replace(analysis, comparisons=(failed,)), "learns in 20 %") == (UNDECIDED, Cause.FAILED_RUNS)


MISTAKES = {
    "deeper better": 'expected VARIATION: EXPECTATION, for example "5x5: not worse".',
    "deepr: better": "the study compares no variation 'deepr' with its baseline. Did you mean 'deeper'?",
    "baseline: better": "the study compares no variation 'baseline' with its baseline. There are deeper.",
    "deeper: not wrose": "'not wrose' is no expectation; expected better, worse, equivalent, not worse, not better, "
    "collapses less often, collapses more often or learns in N % (of runs, above 0 and below 100). Did you mean 'not "
    "worse'?",
    "deeper: learns in 100 %": "'learns in 100 %' is no expectation; expected better, worse, equivalent, not worse, "
    "not better, collapses less often, collapses more often or learns in N % (of runs, above 0 and below 100).",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_answered_with_what_is_expected(complete, text):
    """The whole of what was written, what is wrong with it, and the nearest right thing."""
    with pytest.raises(StatisticsError) as error:
        read_expectation(text, complete)

    assert str(error.value) == f"--expect '{text}': {MISTAKES[text]}"


def test_an_expectation_is_read_as_people_write_it(complete):
    """Spaces and capitals do not matter; the words are given back as they are written."""
    read = read_expectation(" deeper:  Not  worse ", complete)

    assert read == Expectation(variation="deeper", claim=Claim.NOT_WORSE)
    assert str(read) == "deeper: not worse"
    assert str(read_expectation("deeper: learns in 62.5%", complete)) == "deeper: learns in 62.5 %"
