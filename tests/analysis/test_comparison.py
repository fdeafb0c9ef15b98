import dataclasses
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from ceteris.analysis.comparison import Shared, compare_results, match_arms, shared_draws
from ceteris.engines.streams import initial_weights
from ceteris.errors import ResultsError
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.report.comparison.findings import warnings
from ceteris.report.comparison.tables import accuracy_table, effect_table
from ceteris.report.quantities import MINUS
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.side_by_side import Design
from ceteris.statistics.verdict import Decision
from tests.made_results import DIVERGED, made_manifest, made_study

FIRST = {"baseline": [50, 52, 51, 49], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]}
SECOND = {"baseline": [53, 55, 55, 51], "5x5": [60, 62, 66, 61], "slow": [50, 47, 49, 53]}


def test_every_difference_is_recomputed(compared):
    """Estimates, simultaneous intervals and adjusted p-values are those of scipy, with as many rates of collapse."""
    found = compared((FIRST, {}), (SECOND, {}))
    tests = [scipy.stats.ttest_rel(np.array(SECOND[name]) / 100, np.array(FIRST[name]) / 100) for name in FIRST]
    adjusted = multipletests([*(test.pvalue for test in tests), 1, 1, 1], method="holm")[1][:3]
    assert [arm.pair.name for arm in found.arms] == list(FIRST)
    for arm, test, p_value in zip(found.arms, tests, adjusted, strict=True):
        interval = arm.accuracy.difference
        assert (interval.low, interval.high) == pytest.approx(tuple(test.confidence_interval(1 - 0.05 / 3)), rel=1e-10)
        assert arm.accuracy.p_value_adjusted == pytest.approx(p_value, rel=1e-10)


def test_every_change_of_an_effect_is_recomputed(compared):
    """An effect is variation minus baseline with the same seed; its change is paired too, in a family of its own."""
    found = compared((FIRST, {}), (SECOND, {}))
    change = {
        name: (np.array(SECOND[name]) - SECOND["baseline"] - np.array(FIRST[name]) + FIRST["baseline"]) / 100
        for name in ("5x5", "slow")
    }
    tests = [scipy.stats.ttest_1samp(change[name], 0) for name in change]
    adjusted = multipletests([test.pvalue for test in tests], method="holm")[1]
    baseline, *variations = found.arms
    assert baseline.effect is None
    for arm, test, p_value in zip(variations, tests, adjusted, strict=True):
        assert arm.effect.difference.low == pytest.approx(test.confidence_interval(1 - 0.05 / 2).low, rel=1e-9)
        assert arm.effect.p_value_adjusted == pytest.approx(p_value, rel=1e-9)


def test_means_are_compared_where_a_seed_gives_nothing(compared):
    """Another network on other images: Welch's interval, of all runs."""
    wider = made_study(
        baseline={
            "network": {"layers": [{"conv": 5}, {"max_pool": 8}, {"dense": "classes"}]},
            "training": {"learning_rate": 0.1, "epochs": 2},
        }
    )
    found = compared((FIRST, {}), (SECOND, {"study": wider, "images": "other"}))
    for arm in found.arms:
        name = arm.pair.name
        expected = scipy.stats.ttest_ind(np.array(SECOND[name]) / 100, np.array(FIRST[name]) / 100, equal_var=False)
        assert arm.accuracy.design is Design.UNPAIRED
        assert arm.accuracy.difference.low == pytest.approx(expected.confidence_interval(1 - 0.05 / 3).low, rel=1e-10)
        assert arm.accuracy.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert [arm.effect.design for arm in found.arms[1:]] == [Design.UNPAIRED] * 2


ADDED = {
    "baseline": [50, 52, 51, 49, 53, 54, 90, 91, 92],
    "5x5": [61, 60, 66, 62, 63, 60],
    "slow": [40, 41, 45, 42, 44, 43, 90, 91, 9],
}


def test_seeds_that_results_asked_for_are_in_no_test(compared):
    """Of a study that adds seeds, as A or as B, the runs before its first look are compared."""
    adds = {"study": made_study(seeds={"first": 6, "step": 3, "most": 9})}
    six = made_study(seeds=6)
    first = {name: right[:6] for name, right in ADDED.items()}
    second = {name: [one + 3 * (seed % 2) for seed, one in enumerate(right)] for name, right in first.items()}
    expected = compared((first, {"study": six}), (second, {"study": six}))

    for folders in (
        ((ADDED, adds), (second, {"study": six})),
        ((ADDED, adds), (second | {"slow": [*second["slow"], 99, 98, 97]}, adds)),
    ):
        found = compared(*folders)
        for one, other in zip(found.arms, expected.arms, strict=True):
            assert (one.accuracy, one.effect, one.collapse) == (other.accuracy, other.effect, other.collapse)


