from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from bench.simulations import allocation, collapse
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import compare, compare_pairs
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import Measure
from ceteris.statistics.difference import difference_interval, difference_test
from ceteris.statistics.equivalence import equivalence_test
from ceteris.statistics.images import CorrectImages, over_images, two_way_interval
from ceteris.statistics.interval import Interval, PointEstimate, Scope
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.verdict import Decision, Reason

SEEDS, IMAGES, EPOCHS = 6, 200, 5


def study(gains, *, seeds=SEEDS, order=1):
    """A whole study with curves, seconds and predictions, of which each variation gains something."""
    arms = []
    for place, gain in enumerate((0.0, *gains)):
        generator = np.random.default_rng([20, place])
        runs = []
        for seed in range(seeds):
            correct = generator.random(IMAGES) < 0.5 + gain + generator.normal(0, 0.02)
            rise = 1 - np.exp(-(0.5 + gain) * np.arange(1, EPOCHS + 1))
            runs.append(
                RunScore(
                    seed=seed,
                    status=Ending.FINISHED,
                    test_accuracy=float(correct.mean()),
                    correct=CorrectImages.of(correct),
                    validation_accuracy=0.6 * rise + generator.normal(0, 0.02, EPOCHS),
                    seconds=np.cumsum(generator.uniform(1, 2, EPOCHS)),
                )
            )
        name = f"variation {place}" if place else "baseline"
        arms.append(ArmScores(name=name, factor="gain", runs=tuple(runs[::order]), images_per_epoch=900))
    return Scores(baseline=arms[0], variations=tuple(arms[1:]), chance=0.1)


def accuracies(arm):
    """Test accuracy by seed."""
    return np.array([run.test_accuracy for run in sorted(arm.runs, key=lambda run: run.seed)])


def test_a_study_recomputed_with_other_libraries():
    """All p-values and intervals of a study, adjusted, are those of scipy and statsmodels to 1e-10."""
    scores = study([0.0, 0.3, -0.1, 0.05])
    found = compare(scores, Criteria(margin=0.05))
    before = accuracies(scores.baseline)
    after = [accuracies(arm) for arm in scores.variations]
    tests = [scipy.stats.ttest_rel(other, before) for other in after]
    # Every run learned, so that the test of each rate of collapse has p = 1 and counts in the family.
    adjusted = multipletests([*(test.pvalue for test in tests), 1, 1, 1, 1], method="holm")[1][:4]
    equal = [ttost_paired(other, before, -0.05, 0.05)[0] for other in after]
    equal_adjusted = multipletests(equal, method="holm")[1]
    for comparison, test, p_value, p_equal in zip(found, tests, adjusted, equal_adjusted, strict=True):
        interval = comparison.accuracy.difference
        assert (interval.low, interval.high) == pytest.approx(test.confidence_interval(0.95), rel=1e-10)
        assert comparison.accuracy.p_value_adjusted == pytest.approx(p_value, rel=1e-10)
        assert comparison.equivalence.p_value_adjusted == pytest.approx(p_equal, rel=1e-10)
        ends = test.confidence_interval(1 - 0.05 / 4)
        simultaneous = comparison.accuracy.simultaneous
        assert (simultaneous.low, simultaneous.high) == pytest.approx(ends, rel=1e-10)
        direction = Decision.BETTER if interval.estimate > 0 else Decision.WORSE
        significant = direction if p_value <= 0.05 else Decision.UNDECIDED
        assert comparison.verdict.decision is (Decision.EQUIVALENT if p_equal <= 0.05 else significant)
    assert [comparison.verdict.decision for comparison in found] == [
        Decision.EQUIVALENT,
        Decision.BETTER,
        Decision.WORSE,
        Decision.UNDECIDED,
    ]


