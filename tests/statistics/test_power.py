import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import difference_test, mean_difference
from ceteris.statistics.power import detectable_difference, forecast, t_power


@pytest.mark.parametrize("pairs", [3, 5, 16, 100, 1000])
@pytest.mark.parametrize("noncentrality", [0.1, 1.0, 2.8, 5.0])
def test_power_agrees_with_scipy_and_statsmodels(pairs, noncentrality):
    """Power is the noncentral t's of scipy and statsmodels to 1e-10, for few pairs and many."""
    critical = scipy.stats.t.isf(0.025, pairs - 1)
    by_scipy = scipy.stats.nct.sf(critical, pairs - 1, noncentrality) + scipy.stats.nct.cdf(
        -critical, pairs - 1, noncentrality
    )
    by_statsmodels = TTestPower().power(noncentrality / math.sqrt(pairs), pairs, 0.05)
    assert t_power(noncentrality, pairs - 1) == pytest.approx(by_scipy, abs=1e-10)
    assert t_power(noncentrality, pairs - 1) == pytest.approx(by_statsmodels, abs=1e-10)


def test_power_of_two_pairs_at_a_strict_level_agrees_with_integration():
    """Two pairs at 0.05 / 14, where scipy's noncentral t gives not-a-number: adaptive integration agrees to 1e-8."""
    critical = scipy.stats.t.isf(0.025 / 14, 1)
    shift = 160 * math.sqrt(2)

    def chance(deviation):
        """Weigh the chance that the mean is beyond the critical value by the density of the deviation."""
        beyond = scipy.stats.norm.sf(critical * deviation - shift) + scipy.stats.norm.cdf(-critical * deviation - shift)
        return beyond * scipy.stats.chi.pdf(deviation, 1)

    expected = scipy.integrate.quad(chance, 0, 12, points=[shift / critical], limit=200, epsabs=1e-12)[0]
    assert t_power(shift, 1, level=0.05 / 14) == pytest.approx(expected, abs=1e-8)


def test_power_without_a_difference_is_the_level():
    """Where there is nothing to find, the test finds it as often as its level allows; the direction does not matter."""
    assert t_power(0.0, 11, level=0.01) == pytest.approx(0.01, abs=1e-10)
    assert t_power(-2.4, 11) == t_power(2.4, 11)


@pytest.mark.parametrize("runs", [2, 3, 10, 64])
@pytest.mark.parametrize("comparisons", [1, 14])
def test_detectable_difference_agrees_with_statsmodels(runs, comparisons):
    """Of two equal arms: statsmodels gives it the power that was asked for, at the level of Holm's first step."""
    effect = detectable_difference(runs, runs, comparisons=comparisons)
    power = t_power(effect * math.sqrt(runs / 2), 2 * runs - 2, level=0.05 / (2 * comparisons))
    assert power == pytest.approx(0.8, abs=1e-8)
    if runs > 3:
        by_statsmodels = TTestIndPower().power(effect, runs, 0.05 / (2 * comparisons))
        assert by_statsmodels == pytest.approx(0.8, abs=1e-6)


def test_baseline_runs_show_smaller_differences():
    """Tripling the baseline alone shows less; more variations ask for more; an arm of one run shows nothing."""
    assert detectable_difference(48, 16) < detectable_difference(16, 16)
    assert detectable_difference(16, 16) < detectable_difference(16, 16, comparisons=2)
    assert detectable_difference(1, 16) == detectable_difference(16, 1) == math.inf


def undecided(generator, runs, shift=0.01):
    """Give a difference of two arms without common seeds."""
    before, after = generator.normal(0.5, 0.02, runs), generator.normal(0.5 + shift, 0.02, runs)
    return mean_difference(dict(enumerate(before)), dict(enumerate(after, 1000)))


def test_a_forecast_is_the_formula():
    """Doubling both arms doubles the information: Phi[(z sqrt 2 - c) / 1], with c at Holm's first step."""
    found = undecided(np.random.default_rng(0), 16)
    p = difference_test(found)
    chance = forecast(found, p, comparisons=1, tests=2)
    z, critical = scipy.stats.norm.isf(p / 2), scipy.stats.norm.isf(0.05 / 4)
    assert (chance.baseline, chance.variation) == (16, 16)
    assert chance.probability == pytest.approx(scipy.stats.norm.cdf(z * math.sqrt(2) - critical), abs=1e-12)
    assert chance.most == pytest.approx(scipy.stats.norm.cdf(z), abs=1e-12)


def test_the_baseline_comes_first():
    """Of fifteen variations with 16 runs each the baseline deserves 62; with these, both arms are doubled."""
    found = undecided(np.random.default_rng(0), 16)
    chance = forecast(found, 0.05, comparisons=15, tests=30)
    assert (chance.baseline, chance.variation) == (46, 0)
    more = mean_difference(
        dict(enumerate(np.random.default_rng(1).normal(0.5, 0.02, 62))),
        dict(enumerate(np.random.default_rng(2).normal(0.51, 0.02, 16), 1000)),
    )
    chance = forecast(more, 0.05, comparisons=15, tests=30)
    assert (chance.baseline, chance.variation) == (62, 16)


def test_a_forecast_promises_no_more_than_its_limit():
    """The probability is never above what it tends to."""
    found = undecided(np.random.default_rng(0), 16)
    for p in (0.001, 0.02, 0.3, 1.0):
        chance = forecast(found, p, comparisons=15, tests=30)
        assert 0 <= chance.probability <= chance.most


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: detectable_difference(0, 5),
            "baseline is 0, expected at least 1. Run at least one seed of each arm.",
        ),
        (
            lambda: detectable_difference(5, 5, comparisons=0),
            "comparisons is 0, expected at least 1. Give the number of variations.",
        ),
        (
            lambda: detectable_difference(5, 5, power=80),
            "power is 80, expected a probability between 0 and 1. Write 0.8 for 80 %.",
        ),
        (
            lambda: detectable_difference(5, 5, level=0),
            "level is 0, expected a probability between 0 and 1. Write 0.8 for 80 %.",
        ),
    ],
)
def test_numbers_outside_their_range_are_refused(call, message):
    """Each wrong argument is named, with what to write instead."""
    with pytest.raises(StatisticsError) as error:
        call()
    assert str(error.value) == message
