import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from ceteris.statistics.interval import Interval, PointEstimate
from ceteris.statistics.superiority import probability_to_beat

accuracy = st.integers(0, 100).map(lambda count: count / 100)
pairs = st.lists(st.tuples(accuracy, accuracy), min_size=2, max_size=20)


@pytest.mark.parametrize("wins", [0, 1, 7, 15, 16])
def test_interval_agrees_with_statsmodels(wins):
    """The interval is statsmodels' Wilson interval to 1e-10."""
    before = np.full(16, 0.5)
    after = np.where(np.arange(16) < wins, 0.6, 0.4)
    interval = probability_to_beat(before, after)
    assert interval.estimate == wins / 16
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(wins, 16, method="wilson"), abs=1e-10)


def test_interval_covers_what_it_says():
    """Over all true probabilities, the interval of 16 seeds covers 94 to 96 % on average, counted exactly."""
    before = np.full(16, 0.5)
    found = [probability_to_beat(before, np.where(np.arange(16) < wins, 0.6, 0.4)) for wins in range(17)]
    truths = np.linspace(0.005, 0.995, 199)
    inside = np.array([[interval.low <= truth <= interval.high for interval in found] for truth in truths])
    chances = scipy.stats.binom.pmf(np.arange(17), 16, truths[:, None])
    assert 0.94 <= (inside * chances).sum(axis=1).mean() <= 0.96


@pytest.mark.parametrize("seeds", range(2, 41))
def test_the_interval_ends_where_probabilities_end(seeds):
    """All pairs lost, or all won, end the interval at exactly 0 or 1, without a rounding error."""
    before = np.full(seeds, 0.5)
    assert probability_to_beat(before, before - 0.1).low == 0.0
    assert probability_to_beat(before, before + 0.1).high == 1.0


def test_ties_count_half():
    """One win, one loss and two ties make one half."""
    assert probability_to_beat([0.5, 0.5, 0.5, 0.5], [0.6, 0.4, 0.5, 0.5]).estimate == 0.5


def test_lower_can_be_better():
    """Of times, the smaller wins."""
    assert probability_to_beat([5, 5], [3, 4], higher_is_better=False).estimate == 1.0


def test_one_pair_has_no_interval():
    """One pair was won, and that is all there is to say."""
    assert probability_to_beat([0.5], [0.6]) == PointEstimate(estimate=1.0)


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_both_arms_share_one(values):
    """What one arm wins the other loses, ends of the interval included."""
    before, after = np.array(values).T
    forth, back = probability_to_beat(before, after), probability_to_beat(after, before)
    assume(isinstance(forth, Interval))
    assert forth.estimate + back.estimate == pytest.approx(1, abs=1e-12)
    assert (forth.low, forth.high) == pytest.approx((1 - back.high, 1 - back.low), abs=1e-12)
    assert 0 <= forth.low <= forth.estimate <= forth.high <= 1


def test_ties_alone_have_no_interval():
    """Where every pair is tied, one half is no more than a convention."""
    assert probability_to_beat([0.5, 0.4], [0.5, 0.4]) == PointEstimate(estimate=0.5)
