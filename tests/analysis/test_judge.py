import math

import numpy as np
import pytest
from scipy import stats

from ceteris.analysis.judge import judge
from ceteris.analysis.study_analysis import analyze
from ceteris.errors import ResultsError
from ceteris.results.results import read_results
from ceteris.statistics.metric import Spacing
from ceteris.statistics.one_look import Look
from ceteris.statistics.verdict import Decision
from tests.made_up import made_up_folder, made_up_study

BASE = [0.902, 0.911, 0.905, 0.899, 0.908, 0.903]
BIG = [0.931, 0.925, 0.935, 0.929, 0.930, 0.926]
SAME = [0.904, 0.909, 0.906, 0.900, 0.907, 0.902]


def table(metric="accuracy", **arms):
    """Write arms in long form, with a seed for each run."""
    rows = [(name, seed, value) for name, values in arms.items() for seed, value in enumerate(values)]
    return {"arm": [row[0] for row in rows], "seed": [row[1] for row in rows], metric: [row[2] for row in rows]}


def only(analysis):
    """Give the comparison of a table with one variation."""
    (one,) = analysis.comparisons
    return one


def test_the_table_of_a_folder_gives_the_verdicts_of_the_folder(tmp_path):
    """`results.csv` judged with the study's margin, paired by seed, has every number of the folder's comparisons."""
    became = {("baseline", 1): "diverged", ("deeper", 2): "diverged", ("tanh", 3): "failed"}
    made_up_folder(tmp_path / "study", study=made_up_study(baseline_seeds=12), became=became)
    results = read_results(tmp_path / "study")
    results.folder.write_table(results.findings)
    folder = analyze(results)
    margin = folder.manifest.study.analysis.margin

    found = judge(
        tmp_path / "study" / "results.csv",
        metric="test_accuracy",
        pair="seed",
        margin=f"{margin}pp",
        chance=folder.chance.share,
    )

    for one, own in zip(found.comparisons, folder.comparisons, strict=True):
        assert (one.variation, one.factor, one.pairs) == (own.variation, own.factor, own.pairs)
        assert (one.accuracy, one.equivalence, one.collapse) == (own.accuracy, own.equivalence, own.collapse)
        assert one.verdict == own.verdict
    assert {one.verdict.decision for one in found.comparisons} > {Decision.UNDECIDED}


def test_arms_with_the_same_seeds_are_not_paired_unless_a_column_says_so():
    """Welch's test without a pair, the paired test with one: the same seed in two programs shares nothing."""
    runs = table(a=BASE, b=BIG)
    alone, paired = only(judge(runs, baseline="a")), only(judge(runs, baseline="a", pair="seed"))

    assert alone.accuracy.p_value == pytest.approx(stats.ttest_ind(BIG, BASE, equal_var=False).pvalue)
    assert paired.accuracy.p_value == pytest.approx(stats.ttest_rel(BIG, BASE).pvalue)
    assert (alone.pairs, alone.accuracy.superiority, alone.accuracy.correlation) == ((), None, None)
    assert paired.pairs == tuple(range(6))


def test_a_loss_is_compared_by_ratios():
    """Lower is better by its name; means are geometric, the margin is a change in per cent."""
    base, low = [2.0, 2.1, 2.2, 2.05], [1.01, 1.0, 1.05, 1.02]
    found = judge(table("val_loss", a=base, b=low), baseline="a", margin="2%")
    one = only(found)

    assert (found.metric.spacing, found.metric.higher_is_better) == (Spacing.RATIOS, False)
    assert one.verdict.decision is Decision.BETTER
    assert -one.accuracy.found.estimate == pytest.approx(np.log(low).mean() - np.log(base).mean())
    assert found.criteria.margin == pytest.approx(math.log(1.02))
    assert found.taken[3:5] == (
        "'val_loss': lower is better, by its name.",
        "'val_loss' is compared by ratios: means are geometric, and differences are changes in per cent.",
    )


def test_a_share_near_one_is_compared_by_its_odds():
    """The margin is what leads from the baseline's mean to that much less, where steps count most."""
    near, nearer = [0.985, 0.984, 0.986, 0.985], [0.991, 0.992, 0.990, 0.991]
    found = judge(table("AUC", a=near, b=nearer), baseline="a", margin="0.2pp")
    centre = Spacing.ODDS.back(np.mean([Spacing.ODDS.forward(value) for value in near]))

    assert only(found).accuracy.p_value == pytest.approx(
        stats.ttest_ind(*(np.log(np.divide(x, np.subtract(1, x))) for x in (near, nearer)), equal_var=False).pvalue
    )
    assert found.criteria.margin == pytest.approx(Spacing.ODDS.forward(centre) - Spacing.ODDS.forward(centre - 0.002))


def test_counts_may_be_zero():
    """One half is added to each before ratios are taken."""
    runs = table("count", a=[3, 4, 2, 5], b=[0, 1, 0, 2])
    found = judge(runs, baseline="a", metric="count", lower_is_better=True)

    assert found.metric.spacing is Spacing.COUNTS
    assert only(found).summary.accuracy.estimate == pytest.approx(-np.log(np.array([0, 1, 0, 2]) + 0.5).mean())