def test_every_outcome_of_a_full_study_is_there():
    """With curves, seconds and predictions, nothing is left out, and both scopes are labelled."""
    (found,) = compare(study([0.2]))
    assert (found.variation, found.factor, found.pairs) == ("variation 1", "gain", tuple(range(SEEDS)))
    assert list(found.convergence) == list(found.summary.convergence) == list(Measure)
    assert found.accuracy.difference.scope is Scope.SEEDS
    assert found.over_images.scope is Scope.SEEDS_AND_IMAGES
    assert found.over_images.estimate == pytest.approx(found.accuracy.difference.estimate, abs=1e-12)
    assert {measure for measure, one in found.convergence.items() if one.p_value_adjusted is None} == {
        Measure.SECONDS,
        Measure.FINAL_MINUS_BEST,
    }
    assert found.mcnemar is None


def test_the_order_of_runs_does_not_matter():
    """Runs in another order give the same comparison, bit for bit."""
    assert compare(study([0.1, 0.0])) == compare(study([0.1, 0.0], order=-1))


def test_other_variations_change_only_the_adjustment():
    """A variation's numbers depend on the rest of the study in what allows for it only: Holm, simultaneous levels."""
    scores = study([0.1, 0.0])
    among = compare(scores)[1]
    (alone,) = compare(replace(scores, variations=scores.variations[1:]))
    assert alone.over_images.estimate == among.over_images.estimate
    assert alone.accuracy.difference == among.accuracy.difference
    assert alone.accuracy.p_value == among.accuracy.p_value


def test_intervals_over_images_hold_for_all_variations_together():
    """They are of the two-way error of each variation, at the level of simultaneous intervals."""
    scores = study([0.1, 0.0])
    for one, arm in zip(compare(scores), scores.variations, strict=True):
        before, after = scores.baseline.predictions(0.1), arm.predictions(0.1)
        assert one.over_images == two_way_interval(one.accuracy.found, before, after, level=1 - 0.05 / 2)


def test_a_study_of_the_population_takes_the_images_as_a_sample():
    """Test, intervals and equivalence are then of the two-way error, and nothing is forecast of more seeds."""
    scores = study([0.1, 0.01])
    here, there = (
        compare(scores, Criteria(margin=0.05, scope=scope)) for scope in (Scope.SEEDS, Scope.SEEDS_AND_IMAGES)
    )
    for one, other, arm in zip(here, there, scores.variations, strict=True):
        found = over_images(one.accuracy.found, scores.baseline.predictions(0.1), arm.predictions(0.1))
        assert other.accuracy.p_value == difference_test(found)
        interval = replace(difference_interval(found, level=1 - 0.05 / 2), scope=Scope.SEEDS_AND_IMAGES)
        assert other.accuracy.simultaneous == other.over_images == interval
        assert other.equivalence.p_value == equivalence_test(found, margin=0.05).p_value
        assert one.in_population is other.in_population is other.verdict.decision
        assert other.verdict.forecast is None


def test_a_verdict_on_few_images_need_not_hold_for_the_population(make_arm):
    """Every run gains the same two of twelve images: certain on these, and open for others."""
    before = {seed: [1] * 6 + [0] * 6 for seed in range(8)}
    after = {seed: [1] * (7 + (seed > 1)) + [0] * (5 - (seed > 1)) for seed in range(8)}
    arms = [
        make_arm(name, {seed: float(np.mean(one)) for seed, one in correct.items()}, correct=correct)
        for name, correct in (("baseline", before), ("wide", after))
    ]
    (found,) = compare(Scores(baseline=arms[0], variations=(arms[1],), chance=0.1))
    assert (found.verdict.decision, found.in_population) == (Decision.BETTER, Decision.UNDECIDED)


def test_one_seed_has_no_interval_anywhere():
    """A study with one seed has point estimates only, a test over images of the two networks, and no verdict."""
    (found,) = compare(study([0.2], seeds=1))
    estimates = [
        found.accuracy.difference,
        found.accuracy.superiority,
        found.summary.accuracy,
        *(measure.difference for measure in found.convergence.values()),
    ]
    assert all(isinstance(estimate, PointEstimate) for estimate in estimates)
    assert (found.over_images, found.equivalence) == (None, None)
    assert found.mcnemar.variation_only > found.mcnemar.baseline_only
    assert (found.verdict.decision, found.verdict.reason) == (Decision.UNDECIDED, Reason.ONE_RUN)