def test_no_look_has_judged_another_metric(compared):
    """Where only one study judges the balanced accuracy, seeds that it added bear no verdict on the test accuracy."""
    adds = made_study(seeds={"first": 6, "step": 3, "most": 9}, analysis={"metric": "balanced accuracy"})
    six = {name: right[:6] for name, right in ADDED.items()}
    found = compared((ADDED, {"study": adds}), (six, {"study": made_study(seeds=6)}))

    assert [one.verdict.decision for one in found.first.comparisons] == [Decision.UNDECIDED] * 2
    assert found.second.comparison("5x5").verdict.decision is Decision.BETTER


def test_an_effect_is_paired_where_the_seeds_of_its_baseline_are(compared):
    """A changed variation beside the same baseline: half of what its effect is made of shares the seeds."""
    first = made_study(data={"name": "shapes", "batches": 1, "validation": 0.1})
    second = made_study(
        data={"name": "shapes", "batches": 1, "validation": 0.2},
        variation=[{"factor": "kernel", "name": "5x5", "set": {"network.layers.0.kernel": 7}}],
    )
    _, kernel = compared((FIRST, {"study": first}), (SECOND, {"study": second})).arms
    assert (kernel.accuracy.design, kernel.effect.design) == (Design.UNPAIRED, Design.PAIRED)


def test_a_diverged_run_counts_in_the_rate_of_collapse_and_in_no_accuracy(compared):
    """In both folders, as in every table of ceteris."""
    found = compared(({"baseline": [50, 51]}, {}), ({"baseline": [54, DIVERGED]}, {}))
    assert found.arms[0].accuracy.difference.estimate == pytest.approx(0.04)
    assert (found.arms[0].collapse.baseline, found.arms[0].collapse.variation) == ((0, 2), (1, 2))


def test_means_are_of_the_runs_in_the_difference(compared):
    """A with more seeds than B: means are over the seeds that both have, effects over all, as the reports have them."""
    sixteen, two = made_study(seeds=16), made_study(seeds=2)
    first = {name: [40, 50, *[90] * 14] for name in ("baseline", "5x5", "slow")}
    second = {"baseline": [60, 70], "5x5": [70, 80], "slow": [60, 70]}
    found = compared((first, {"study": sixteen}), (second, {"study": two, "engine": "torch"}))
    baseline, kernel, _ = found.arms
    assert [mean.estimate for mean in baseline.accuracy.means] == pytest.approx([0.45, 0.65])
    assert baseline.accuracy.difference.estimate == pytest.approx(0.2)
    assert [mean.estimate for mean in kernel.effect.means] == pytest.approx([0.0, 0.1])
    rows = [[cell.text for cell in row] for row in accuracy_table(found).rows]
    assert rows[0][:4] == ["baseline", "45.00 %", "65.00 %", "+20.00 pp"]
    _, in_a, in_b, *_ = effect_table(found).rows[0]
    assert [(cell.text, cell.detail) for cell in (in_a, in_b)] == [
        ("0.00 pp", "equivalent"),
        ("+10.00 pp", "undecided"),
    ]


def test_one_seed_has_no_interval(compared):
    """A point estimate, and nothing is decided."""
    one = made_study(seeds=1)
    found = compared(({"baseline": [50]}, {"study": one}), ({"baseline": [80]}, {"study": one}))
    accuracy = found.arms[0].accuracy
    assert accuracy.difference == PointEstimate(estimate=pytest.approx(0.3))
    assert (accuracy.p_value_adjusted, accuracy.verdict.decision) == (None, Decision.UNDECIDED)


def test_the_margin_is_that_of_the_first_study(compared):
    """Two studies may have declared different ones; A is what is compared with."""
    wide = made_study(analysis={"margin": 5.0})
    equal = {"baseline": [50, 51, 52, 53, 51, 50, 52, 51]}, {"baseline": [51, 51, 53, 53, 52, 50, 53, 51]}
    findings = [
        compared(
            (equal[0], {"study": made_study(seeds=8, analysis={"margin": first})}),
            (equal[1], {"study": made_study(seeds=8, analysis={"margin": second})}),
        )
        .arms[0]
        .accuracy.verdict.decision
        for first, second in ((5.0, 0.1), (0.1, 5.0))
    ]
    assert wide.analysis.margin == 5.0
    assert findings == [Decision.EQUIVALENT, Decision.UNDECIDED]


