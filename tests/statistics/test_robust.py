import itertools
import math

import numpy as np
import pytest
import scipy.stats

from bench.simulations.robustness import false_epochs, false_superiority
from ceteris.errors import StatisticsError
from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.robust import (
    LEAST_PAIRS,
    LEAST_RUNS,
    Check,
    check_robustness,
    curve_band,
    superiority_over_all_pairs,
    trimmed_difference,
)
from ceteris.statistics.scores import ArmScores, Ending, RunScore


def two_arms(seed, ties):
    """Draw arms of unequal size and spread; in whole per cents, so that runs tie, if that is asked for."""
    generator = np.random.default_rng(seed)
    before, after = generator.normal(0.5, 0.02, 16), generator.normal(0.51, 0.05, 12)
    return (np.round(before, 2), np.round(after, 2)) if ties else (before, after)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_probability_of_superiority_is_tested_as_scipy_tests_it(seed, ties):
    """The p-value is that of Brunner and Munzel's test with Student's t, and the estimate counts pairs."""
    before, after = two_arms(seed, ties)
    found = superiority_over_all_pairs(before, after)

    assert found.p_value == pytest.approx(scipy.stats.brunnermunzel(before, after).pvalue, rel=1e-9)
    wins = [float(b > a) + 0.5 * float(b == a) for a, b in itertools.product(before, after)]
    assert found.estimate.estimate == pytest.approx(np.mean(wins))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_trimmed_means_are_compared_as_scipy_compares_them(seed, ties):
    """Yuen's test with a fifth trimmed at either end, and its interval."""
    before, after = two_arms(seed, ties)
    found = trimmed_difference(before, after)
    theirs = scipy.stats.ttest_ind(after, before, trim=0.2, equal_var=False)
    interval = theirs.confidence_interval(0.95)

    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert (found.estimate.low, found.estimate.high) == pytest.approx((interval.low, interval.high))
    assert found.estimate.estimate == pytest.approx(
        scipy.stats.trim_mean(after, 0.2) - scipy.stats.trim_mean(before, 0.2)
    )


@pytest.mark.parametrize("method", [superiority_over_all_pairs, trimmed_difference])
def test_the_interval_leaves_out_equal_arms_just_where_the_test_finds_a_difference(method):
    """At the level of the p-value an end of the interval lies on the value of equal arms."""
    before, after = two_arms(3, ties=False)
    p = method(before, after).p_value
    ends = method(before, after, level=1 - p).estimate

    equal = 0.5 if method is superiority_over_all_pairs else 0.0
    assert min(abs(ends.low - equal), abs(ends.high - equal)) == pytest.approx(0, abs=1e-9)


def test_a_run_that_ranks_last_moves_ranks_by_one_place():
    """Minus infinity and any accuracy below all others are the same; of trimmed means a fifth may be so."""
    before = list(two_arms(0, ties=False)[0])
    lost, bad = ([*before[1:], value] for value in (-math.inf, 0.1))

    assert superiority_over_all_pairs(before, lost) == superiority_over_all_pairs(before, bad)
    assert trimmed_difference(before, bad) == trimmed_difference(before, [*before[1:], 0.3])


def test_arms_without_overlap_have_no_interval():
    """All wins: the variance of ranks is 0, and the p-value that of dealing 20 runs into two arms of ten."""
    ten = np.arange(10.0)

    assert superiority_over_all_pairs(ten, ten + 100) == Check(
        estimate=PointEstimate(estimate=1.0), p_value=pytest.approx(2 / math.comb(20, 10))
    )
    assert superiority_over_all_pairs(np.zeros(10), np.zeros(10)).p_value == 1.0


def test_few_runs_have_an_estimate_alone():
    """Below ten runs an arm the test of ranks errs too often; two runs that are left show a spread."""
    ten = np.arange(10.0)

    assert LEAST_RUNS == 10
    assert isinstance(superiority_over_all_pairs(ten, ten + 1).estimate, Interval)
    assert superiority_over_all_pairs(ten, ten[:9]) == Check(
        estimate=PointEstimate(estimate=pytest.approx(0.45)), p_value=None
    )
    assert trimmed_difference([0.5], [0.6, 0.7]) == Check(
        estimate=PointEstimate(estimate=pytest.approx(0.15)), p_value=None
    )
    assert trimmed_difference([0.5, 0.5], [0.5, 0.5]) == Check(estimate=PointEstimate(estimate=0.0), p_value=1.0)


def test_the_band_is_that_of_all_patterns_of_signs():
    """Each of the 2 ** 7 patterns is gone through, with t of every epoch by its textbook formula."""
    changes = np.random.default_rng(0).normal(0, 1, (7, 4)).cumsum(axis=1) + np.array([1.2, 0.5, 0.2, 0.0])

    def t(rows):
        return np.abs(rows.mean(axis=0)) / (rows.std(axis=0, ddof=1) / np.sqrt(len(rows)))

    largest = sorted(t(changes * np.array(signs)[:, None]).max() for signs in itertools.product((1, -1), repeat=7))
    band = curve_band(changes, generator=np.random.default_rng(0))
    half = largest[-1 - 6] * changes.std(axis=0, ddof=1) / np.sqrt(7)  # 6 of 128 patterns are at most 5 %

    assert band.pairs == 7
    assert band.p_value == np.mean([one >= t(changes).max() - 1e-9 for one in largest])
    assert band.low == pytest.approx(changes.mean(axis=0) - half)
    assert band.high == pytest.approx(changes.mean(axis=0) + half)


