import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from ceteris.errors import StatisticsError
from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.paired import (
    EXACT_PAIRS,
    RANDOM_PATTERNS,
    differences,
    probability_of_superiority,
    sign_flip_interval,
    sign_flip_test,
)


def test_differences_that_should_be_equal_are():
    """0.4 - 0.2 and 0.3 - 0.1 differ in the last bit; as accuracies they are the same gain."""
    changes = differences([0.1, 0.2, 0.7], [0.3, 0.4, 0.9])
    assert len({0.3 - 0.1, 0.4 - 0.2, 0.9 - 0.7}) > 1
    assert len(set(changes)) == 1


def test_a_difference_of_rounding_is_none():
    """Accuracies that agree but for rounding are ties, so that neither arm wins them."""
    assert list(differences([0.3, 0.5], [0.1 + 0.2, 0.6])) == [0.0, pytest.approx(0.1)]


def test_arms_of_different_length_cannot_be_paired():
    """Five scores cannot be paired with three."""
    with pytest.raises(StatisticsError) as error:
        differences([0.1] * 5, [0.2] * 3)
    assert str(error.value) == (
        "cannot pair 5 baseline scores with 3 of the variation, expected one of each per seed. Leave out the seeds "
        "that only one of them has."
    )


def test_the_message_says_which_arm_is_at_fault():
    """A score that is not a number is named with its arm."""
    with pytest.raises(StatisticsError) as error:
        differences([0.1, 0.2], [0.1, float("nan")])
    assert str(error.value) == (
        "scores of the variation: number 1 of 2 (from 0) is nan, expected finite numbers. Leave failed runs out, and "
        "count diverged ones with chance accuracy."
    )


per_cent = st.integers(0, 100).map(lambda count: count / 100)
tied_pairs = st.lists(st.tuples(per_cent, per_cent), min_size=2, max_size=20)


@pytest.mark.parametrize("wins", [0, 1, 7, 15, 16])
def test_interval_agrees_with_statsmodels(wins):
    """The interval is statsmodels' Wilson interval to 1e-10."""
    before = np.full(16, 0.5)
    after = np.where(np.arange(16) < wins, 0.6, 0.4)
    interval = probability_of_superiority(before, after)
    assert interval.estimate == wins / 16
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(wins, 16, method="wilson"), abs=1e-10)


def test_interval_covers_what_it_says():
    """Over all true probabilities, the interval of 16 seeds covers 94 to 96 % on average, counted exactly."""
    before = np.full(16, 0.5)
    found = [probability_of_superiority(before, np.where(np.arange(16) < wins, 0.6, 0.4)) for wins in range(17)]
    truths = np.linspace(0.005, 0.995, 199)
    inside = np.array([[interval.low <= truth <= interval.high for interval in found] for truth in truths])
    chances = scipy.stats.binom.pmf(np.arange(17), 16, truths[:, None])
    assert 0.94 <= (inside * chances).sum(axis=1).mean() <= 0.96


@pytest.mark.parametrize("seeds", range(2, 41))
def test_the_interval_ends_where_probabilities_end(seeds):
    """All pairs lost, or all won, end the interval at exactly 0 or 1, without a rounding error."""
    before = np.full(seeds, 0.5)
    assert probability_of_superiority(before, before - 0.1).low == 0.0
    assert probability_of_superiority(before, before + 0.1).high == 1.0


def test_ties_count_half():
    """One win, one loss and two ties make one half."""
    assert probability_of_superiority([0.5, 0.5, 0.5, 0.5], [0.6, 0.4, 0.5, 0.5]).estimate == 0.5


def test_lower_can_be_better():
    """Of times, the smaller wins."""
    assert probability_of_superiority([5, 5], [3, 4], higher_is_better=False).estimate == 1.0


def test_one_pair_has_no_interval():
    """One pair was won, and that is all there is to say."""
    assert probability_of_superiority([0.5], [0.6]) == PointEstimate(estimate=1.0)


@settings(deadline=None, max_examples=60)
@given(tied_pairs)
def test_both_arms_share_one(values):
    """What one arm wins the other loses, ends of the interval included."""
    before, after = np.array(values).T
    forth, back = probability_of_superiority(before, after), probability_of_superiority(after, before)
    assume(isinstance(forth, Interval))
    assert forth.estimate + back.estimate == pytest.approx(1, abs=1e-12)
    assert (forth.low, forth.high) == pytest.approx((1 - back.high, 1 - back.low), abs=1e-12)
    assert 0 <= forth.low <= forth.estimate <= forth.high <= 1


def test_ties_alone_have_no_interval():
    """Where every pair is tied, one half is no more than a convention."""
    assert probability_of_superiority([0.5, 0.4], [0.5, 0.4]) == PointEstimate(estimate=0.5)


# In ten-thousandths, so that the brute force below counts ties exactly.
counts = st.lists(st.integers(-300, 300), min_size=1, max_size=10)


