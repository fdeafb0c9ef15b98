import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from statsmodels.stats.power import TTestPower

from ceteris.errors import StatisticsError
from ceteris.statistics.power import (
    MOST_SEEDS,
    detectable_difference,
    equivalence_power,
    paired_power,
    seeds_needed,
    seeds_needed_for_equivalence,
)


@pytest.mark.parametrize("pairs", [3, 5, 16, 100, 1000])
@pytest.mark.parametrize("noncentrality", [0.1, 1.0, 2.8, 5.0])
def test_power_agrees_with_scipy_and_statsmodels(pairs, noncentrality):
    """Power is the noncentral t's of scipy and statsmodels to 1e-10, for few pairs and many."""
    effect = noncentrality / math.sqrt(pairs)
    critical = scipy.stats.t.isf(0.025, pairs - 1)
    by_scipy = scipy.stats.nct.sf(critical, pairs - 1, noncentrality) + scipy.stats.nct.cdf(
        -critical, pairs - 1, noncentrality
    )
    by_statsmodels = TTestPower().power(effect, pairs, 0.05)
    assert paired_power(effect, pairs) == pytest.approx(by_scipy, abs=1e-10)
    assert paired_power(effect, pairs) == pytest.approx(by_statsmodels, abs=1e-10)


def test_power_of_two_pairs_at_a_strict_level_agrees_with_integration():
    """Two pairs at 0.05 / 14, where scipy's noncentral t gives not-a-number: adaptive integration agrees to 1e-8."""
    critical = scipy.stats.t.isf(0.025 / 14, 1)
    shift = 160 * math.sqrt(2)

    def chance(deviation):
        """Weigh the chance that the mean is beyond the critical value by the density of the deviation."""
        beyond = scipy.stats.norm.sf(critical * deviation - shift) + scipy.stats.norm.cdf(-critical * deviation - shift)
        return beyond * scipy.stats.chi.pdf(deviation, 1)

    expected = scipy.integrate.quad(chance, 0, 12, points=[shift / critical], limit=200, epsabs=1e-12)[0]
    assert paired_power(160, 2, level=0.05 / 14) == pytest.approx(expected, abs=1e-8)


def test_power_without_a_difference_is_the_level():
    """Where there is nothing to find, the test finds it as often as its level allows; the direction does not matter."""
    assert paired_power(0.0, 12, level=0.01) == pytest.approx(0.01, abs=1e-10)
    assert paired_power(-0.7, 12) == paired_power(0.7, 12)


@pytest.mark.parametrize("pairs", [2, 3, 5, 16, 64])
@pytest.mark.parametrize("comparisons", [1, 14])
def test_detectable_difference_has_the_power_it_was_asked_for(pairs, comparisons):
    """At the detectable difference the power is 80 % at the Bonferroni level, for two pairs too."""
    effect = detectable_difference(pairs, comparisons=comparisons)
    assert paired_power(effect, pairs, level=0.05 / comparisons) == pytest.approx(0.8, abs=1e-8)


def test_detectable_difference_agrees_with_statsmodels():
    """Statsmodels gives it the power that was asked for."""
    assert TTestPower().power(detectable_difference(10), 10, 0.05) == pytest.approx(0.8, abs=1e-8)


def test_detectable_difference_falls_with_pairs_and_rises_with_comparisons():
    """More seeds show smaller differences; more variations ask for larger ones; one pair shows none."""
    effects = [detectable_difference(pairs) for pairs in (1, 2, 3, 5, 10, 20, 40)]
    assert effects[0] == math.inf
    assert effects == sorted(effects, reverse=True)
    assert (
        detectable_difference(16) < detectable_difference(16, comparisons=2) < detectable_difference(16, comparisons=14)
    )


@pytest.mark.parametrize("effect", [0.2, 0.5, 1.0, 3.0])
def test_seeds_needed_agrees_with_statsmodels(effect):
    """The number of seeds is statsmodels', rounded up."""
    expected = math.ceil(TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8))
    assert seeds_needed(effect * 0.02, 0.02) == expected
    assert seeds_needed(-effect * 0.02, 0.02) == expected