def test_a_band_of_many_pairs_draws_patterns_from_the_generator():
    """The same generator gives the same band, and about the one of all patterns."""
    changes = np.random.default_rng(1).normal(0.8, 1, (13, 3))
    one, same, other = (curve_band(changes, generator=np.random.default_rng(seed)) for seed in (0, 0, 1))

    assert (one.low.tolist(), one.p_value) == (same.low.tolist(), same.p_value)
    assert one.low.tolist() != other.low.tolist()
    assert one.low == pytest.approx(other.low, abs=0.1)


def test_an_epoch_without_spread_has_no_width():
    """All pairs at the chance level at first: a difference of 0 for sure, of which nothing is claimed."""
    changes = np.stack([np.zeros(8), np.random.default_rng(2).normal(1, 0.2, 8)], axis=1)
    band = curve_band(changes, generator=np.random.default_rng(0))

    assert (band.low[0], band.high[0]) == (0.0, 0.0)
    assert band.low[1] > 0


def test_a_pattern_of_signs_that_leaves_no_spread_gives_no_band():
    """Differences that are equal but for their signs have an infinite t by one pattern, at two epochs by too many."""
    sign = np.array([1.0, 1, 1, -1, -1, -1])

    assert curve_band(np.stack([np.abs(sign), sign], axis=1), generator=np.random.default_rng(0)) is None


def test_too_few_pairs_have_no_band():
    """Two of the 32 patterns of five pairs are 6 %, more than the level."""
    assert LEAST_PAIRS == 6
    assert curve_band(np.ones((5, 3)) + np.eye(5, 3), generator=np.random.default_rng(0)) is None
    assert curve_band(np.ones((6, 3)), generator=np.random.default_rng(0)).p_value == 2 / 2**6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: superiority_over_all_pairs([0.5, math.nan], [0.5]),
            (
                "baseline scores are [0.5, nan], expected one number per run. Give minus infinity for a run that ranks "
                "last."
            ),
        ),
        (
            lambda: curve_band([0.5, 0.6], generator=np.random.default_rng(0)),
            (
                "differences of curves have shape (2,), expected finite numbers of shape (pairs, epochs). Leave out "
                "failed runs, and cut curves to the epochs that all have."
            ),
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(call, message):
    """The message says what was found, what was expected and what to do."""
    with pytest.raises(StatisticsError) as error:
        call()

    assert str(error.value) == message


def arm(name, *runs):
    """Give an arm of runs, each with its ending, accuracy and learning curve."""
    return ArmScores(
        name=name,
        factor="depth",
        runs=tuple(
            RunScore(
                seed=seed,
                status=ending,
                test_accuracy=accuracy,
                validation_accuracy=None if accuracy is None else np.array([accuracy / 2, accuracy]),
            )
            for seed, (ending, accuracy) in enumerate(runs)
        ),
    )


def test_every_run_counts_in_its_own_way():
    """Failed and diverged runs rank last; diverged ones have the chance level in means; others are left out."""
    good = [(Ending.FINISHED, 0.5 + seed / 100) for seed in range(10)]
    baseline = arm("baseline", *good, (Ending.FINISHED, 0.05))
    variation = arm("deeper", *good, (Ending.DIVERGED, None), (Ending.FAILED, None), (Ending.MISSING, None))
    found = check_robustness(baseline, variation, chance=0.1, generator=np.random.default_rng(0))
    scores, chance = [accuracy for _, accuracy in good], 0.1

    assert found.superiority == superiority_over_all_pairs([*scores, 0.05], [*scores, -math.inf, -math.inf])
    assert found.trimmed == trimmed_difference([*scores, 0.05], [*scores, chance])
    assert found.curves.pairs == 10
    assert found.curves.mean == pytest.approx([0, 0])


def test_scores_stand_for_accuracies_where_they_are_judged():
    """A diverged run has none: it ranks last all the same, and is in no mean."""
    runs = [
        RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=0.5, score=-seed / 100, validation_accuracy=None)
        for seed in range(10)
    ]
    lost = RunScore(seed=10, status=Ending.DIVERGED)
    arms = [ArmScores(name=name, factor="depth", runs=(*runs, lost)) for name in ("baseline", "deeper")]
    found = check_robustness(*arms, chance=0.1, generator=np.random.default_rng(0))
    scores = [run.score for run in runs]

    assert found.superiority == superiority_over_all_pairs([*scores, -math.inf], [*scores, -math.inf])
    assert found.trimmed == trimmed_difference(scores, scores)


def test_an_arm_without_a_run_is_not_compared():
    """Nothing is ranked, trimmed or drawn."""
    found = check_robustness(
        arm("baseline", (Ending.MISSING, None)),
        arm("deeper", (Ending.FINISHED, 0.5)),
        chance=0.1,
        generator=np.random.default_rng(0),
    )

    assert (found.superiority, found.trimmed, found.curves) == (None, None, None)


def test_equal_arms_are_told_apart_as_rarely_as_promised():
    """By ranks, with unequal sizes and spreads, and at an epoch of a band: 5 % of studies and three standard errors."""
    walks = false_epochs(16, effect=0.0, studies=1_000)

    assert false_superiority((14, 46), ratio=4.0, studies=2_000) <= 0.065
    assert walks.simultaneous <= 0.071
    assert walks.pointwise > 0.1  # so that the test has teeth