def brute_force(values):
    """Count every pattern of signs in whole numbers."""
    sums = [
        sum(sign * value for sign, value in zip(signs, values, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(values))
    ]
    seen = sum(values)
    return sum(abs(total) >= abs(seen) for total in sums) / len(sums)


@settings(deadline=None, max_examples=80)
@given(counts)
def test_every_pattern_is_counted(values):
    """The p-value is the brute force's exactly, ties included."""
    differences = np.array(values) / 10_000
    assert sign_flip_test(differences) == brute_force(values)


def test_twenty_pairs_agree_with_brute_force():
    """A million patterns, counted one by one as whole numbers, give the same p-value."""
    values = np.random.default_rng(3).integers(-200, 300, 20)
    sums = np.zeros(1, np.int64)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    expected = np.mean(np.abs(sums) >= abs(values.sum()))
    assert sign_flip_test(values / 10_000) == expected


def test_sign_flip_agrees_with_scipy():
    """The p-value is that of scipy's exact permutation test of paired samples to 1e-10."""
    before, after = np.random.default_rng(4).normal(0, 1, (2, 9))
    expected = scipy.stats.permutation_test(
        (after, before), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_test(after - before) == pytest.approx(expected.pvalue, rel=1e-10)


def test_most_pairs_that_are_exact():
    """With as many pairs as are gone through, all of one sign, only two patterns are as extreme."""
    result = sign_flip_test(np.linspace(0.01, 0.02, EXACT_PAIRS))
    assert result == 2 / 2**EXACT_PAIRS


def test_patterns_of_more_pairs_are_drawn_at_random():
    """Random patterns come near scipy's t test on normal numbers, and one generator gives one p-value."""
    differences = np.random.default_rng(5).normal(0.02, 0.1, 60)
    result = sign_flip_test(differences, generator=np.random.default_rng(0))
    assert result == pytest.approx(scipy.stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert result == sign_flip_test(differences, generator=np.random.default_rng(0))


def test_a_random_p_value_is_never_zero():
    """The pattern that was seen counts among the random ones."""
    result = sign_flip_test(np.full(50, 0.1), generator=np.random.default_rng(0))
    assert result == 1 / (1 + RANDOM_PATTERNS)


def test_no_difference_is_not_significant():
    """Differences that are all 0, or cancel, have a p-value of 1."""
    assert sign_flip_test([0.0, 0.0, 0.0]) == 1.0
    assert sign_flip_test([0.01, -0.01]) == 1.0


@settings(deadline=None, max_examples=60)
@given(counts, st.randoms(use_true_random=False))
def test_neither_order_nor_direction_matters(values, random):
    """Shuffling the seeds or swapping the arms leaves the two-sided p-value as it was."""
    expected = sign_flip_test(np.array(values) / 10_000)
    assert sign_flip_test(np.array(random.sample(values, len(values))) / 10_000) == expected
    assert sign_flip_test(-np.array(values) / 10_000) == expected


def test_too_many_pairs_need_a_generator():
    """Without a generator, 33 pairs are refused with what to give."""
    with pytest.raises(StatisticsError) as error:
        sign_flip_test(np.ones(33))
    assert str(error.value) == (
        "the sign-flip test of 33 pairs has 2 ** 33 sign patterns, expected at most 32 pairs to go through them all. "
        "Give a generator to draw 99,999 of them, for example generator=np.random.default_rng(0)."
    )


@pytest.mark.parametrize(("pairs", "significance"), [(6, 0.05), (9, 0.05), (10, 0.2), (13, 0.01)])
def test_sign_flip_interval_holds_the_shifts_that_are_not_rejected(pairs, significance):
    """Just inside its ends the sign-flip test of the shifted differences is not significant, just outside it is."""
    values = np.random.default_rng(pairs).normal(0.3, 1, pairs)
    found, p_value = sign_flip_interval(values, significance=significance)
    assert p_value == sign_flip_test(values)
    for end, outwards in ((found.low, -1), (found.high, 1)):
        assert sign_flip_test(values - (end - 1e-6 * outwards)) > significance
        assert sign_flip_test(values - (end + 1e-6 * outwards)) <= significance
    assert found.estimate == pytest.approx(values.mean(), abs=1e-12)
    assert found.level == 1 - significance


def test_sign_flip_interval_of_whole_numbers_with_ties():
    """Of whole epochs too the p-value is that of the sign-flip test, and the interval leaves out 0 with it."""
    for seed in range(200):
        values = np.random.default_rng(seed).integers(-2, 4, 8)
        found, p_value = sign_flip_interval(values, significance=0.05)
        assert p_value == sign_flip_test(values)
        if isinstance(found, Interval):
            assert (found.low <= 0 <= found.high) == (p_value > 0.05)


def test_sign_flip_interval_of_too_few_pairs_is_a_point():
    """Five pairs cannot reject any shift at 5 %, and equal differences show no spread."""
    assert sign_flip_interval([1, 2, 3, 4, 5], significance=0.05) == (PointEstimate(estimate=3.0), 0.0625)
    assert sign_flip_interval([2] * 8, significance=0.05) == (PointEstimate(estimate=2.0), 2 / 2**8)


def test_sign_flip_interval_of_many_pairs_draws_subsets():
    """Ends and p-value are near those of Student's for normal differences, and the same for the same generator."""
    values = np.random.default_rng(5).normal(0.2, 1, 60)
    first, again = (sign_flip_interval(values, significance=0.05, generator=np.random.default_rng(1)) for _ in range(2))
    assert first == again
    student = scipy.stats.ttest_1samp(values, 0)
    low, high = student.confidence_interval()
    assert (first[0].low, first[0].high) == pytest.approx((low, high), abs=0.03)
    assert first[1] == pytest.approx(student.pvalue, abs=0.02)
    with pytest.raises(StatisticsError) as error:
        sign_flip_interval(values, significance=0.05)
    assert str(error.value) == (
        "60 pairs have 2 ** 60 subsets, expected at most 20 pairs to go through them all. Give a generator to draw "
        "99,999 of them, for example generator=np.random.default_rng(0)."
    )