def test_seeds_needed_are_the_fewest():
    """One seed fewer has too little power, at a level shared by 14 comparisons."""
    seeds = seeds_needed(0.01, 0.015, comparisons=14)
    assert paired_power(0.01 / 0.015, seeds, level=0.05 / 14) >= 0.8
    assert paired_power(0.01 / 0.015, seeds - 1, level=0.05 / 14) < 0.8


def test_seeds_needed_knows_when_to_give_up():
    """No difference, or one too small, has no number of seeds; the most that is given is `MOST_SEEDS`."""
    assert seeds_needed(0.0, 0.02) is None
    assert seeds_needed(0.001, 0.02) is None
    assert seeds_needed(0.0018, 0.02) == 971
    assert MOST_SEEDS == 1_000


def test_without_a_spread_the_sign_flip_test_has_to_pass():
    """Equal differences need as many pairs as the sign-flip test: 2 / 2 ** 6 and 1 / 2 ** 5 are the first below 5 %."""
    assert seeds_needed(0.01, 0.0) == 6
    assert seeds_needed_for_equivalence(0.0, 0.0, 0.005) == 5
    assert seeds_needed(0.01, 0.0, comparisons=14) == 10
    assert seeds_needed(0.0, 0.0) is None
    assert seeds_needed_for_equivalence(0.005, 0.0, 0.005) is None


@pytest.mark.parametrize(
    ("effect", "margin", "pairs"), [(0.0, 1.0, 12), (0.3, 1.0, 12), (0.2, 2.0, 4), (0.0, 0.095, 1000)]
)
def test_equivalence_power_agrees_with_integration(effect, margin, pairs):
    """Power of the two one-sided tests is that of a direct integration over the deviation to 1e-8."""
    freedom, root = pairs - 1, math.sqrt(pairs)
    critical = scipy.stats.t.isf(0.05, freedom)

    def chance(deviation):
        """Weigh the chance that the mean is well inside the margin by the density of the deviation."""
        bound = margin * root - critical * deviation
        inside = scipy.stats.norm.cdf(bound - effect * root) - scipy.stats.norm.cdf(-bound - effect * root)
        return inside * scipy.stats.chi.pdf(deviation * math.sqrt(freedom), freedom) * math.sqrt(freedom)

    spread = 8 / math.sqrt(2 * freedom)  # beyond it from 1 lies no deviation worth counting
    ends = max(0.0, 1 - spread), min(1 + spread, margin * root / critical)
    expected = scipy.integrate.quad(chance, *ends, epsabs=1e-12, limit=200)[0]
    assert equivalence_power(effect, margin, pairs) == pytest.approx(expected, abs=1e-8)


def test_seeds_needed_for_equivalence_are_the_fewest():
    """One seed fewer has too little power; a difference outside the margin has no number of seeds."""
    seeds = seeds_needed_for_equivalence(0.001, 0.006, 0.005, comparisons=3)
    assert equivalence_power(1 / 6, 5 / 6, seeds, level=0.05 / 3) >= 0.8
    assert equivalence_power(1 / 6, 5 / 6, seeds - 1, level=0.05 / 3) < 0.8
    assert seeds_needed_for_equivalence(-0.005, 0.006, 0.005) is None
    assert seeds_needed_for_equivalence(0.0049, 0.02, 0.005) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: detectable_difference(0), "pairs is 0, expected at least 1. Run at least one seed of each arm."),
        (
            lambda: detectable_difference(5, comparisons=0),
            "comparisons is 0, expected at least 1. Give the number of variations.",
        ),
        (
            lambda: detectable_difference(5, power=80),
            "power is 80, expected a probability between 0 and 1. Write 0.8 for 80 %.",
        ),
        (
            lambda: seeds_needed(0.01, 0.02, level=0),
            "level is 0, expected a probability between 0 and 1. Write 0.8 for 80 %.",
        ),
    ],
)
def test_numbers_outside_their_range_are_refused(call, message):
    """Each wrong argument is named, with what to write instead."""
    with pytest.raises(StatisticsError) as error:
        call()
    assert str(error.value) == message


def test_facts_of_the_plan():
    """The figures that `ceteris plan` shows for 3, 5, 10, 20 and 30 seeds, in deviations of the paired difference."""
    found = [round(detectable_difference(pairs), 2) for pairs in (3, 5, 10, 20, 30)]
    assert found == [3.26, 1.68, 1.0, 0.66, 0.53]
    assert np.all(np.diff(found) < 0)