def test_two_seeds_have_intervals():
    """Two seeds have intervals, both scopes, and a verdict with what it would take."""
    (found,) = compare(study([0.0], seeds=2))
    assert isinstance(found.accuracy.difference, Interval)
    assert isinstance(found.over_images, Interval)
    assert found.accuracy.correlation is None
    assert found.verdict.decision is Decision.UNDECIDED


def test_runs_that_did_not_learn_are_compared_by_their_rate(make_arm):
    """A diverged run and one at chance are in no accuracy; how often they happen is tested beside it."""
    baseline = make_arm("baseline", {0: 0.5, 1: 0.52, 2: 0.51, 3: 0.5, 4: Ending.FAILED})
    wide = make_arm("wide", {0: 0.55, 1: Ending.DIVERGED, 2: 0.56, 3: Ending.MISSING, 4: 0.57, 5: 0.1})
    (found,) = compare(Scores(baseline=baseline, variations=(wide,), chance=0.1))
    assert found.pairs == (0, 2)
    assert found.accuracy.runs == (4, 3)
    assert found.accuracy.difference.estimate == pytest.approx(
        np.mean([0.55, 0.56, 0.57]) - np.mean([0.5, 0.52, 0.51, 0.5])
    )
    assert (found.collapse.baseline, found.collapse.variation) == ((0, 4), (2, 5))
    assert (found.summary.diverged, found.summary.missing, found.summary.at_chance) == ((1,), (3,), (5,))


def test_an_arm_that_never_learns_collapses_more_often(make_arm):
    """It has no accuracy to compare, and the rate says why; a baseline that never learns is a reason of its own."""
    baseline = make_arm("baseline", {seed: 0.5 + seed / 1000 for seed in range(8)})
    wild = make_arm("wild", dict.fromkeys(range(8), Ending.DIVERGED))
    (found,) = compare(Scores(baseline=baseline, variations=(wild,), chance=0.1))
    assert (found.verdict.decision, found.verdict.reason) == (Decision.NOT_COMPARED, Reason.VARIATION_COLLAPSED)
    assert found.collapse.stability is Stability.MORE_OFTEN
    both = make_arm("baseline", dict.fromkeys(range(8), Ending.DIVERGED))
    (found,) = compare(Scores(baseline=both, variations=(wild,), chance=0.1))
    assert (found.verdict.decision, found.verdict.reason) == (Decision.NOT_COMPARED, Reason.BASELINE_COLLAPSED)
    assert (found.accuracy, found.equivalence, found.over_images, found.convergence) == (None, None, None, {})
    assert found.collapse.stability is Stability.OPEN


def test_accuracies_and_rates_are_one_family(make_arm):
    """Two variations give four p-values: the smallest is multiplied by four, whichever kind of test it is of."""
    baseline = make_arm("baseline", {seed: 0.5 + seed / 1000 for seed in range(16)})
    wild = make_arm("wild", {seed: 0.1 if seed < 9 else 0.5 + seed * 5 % 16 / 1000 for seed in range(16)})
    wide = make_arm("wide", {seed: 0.5 + (seed * 7 % 16) / 1000 for seed in range(16)})
    found, _ = compare(Scores(baseline=baseline, variations=(wild, wide), chance=0.1))
    assert found.collapse.p_value < found.accuracy.p_value
    assert found.collapse.p_value_adjusted == pytest.approx(4 * found.collapse.p_value)


def test_failed_runs_are_judged_at_their_worst_too(make_arm):
    """Where it would change a verdict, the report has the judgement with failed runs counted as collapsed."""
    baseline = make_arm("baseline", {seed: 0.5 + seed / 1000 for seed in range(8)})
    fragile = make_arm("fragile", {seed: 0.5 + seed / 1000 if seed < 2 else Ending.FAILED for seed in range(8)})
    steady = make_arm("steady", {seed: 0.6 + seed % 3 / 1000 for seed in range(8)})
    found, other = compare(Scores(baseline=baseline, variations=(fragile, steady), chance=0.1))
    assert found.collapse.stability is Stability.OPEN
    assert found.with_failed.collapse.stability is Stability.MORE_OFTEN
    assert other.with_failed is None


