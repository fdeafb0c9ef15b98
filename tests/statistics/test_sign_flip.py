import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.errors import StatisticsError
from ceteris.statistics.sign_flip import EXACT_PAIRS, RANDOM_PATTERNS, sign_flip_test

# In ten-thousandths, so that the brute force below counts ties exactly.
counts = st.lists(st.integers(-300, 300), min_size=1, max_size=10)


def brute_force(values, *, two_sided=True):
    """Count every pattern of signs in whole numbers."""
    sums = [
        sum(sign * value for sign, value in zip(signs, values, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(values))
    ]
    seen = sum(values)
    extreme = sum(abs(total) >= abs(seen) for total in sums) if two_sided else sum(total >= seen for total in sums)
    return extreme / len(sums)


@settings(deadline=None, max_examples=80)
@given(counts)
def test_every_pattern_is_counted(values):
    """The p-value is the brute force's exactly, ties included, two-sided and one-sided."""
    differences = np.array(values) / 10_000
    assert sign_flip_test(differences).p_value == brute_force(values)
    assert sign_flip_test(differences, alternative="greater").p_value == brute_force(values, two_sided=False)


def test_twenty_pairs_agree_with_brute_force():
    """A million patterns, counted one by one as whole numbers, give the same p-value."""
    values = np.random.default_rng(3).integers(-200, 300, 20)
    sums = np.zeros(1, np.int64)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    expected = np.mean(np.abs(sums) >= abs(values.sum()))
    assert sign_flip_test(values / 10_000).p_value == expected


def test_sign_flip_agrees_with_scipy():
    """The p-value is that of scipy's exact permutation test of paired samples to 1e-10."""
    before, after = np.random.default_rng(4).normal(0, 1, (2, 9))
    expected = scipy.stats.permutation_test(
        (after, before), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_test(after - before).p_value == pytest.approx(expected.pvalue, rel=1e-10)


def test_most_pairs_that_are_exact():
    """With as many pairs as are gone through, all of one sign, only two patterns are as extreme."""
    result = sign_flip_test(np.linspace(0.01, 0.02, EXACT_PAIRS))
    assert (result.p_value, result.exact) == (2 / 2**EXACT_PAIRS, True)


def test_more_pairs_are_drawn_at_random_and_say_so():
    """Random patterns come near scipy's t test on normal numbers, and one generator gives one p-value."""
    differences = np.random.default_rng(5).normal(0.02, 0.1, 60)
    result = sign_flip_test(differences, generator=np.random.default_rng(0))
    assert not result.exact
    assert result.p_value == pytest.approx(scipy.stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert result == sign_flip_test(differences, generator=np.random.default_rng(0))


def test_a_random_p_value_is_never_zero():
    """The pattern that was seen counts among the random ones."""
    result = sign_flip_test(np.full(50, 0.1), generator=np.random.default_rng(0))
    assert result.p_value == 1 / (1 + RANDOM_PATTERNS)


def test_no_difference_is_not_significant():
    """Differences that are all 0, or cancel, have a p-value of 1."""
    assert sign_flip_test([0.0, 0.0, 0.0]).p_value == 1.0
    assert sign_flip_test([0.01, -0.01]).p_value == 1.0


@settings(deadline=None, max_examples=60)
@given(counts, st.randoms(use_true_random=False))
def test_neither_order_nor_direction_matters(values, random):
    """Shuffling the seeds or swapping the arms leaves the two-sided p-value as it was."""
    expected = sign_flip_test(np.array(values) / 10_000).p_value
    assert sign_flip_test(np.array(random.sample(values, len(values))) / 10_000).p_value == expected
    assert sign_flip_test(-np.array(values) / 10_000).p_value == expected


def test_too_many_pairs_need_a_generator():
    """Without a generator, 33 pairs are refused with what to give."""
    with pytest.raises(StatisticsError) as error:
        sign_flip_test(np.ones(33))
    assert str(error.value) == (
        "the sign-flip test of 33 pairs has 2 ** 33 sign patterns, expected at most 32 pairs to go through them all. "
        "Give a generator to draw 99,999 of them, for example generator=np.random.default_rng(0)."
    )