def test_arms_of_one_folder_only_are_named_and_not_compared(compared):
    """They take no part in Holm's family either."""
    other = made_study(variation=[{"factor": "rate", "name": "fast", "set": {"training.learning_rate": 0.9}}])
    found = compared((FIRST, {}), (SECOND, {"study": other}))
    assert (found.only_first, found.only_second) == (("5x5", "slow"), ("fast",))
    (baseline,) = found.arms
    assert baseline.accuracy.p_value_adjusted == 2 * baseline.accuracy.p_value  # with its rate of collapse


def test_a_comparison_is_a_frozen_value(compared):
    """Nobody changes a number afterwards."""
    found = compared((FIRST, {}), (SECOND, {}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.arms = ()


def test_a_folder_is_not_compared_with_itself(make_results, monkeypatch, tmp_path):
    """By whatever path it is named."""
    monkeypatch.chdir(tmp_path)
    make_results("one", FIRST)
    with pytest.raises(ResultsError) as error:
        compare_results("one", Path("one") / ".." / "one")
    assert str(error.value) == "one and one/../one are the same folder. Name two folders to compare."


def test_looking_changes_nothing(make_results, tmp_path):
    """Both folders are only read."""
    folders = make_results("one", FIRST), make_results("two", SECOND)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    compare_results(*folders)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


NETWORK = {"layers": [{"conv": 4}, {"max_pool": 8}, {"dense": "classes"}]}
WIDER = {"layers": [{"conv": 5}, {"max_pool": 8}, {"dense": "classes"}]}
NORMALISED = {"layers": [{"batch_norm": True}, {"conv": 4}, {"max_pool": 8}, {"dropout": 0.5}, {"dense": "classes"}]}


def study(*variations, network=NETWORK, **data):
    """Give a study with these variations, each a name and a learning rate."""
    return made_study(
        data={"name": "shapes", "batches": 1} | data,
        baseline={"network": network, "training": {"learning_rate": 0.1}},
        variation=[
            {"factor": "rate", "name": name, "set": {"training.learning_rate": rate}} for name, rate in variations
        ],
    )


def names(first, second):
    """Match two studies; give the names of pairs, of those only in the first, and of those only in the second."""
    pairs = match_arms(first, second)
    others = (
        tuple(arm.name for arm in one.arms() if arm.name not in matched)
        for one, matched in (
            (first, [pair.first.name for pair in pairs]),
            (second, [pair.second.name for pair in pairs]),
        )
    )
    return [pair.name for pair in pairs], *others


def test_arms_are_matched_by_name():
    """In the order of the first study; what only one of them has is named."""
    first, second = study(("a", 0.2), ("b", 0.3), ("c", 0.4)), study(("c", 0.4), ("a", 0.2), ("d", 0.5))
    assert names(first, second) == (["baseline", "a", "c"], ("b",), ("d",))


def test_a_renamed_arm_is_known_by_its_specification():
    """Both names are given; an arm of another name and another specification is another arm."""
    assert names(study(("a", 0.2), ("b", 0.3)), study(("fast", 0.2), ("c", 0.9))) == (
        ["baseline", "a / fast"],
        ("b",),
        ("c",),
    )


def test_an_arm_that_has_its_namesake_takes_no_other():
    """Where the other study has the name and, under another name, the specification."""
    assert names(study(("a", 0.2)), study(("a", 0.3), ("b", 0.2))) == (["baseline", "a"], (), ("b",))


def test_a_name_counts_for_more_than_a_specification():
    """Two variations that swapped their names are matched by name, and the change is computed."""
    found = match_arms(study(("a", 0.2), ("b", 0.3)), study(("a", 0.3), ("b", 0.2)))
    assert [pair.name for pair in found] == ["baseline", "a", "b"]
    assert [str(change) for pair in found for change in pair.changes] == [
        "learning rate 0.2 -> 0.3",
        "learning rate 0.3 -> 0.2",
    ]


@pytest.mark.parametrize(
    ("changed", "images", "shared"),
    [
        ({}, "these", (Shared.WEIGHTS, Shared.ORDER)),
        ({"network": NORMALISED}, "these", (Shared.WEIGHTS, Shared.ORDER)),
        ({"network": WIDER}, "these", (Shared.ORDER,)),
        ({}, "others", (Shared.WEIGHTS,)),
        ({"validation": 0.2}, "these", (Shared.WEIGHTS,)),
        ({"fraction": 0.5}, "these", (Shared.WEIGHTS,)),
        ({"network": WIDER}, "others", ()),
    ],
)
def test_what_a_seed_gives_both(changed, images, shared):
    """The same weights where the same arrays are drawn, the same order where the same images are learnt from."""
    first, second = study(), study(**changed)
    (pair,) = match_arms(first, second)
    assert shared_draws(pair, made_manifest(first), made_manifest(second, images)) == shared


@pytest.mark.parametrize(
    ("changed", "shared"),
    [
        ({"resolution": 64}, (Shared.WEIGHTS, Shared.ORDER)),
        ({"weights": "mine.pth"}, (Shared.ORDER,)),
        ({"head": [{"dense": 5}, {"dense": "classes"}]}, (Shared.ORDER,)),
    ],
)
def test_a_backbone_starts_from_its_weights(changed, shared):
    """Of a pretrained backbone the seed draws the head; the rest is the same if it was loaded from the same weights."""
    first, second = study(network={"backbone": "resnet18"}), study(network={"backbone": "resnet18"} | changed)
    (pair,) = match_arms(first, second)
    assert shared_draws(pair, made_manifest(first), made_manifest(second)) == shared


def test_networks_that_draw_the_same_start_the_same():
    """What `shared_draws` takes for the same initial weights is the same, array by array."""
    before, after = (
        initial_weights(Network(**network), Shape(32, 32, 3), 10, seed=3) for network in (NETWORK, NORMALISED)
    )
    assert (before["layers.0.weight"] == after["layers.1.weight"]).all()
    assert (before["layers.2.weight"] == after["layers.4.weight"]).all()


def test_effects_are_those_of_the_reports_whatever_seeds_the_arms_share(make_results):
    """Baselines with seeds of their own: the change is the difference of the two reports' differences of all runs."""
    study = made_study(seeds=4, baseline_seeds=6)
    first = {"baseline": [50, 52, 51, 49, 60, 61], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]}
    second = {"baseline": [53, 55, 55, 51, 40, 41], "5x5": [60, 62, 66, 61], "slow": [50, 47, 49, 53]}
    found = compare_results(*(make_results(name, one, study=study) for name, one in (("a", first), ("b", second))))
    for arm in found.arms[1:]:
        own = [side.comparison(arm.pair.name).accuracy.difference.estimate for _, side in found.sides]
        assert [mean.estimate for mean in arm.effect.means] == pytest.approx(own)
        assert arm.effect.difference.estimate == pytest.approx(own[1] - own[0])
        assert (arm.effect.pairs, arm.effect.left_out) == ((0, 1, 2, 3), ())


def test_the_metric_that_both_studies_judge_is_compared(make_results):
    """Where the metrics differ, accuracies are compared, with a warning."""
    judged = [made_study(analysis={"metric": metric, "margin": 0.01}) for metric in ("Brier score", "macro F1")]
    folders = [
        make_results(name, numbers, study=study, engine=engine)
        for name, numbers, study, engine in (
            ("a", FIRST, judged[0], "lanes"),
            ("b", SECOND, judged[0], "torch"),
            ("c", SECOND, judged[1], "torch"),
        )
    ]
    same, other = compare_results(*folders[:2]), compare_results(folders[0], folders[2])
    table = accuracy_table(same)
    assert (table.title, accuracy_table(other).title) == ("Brier score", "Test accuracy")
    assert table.rows[1][1].text == f"{-same.arms[1].accuracy.means[0].estimate:.4f}"
    assert warnings(other)[0] == (
        "A judges the Brier score and B the macro F1: both are compared here by their test accuracy."
    )
    assert not any("judges" in text for text in warnings(same))


def test_the_population_is_allowed_for_where_the_studies_ask_for_it(make_results):
    """Errors of accuracies and of effects allow for the test images too, so that intervals are wider."""
    after = SECOND | {"5x5": [81, 79, 86, 83]}  # always the same twenty images more
    widths = []
    for scope in ("test images", "population"):
        study = made_study(analysis={"scope": scope})
        folders = [
            make_results(f"{name} {scope}", numbers, study=study) for name, numbers in (("a", FIRST), ("b", after))
        ]
        arm = compare_results(*folders).arms[1]
        widths.append([one.difference.high - one.difference.low for one in (arm.accuracy, arm.effect)])
    assert widths[1][0] > widths[0][0]
    assert widths[1][1] > widths[0][1]


def test_an_effect_is_the_same_where_both_folders_have_the_same_runs_of_both_arms(make_results):
    """The same variation beside a baseline with more seeds in B has another effect, which is not called the same."""
    right = {"baseline": [50, 52, 51, 49, 60, 61], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]}
    few, more = (make_results(f"{n}", right, study=made_study(seeds=4, baseline_seeds=n)) for n in (4, 6))
    again = make_results("again", right, study=made_study(seeds=4, baseline_seeds=4))
    rows = [effect_table(compare_results(few, other)).rows[0] for other in (again, more)]

    assert [(row[3].text, row[5].text) for row in rows] == [("0.00 pp", "same bits"), (f"{MINUS}3.33 pp", "undecided")]