def test_a_baseline_with_more_seeds_uses_all_of_them(make_arm):
    """Sixteen runs against four: the difference is that of both means, the pairs are four."""
    generator = np.random.default_rng(3)
    baseline = make_arm("baseline", dict(enumerate(generator.normal(0.5, 0.01, 16))))
    wide = make_arm("wide", dict(enumerate(generator.normal(0.6, 0.01, 4))))
    (found,) = compare(Scores(baseline=baseline, variations=(wide,), chance=0.1))
    assert (found.accuracy.runs, found.pairs) == ((16, 4), (0, 1, 2, 3))
    assert found.accuracy.difference.estimate == pytest.approx(
        np.mean([run.test_accuracy for run in wide.runs]) - np.mean([run.test_accuracy for run in baseline.runs])
    )
    assert found.verdict.decision is Decision.BETTER


def test_variations_to_come_count_in_the_family(make_arm):
    """In a study half done, what is there is judged as strictly as in the end, and the rest is undecided."""
    baseline = make_arm("baseline", {0: 0.5, 1: 0.52, 2: 0.51})
    done = make_arm("done", {0: 0.55, 1: 0.56, 2: 0.57})
    waiting = make_arm("waiting", dict.fromkeys(range(3), Ending.MISSING))
    found = compare(Scores(baseline=baseline, variations=(done, waiting), chance=0.1))
    assert found[0].accuracy.p_value_adjusted == pytest.approx(4 * found[0].accuracy.p_value)
    assert (found[1].accuracy, found[1].equivalence, found[1].over_images, found[1].pairs) == (None, None, None, ())
    assert (found[1].verdict.decision, found[1].verdict.reason) == (Decision.NOT_COMPARED, Reason.NO_RUN)


def test_images_are_allowed_for_with_the_predictions_that_there_are(make_arm):
    """The interval is around the difference of all runs, also where some have no predictions."""
    correct = {seed: [1, 0, 1, seed % 2] for seed in range(3)}
    baseline = make_arm("baseline", {seed: 0.5 + seed / 100 for seed in range(4)}, correct=correct)
    better = {seed: [1, 1, seed % 2, 1] for seed in range(3)}
    wide = make_arm("wide", dict.fromkeys(range(4), 0.75), correct=better)
    (found,) = compare(Scores(baseline=baseline, variations=(wide,), chance=0.1))
    assert found.over_images.estimate == found.accuracy.difference.estimate
    bare = make_arm("bare", dict.fromkeys(range(4), 0.75))
    (found,) = compare(Scores(baseline=baseline, variations=(bare,), chance=0.1))
    assert found.over_images is None


def test_a_single_pair_with_a_diverged_run_has_no_test_over_images(make_arm):
    """A run that diverged has no predictions that McNemar's test could count."""
    baseline = make_arm("baseline", {0: 0.5}, correct={0: [1, 0]})
    wild = make_arm("wild", {0: Ending.DIVERGED})
    (found,) = compare(Scores(baseline=baseline, variations=(wild,), chance=0.1))
    assert found.mcnemar is None


def test_convergence_uses_the_declared_share():
    """The target is a share of the baseline's mean final accuracy; a target out of reach censors every run."""
    scores = study([0.2])
    (early,), (late,) = (compare(scores, Criteria(target_share=share)) for share in (0.3, 0.95))
    assert early.convergence[Measure.EPOCHS].censored_variation == ()
    first, second = (found.summary.convergence[Measure.EPOCHS].mean.estimate for found in (early, late))
    assert first < second
    hard = Scores(
        baseline=scores.variations[0],
        variations=(ArmScores(name="stuck", factor="", runs=slow(), images_per_epoch=900),),
        chance=0.1,
    )
    (stuck,) = compare(hard)
    assert stuck.convergence[Measure.EPOCHS].censored_variation == tuple(range(SEEDS))
    assert stuck.summary.convergence[Measure.EPOCHS].reached == 0


