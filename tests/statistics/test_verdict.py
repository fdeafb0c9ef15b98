import math
from dataclasses import replace

import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.contrast import Criteria, contrast, with_adjusted
from ceteris.statistics.difference import mean_difference
from ceteris.statistics.equivalence import adjusted_equivalence, equivalence_test, holm
from ceteris.statistics.power import Forecast
from ceteris.statistics.scores import Evidence
from ceteris.statistics.verdict import Decision, Reason, Verdict, decide

FORECAST = Forecast(baseline=8, variation=8, probability=0.4, most=0.9)


def by_seed(values):
    """Give values the seeds from 0 on."""
    return {seed: float(value) for seed, value in enumerate(values)}


def compared(changes, *, comparisons=1, margin=0.005):
    """Compare a variation with these differences, in a study whose other variations have no runs yet."""
    before, after = by_seed(np.full(len(changes), 0.5)), by_seed(0.5 + np.array(changes))
    others = [None] * (comparisons - 1)
    gain = contrast(before, after, generator=np.random.default_rng(0), comparisons=comparisons)
    equal = equivalence_test(mean_difference(before, after), margin=margin)
    p_value, *_ = holm([gain.p_value, *[math.nan] * len(others)])
    return with_adjusted(gain, p_value, math.nan), adjusted_equivalence([equal, *others])[0]


def judged(changes, *, comparisons=1, margin=0.005):
    """Judge such a variation."""
    found = compared(changes, comparisons=comparisons, margin=margin)
    return decide(*found, criteria=Criteria(margin=margin), forecast=FORECAST)


NOISE = np.array([-0.011, 0.012, -0.004, 0.003, 0.009, -0.009, 0.001, -0.001])


@pytest.mark.parametrize(("shift", "finding"), [(0.05, Decision.BETTER), (-0.05, Decision.WORSE)])
def test_a_large_difference_is_decided(shift, finding):
    """A difference far beyond its noise is better or worse, by its sign."""
    assert judged(NOISE + shift) == Verdict(decision=finding)


def test_a_small_one_within_the_margin_is_equivalent():
    """Little noise around nothing is equivalent."""
    assert judged(NOISE / 10) == Verdict(decision=Decision.EQUIVALENT)


def test_a_certain_difference_within_the_margin_is_equivalent_for_a_reason():
    """What the study declared not to matter is equivalent, and the reason says which way it goes."""
    assert judged(NOISE / 10 + 0.003) == Verdict(decision=Decision.EQUIVALENT, reason=Reason.BETTER_WITHIN_MARGIN)
    assert judged(NOISE / 10 - 0.003) == Verdict(decision=Decision.EQUIVALENT, reason=Reason.WORSE_WITHIN_MARGIN)


def test_an_undecided_one_keeps_its_forecast():
    """What more runs may show stands with an undecided verdict, and with no other."""
    assert judged(NOISE + 0.006) == Verdict(decision=Decision.UNDECIDED, forecast=FORECAST)


def test_more_comparisons_ask_for_a_clearer_difference():
    """What is better alone is undecided as one of 14, because of Holm's adjustment."""
    assert judged(NOISE + 0.009).decision is Decision.BETTER
    assert judged(NOISE + 0.009, comparisons=14).decision is Decision.UNDECIDED


@pytest.mark.parametrize("difference", [0.0, 1 / 9])
def test_equal_differences_give_no_advice(difference):
    """Where all differences are equal, nothing says what more runs would show."""
    assert judged([difference] * 2) == Verdict(decision=Decision.UNDECIDED, reason=Reason.NO_SPREAD)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Evidence.NO_RUN, Reason.NO_RUN),
        (Evidence.BASELINE_COLLAPSED, Reason.BASELINE_COLLAPSED),
        (Evidence.VARIATION_COLLAPSED, Reason.VARIATION_COLLAPSED),
    ],
)
def test_arms_without_a_run_that_learned_are_not_compared(evidence, reason):
    """The reason says which arm has none."""
    assert decide(None, None, evidence=evidence) == Verdict(decision=Decision.NOT_COMPARED, reason=reason)


def test_one_run_decides_nothing():
    """Error bars need two."""
    accuracy = contrast({0: 0.5}, {0: 0.9}, generator=np.random.default_rng(0))
    assert decide(accuracy, None) == Verdict(decision=Decision.UNDECIDED, reason=Reason.ONE_RUN)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_arms_without_any_spread(size):
    """Equal arms are undecided from two seeds and equivalent from eight, never certain from two."""
    finding = judged([0.0] * size).decision
    assert finding is (Decision.EQUIVALENT if size == 8 else Decision.UNDECIDED)


def test_p_values_must_be_adjusted_first():
    """A contrast outside its family is refused with what to do."""
    accuracy, equivalence = compared(NOISE + 0.05)
    with pytest.raises(StatisticsError) as error:
        decide(replace(accuracy, p_value_adjusted=None), equivalence)
    assert str(error.value) == (
        "the p-values are not adjusted yet, expected Holm's adjustment over all tests of the study. Pass the contrasts "
        "through `with_adjusted` and the equivalences through `adjusted_equivalence` first."
    )