def test_diverged_runs_are_never_dropped():
    """They count in the rate of collapse, not in the mean of the runs that learned."""
    wild = [*BASE[:3], math.nan, math.inf, math.nan]
    one = only(judge(table(a=BASE, b=wild), baseline="a"))

    assert (one.summary.finished, one.summary.diverged) == ((0, 1, 2), (3, 4, 5))
    assert one.collapse.baseline == (0, 6)
    assert one.collapse.variation == (3, 6)
    assert one.collapse.p_value == pytest.approx(stats.fisher_exact([[0, 6], [3, 3]]).pvalue)


def test_without_a_margin_nothing_is_equivalent():
    """Two arms that are the same are undecided then, and what is taken says why."""
    without, within = (judge(table(a=BASE, b=SAME), baseline="a", margin=margin) for margin in (None, "1pp"))

    assert only(without).verdict.decision is Decision.UNDECIDED
    assert only(without).equivalence is None
    assert only(within).verdict.decision is Decision.EQUIVALENT
    assert without.taken[-1] == (
        "No margin was given, so that nothing can be called equivalent: --margin is the smallest that matters."
    )


def test_comparisons_that_were_made_elsewhere_count_in_the_family():
    """A result that is shown alone is one of many if its author made many."""
    better = [value + 0.009 for value in SAME]
    alone, many = (only(judge(table(a=BASE, b=better), baseline="a", family=family)) for family in (None, 40))

    assert alone.verdict.decision is Decision.BETTER
    assert many.verdict.decision is Decision.UNDECIDED
    assert many.accuracy.p_value_adjusted == pytest.approx(80 * many.accuracy.p_value)
    assert many.accuracy.simultaneous.level == pytest.approx(1 - 0.05 / 40)


def test_arms_may_have_any_number_of_runs():
    """One run has no error bars, and is said to have none; others are compared with as many as they have."""
    found = judge(table(a=BASE, b=BIG[:3], c=BIG[:1]), baseline="a")

    assert [one.verdict.decision.value for one in found.comparisons] == ["better", "undecided"]
    assert found.notes == (
        (
            "'c' has a single run: how much runs differ by chance is not known, and nothing can be called better, "
            "worse or equivalent by it."
        ),
    )


def test_runs_at_the_chance_level_collapsed():
    """Where the chance level is given, as in a study."""
    one = only(judge(table(a=BASE, b=[*BIG[:4], 0.1, 0.09]), baseline="a", chance=0.1))

    assert one.summary.at_chance == (4, 5)
    assert one.verdict.decision is Decision.BETTER


def test_names_of_seeds_are_numbered():
    """What is not a number is counted in the order of the source."""
    runs = {"arm": ["a", "a", "b", "b"], "run id": ["x", "y", "x", "z"], "accuracy": [0.9, 0.8, 0.7, 0.6]}
    found = judge(runs, baseline="a", pair="run id")

    assert [run.seed for arm in found.scores.arms for run in arm.runs] == [0, 1, 0, 2]
    assert only(found).pairs == (0,)


def test_a_look_on_the_way_has_a_smaller_level():
    """What one look would call better is undecided at the first of four, and what is huge is found at any."""
    better = [value + 0.0075 for value in SAME]
    runs = table(a=BASE, b=better, c=[value + 0.05 for value in SAME])
    once, first = (judge(runs, baseline="a", looks=look) for look in (None, Look(number=1, planned=4)))

    assert [one.verdict.decision.value for one in once.comparisons] == ["better", "better"]
    assert [one.verdict.decision.value for one in first.comparisons] == ["undecided", "better"]
    assert first.taken[-1] == (
        "This is look 1 of at most 4, as many runs apart: levels allow for all of them (Kim and DeMets 1987)."
    )


@pytest.mark.parametrize(
    ("runs", "options", "message"),
    [
        (
            table(a=BASE, b=BIG),
            {},
            (
                "the table does not say which arm is the baseline. Name the arm that the others are compared with, "
                "with --baseline; there are 'a' and 'b'."
            ),
        ),
        (
            table(resnet=BASE, b=BIG),
            {"baseline": "resnt"},
            (
                "the table has no arm called 'resnt'. Did you mean resnet? Name the arm that the others are compared "
                "with, with --baseline; there are 'resnet' and 'b'."
            ),
        ),
        (
            table(baseline=BASE),
            {"variation": "arm"},
            (
                "the table has one arm, 'baseline', and a comparison needs two. Name the column of the arm with "
                "--variation if it is another."
            ),
        ),
        (
            table("value", a=BASE, b=BIG),
            {"baseline": "a"},
            (
                "the table: the name 'value' does not say whether higher or lower is better. Say so with "
                "--higher-is-better or --lower-is-better."
            ),
        ),
        (
            table(a=BASE, b=BIG, c=BIG),
            {"baseline": "a", "family": 1},
            "the family is said to have 1 comparison, and the table has 2. Count all that were made, these included.",
        ),
        (
            table("loss", a=BASE, b=BIG),
            {"baseline": "a", "chance": 0.1},
            (
                "the chance level of loss is 0.1, expected a fraction in (0, 1] of a metric that is a share, higher is "
                "better. Leave it out if there is none."
            ),
        ),
    ],
)
def test_what_is_not_clear_is_asked_about(runs, options, message):
    """In one sentence or two, with the option that decides."""
    with pytest.raises(ResultsError) as raised:
        judge(runs, **options)

    assert str(raised.value) == message