def slow():
    """Runs that learn little, and never reach the target."""
    return tuple(
        RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=0.2, validation_accuracy=np.full(EPOCHS, 0.2))
        for seed in range(SEEDS)
    )


def test_a_study_without_variations_has_no_comparisons():
    """Nothing to compare is not an error."""
    scores = study([])
    assert compare(scores) == ()


def finished_arm(name, *accuracies):
    """Give an arm whose runs finished with these accuracies; nothing stands for a run that diverged."""
    runs = tuple(
        RunScore(seed=seed, status=Ending.DIVERGED)
        if accuracy is None
        else RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=accuracy)
        for seed, accuracy in enumerate(accuracies)
    )
    return ArmScores(name=name, factor="images", runs=runs)


def test_p_values_are_paired_and_adjusted_over_the_family():
    """SciPy's paired t test, adjusted by Holm over two accuracies and two rates of collapse."""
    first, second = (0.50, 0.52, 0.51, 0.53), (0.56, 0.55, 0.57, 0.58)
    third = (0.50, 0.53, 0.50, 0.55)
    clear, doubtful = compare_pairs(
        [
            (finished_arm("a", *first), finished_arm("b", *second)),
            (finished_arm("a", *first), finished_arm("c", *third)),
        ],
        chance=0.1,
    )
    p = [scipy.stats.ttest_rel(other, first).pvalue for other in (second, third)]

    assert clear.accuracy.p_value_adjusted == pytest.approx(4 * p[0])
    assert doubtful.accuracy.p_value_adjusted == pytest.approx(min(1, 3 * p[1]))
    assert (clear.verdict.decision, doubtful.verdict.decision) == (Decision.BETTER, Decision.UNDECIDED)


def test_nothing_scored_is_nothing_found():
    """Two arms whose runs all diverged are not equal, but unknown."""
    (found,) = compare_pairs([(finished_arm("a", None, None), finished_arm("b", None, None))], chance=0.1)

    assert found.accuracy is None
    assert found.verdict.decision is Decision.NOT_COMPARED


def test_one_pair_of_arms_without_a_baseline_has_no_error_bars():
    """A single seed shows a difference and no verdict."""
    (found,) = compare_pairs([(finished_arm("a", 0.5), finished_arm("b", 0.6))], chance=0.1)

    assert found.accuracy.difference.estimate == pytest.approx(0.1)
    assert found.verdict.decision is Decision.UNDECIDED


def test_a_variation_that_sometimes_collapses_is_not_called_better():
    """At most 4.5 % of 600 studies claim it (2.5 % and three standard errors); a test over all runs does in 8 %."""
    better, covered = collapse.false_better(0.1, studies=600)
    assert better <= 0.045
    assert covered >= 0.92
    assert collapse.naive_better(0.1, studies=1_000) >= 0.08


def test_many_arms_that_collapse_alike_hold_few_false_claims():
    """Five variations and a baseline that collapse in 5 % of runs: at most 5 % of studies and three standard errors."""
    assert collapse.false_claims(5, 0.05, baseline_rate=0.05, studies=300) <= 0.09


@pytest.mark.parametrize("ratio", [0.3, 4.0])
def test_a_baseline_with_more_seeds_keeps_the_error_rate(ratio):
    """46 seeds against 14 and other spreads: false differences, and missed intervals, in at most 8 % of 600 studies."""
    false, missed = allocation.errors(14, 46, correlation=0.3, ratio=ratio, studies=600)
    assert max(false, missed) <= 0.08


def test_baseline_seeds_find_more_with_as_many_runs():
    """With 256 runs, 46 seeds of the baseline find 78 % of effects of 1.2 standard deviations, 16 seeds 57 %."""
    assert allocation.power(14, 46, studies=150) == pytest.approx(0.78, abs=0.05)
    assert allocation.power(16, 16, studies=150) == pytest.approx(0.57, abs=0.07)
