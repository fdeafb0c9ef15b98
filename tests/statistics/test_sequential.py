import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from bench.simulations import looks
from ceteris.errors import StatisticsError
from ceteris.statistics.sequential import (
    anytime_p,
    anytime_quantile,
    e_value,
    error_rates,
    family_levels,
    group_sequential_holm,
    nominal_levels,
    one_sided_levels,
    paired_rates_e_value,
)

LOOKS = (8, 16, 24, 32)
STUDIES = 4_000
# Three standard errors of a share of 5 % beyond it.
MOST = 0.05 + 3 * math.sqrt(0.05 * 0.95 / STUDIES)


@pytest.mark.parametrize(
    ("level", "printed"),
    [(0.05, [0.003125, 0.0105, 0.0214, 0.0364]), (0.05 / 15, [2.08e-4, 6.67e-4, 1.28e-3, 2.08e-3])],
)
def test_levels_at_four_looks(level, printed):
    """The levels of four looks are those of the literature, to the digits that are printed."""
    assert [float(f"{found:.3g}") for found in nominal_levels(LOOKS, level)] == pytest.approx(printed, rel=5e-3)
    assert nominal_levels(LOOKS, level)[0] == pytest.approx(level / 16, abs=1e-12)


def test_levels_spend_what_is_planned():
    """By each look, a Brownian motion has left the boundaries with the probability that is spent until then."""
    sizes, level = (6, 10, 30), 0.05
    bounds = stats.norm.isf(np.array(nominal_levels(sizes, level)) / 2) * np.sqrt(sizes)
    covariance = np.minimum.outer(np.array(sizes, float), sizes)
    for looks_done in (1, 2, 3):
        upper = bounds[:looks_done]
        motion = stats.multivariate_normal(cov=covariance[:looks_done, :looks_done], abseps=1e-9, maxpts=1_000_000)
        inside = motion.cdf(upper, lower_limit=-upper, rng=np.random.default_rng(0))
        assert 1 - inside == pytest.approx(level * (sizes[looks_done - 1] / 30) ** 2, abs=1e-6)


@pytest.mark.parametrize("look", range(4))
def test_error_rates_invert_levels(look):
    """The error rate of a p-value is that whose level at this look it would be; outside its range it ends."""
    for rate in (1e-9, 0.0004, 0.05, 0.6):
        level = nominal_levels(LOOKS, rate)[look]
        assert error_rates([level], LOOKS, look)[0] == pytest.approx(rate, rel=1e-3)
    least, most, unknown = error_rates([0.0, 1.0, math.nan], LOOKS, look)
    assert (least, most) == (pytest.approx(1e-15), 1.0)
    assert math.isnan(unknown)


def test_one_look_is_an_ordinary_test():
    """With one look, its level is the whole one, and the step is Holm's method."""
    assert nominal_levels((20,), 0.05) == pytest.approx((0.05,), abs=1e-12)
    levels = family_levels((20,), 0.05, 3)[0]
    assert group_sequential_holm([0.02, 0.016, 0.3], [False] * 3, levels).tolist() == [True, True, False]
    assert group_sequential_holm([0.02, 0.017, 0.3], [False] * 3, levels).tolist() == [False] * 3


def test_many_looks():
    """A hundred looks have levels that rise and stay below the whole one."""
    levels = nominal_levels(tuple(range(8, 808, 8)), 0.05)
    assert all(0 < first < second < 0.05 for first, second in pairwise(levels))


def test_levels_of_equivalence():
    """A one-sided test has half the two-sided level of twice the error rate."""
    assert one_sided_levels(LOOKS, 0.05, 15)[:, 0] == pytest.approx(np.array(nominal_levels(LOOKS, 0.1 / 15)) / 2)


def test_a_rejection_passes_its_level_on():
    """What a test that was rejected at a look before no longer needs goes to the others; what has no p-value waits."""
    levels = family_levels(LOOKS, 0.05, 2)
    p_values, nobody = [math.nan, 0.009], [False, False]
    assert levels[1, 0] < 0.009 < levels[1, 1]
    assert group_sequential_holm(p_values, nobody, levels[1]).tolist() == [False, False]
    assert group_sequential_holm(p_values, [True, False], levels[1]).tolist() == [True, True]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            (4, 8),
            (
                "the first look has 4 seeds, expected at least 6: the levels do not hold for fewer. "
                "Declare for example first = 8."
            ),
        ),
        ((8, 8), "looks have (8, 8) seeds, expected rising numbers. Give for example (8, 16, 24, 32)."),
        ((), "looks have () seeds, expected rising numbers. Give for example (8, 16, 24, 32)."),
    ],
)
def test_impossible_looks(sizes, message):
    """Looks that cannot be planned are refused, and the message says what to declare."""
    with pytest.raises(StatisticsError) as error:
        nominal_levels(sizes, 0.05)
    assert str(error.value) == message


def test_impossible_level():
    """An error rate outside (0, 1) is refused."""
    with pytest.raises(StatisticsError) as error:
        nominal_levels(LOOKS, 5.0)
    assert str(error.value) == "level is 5.0, expected a probability between 0 and 1. Write 0.05 for 5 %."


@pytest.mark.parametrize(("t", "seeds"), [(3.0, 10), (0.0, 10), (2.2, 6), (-5.0, 32)])
def test_e_value_is_a_bayes_factor(t, seeds):
    """The e-value is the noncentral t averaged over a standard normal effect, over the central t."""

    def weighted(effect):
        return stats.nct.pdf(t, seeds - 1, math.sqrt(seeds) * effect) * stats.norm.pdf(effect)

    expected = integrate.quad(weighted, -8, 8, points=[0], limit=200)[0] / stats.t.pdf(t, seeds - 1)
    assert e_value(t, seeds) == pytest.approx(expected, rel=1e-6)


def test_anytime_interval_inverts_the_e_value():
    """At the end of the interval, the e-value is 1 over the error rate."""
    assert e_value(anytime_quantile(12, 0.99), 12) == pytest.approx(100, rel=1e-9)


def test_rates_by_pairs():
    """The e-value of two rates is the uniform mixture of a binomial likelihood over that of 1/2."""
    expected = integrate.quad(lambda share: share**2 * (1 - share) ** 7, 0, 1)[0] * 2**9
    assert paired_rates_e_value(2, 7) == pytest.approx(expected, rel=1e-9)
    assert paired_rates_e_value(0, 0) == 1


def test_anytime_p_never_rises():
    """The largest e-value so far counts."""
    assert anytime_p([[0.5, 10.0], [4.0, 2.0]]).tolist() == [0.25, 0.1]


@pytest.mark.parametrize("huge", [0, 7])
def test_false_differences_over_four_looks(huge):
    """Four looks hold a false difference in at most 5 % of studies, also where others are rejected first."""
    levels = family_levels(LOOKS, 0.05, looks.VARIATIONS)
    assert looks.false_findings(huge, 0.5, levels=levels, studies=STUDIES, seed=11) <= MOST


def test_false_equivalences_over_four_looks():
    """Four looks call a difference of the margin equivalent in at most 5 % of studies."""
    levels = one_sided_levels(LOOKS, 0.05, looks.VARIATIONS)
    assert looks.false_equivalences(0.0, levels=levels, studies=STUDIES, seed=12) <= MOST


def test_repeated_intervals_over_four_looks():
    """At most 5 % of studies have any repeated interval, at any look, without the truth."""
    levels = family_levels(LOOKS, 0.05, looks.VARIATIONS)
    assert looks.missed(0.0, levels=levels, studies=STUDIES, seed=13) <= MOST


def test_looks_without_correction_err():
    """Tested as if each look were the only one, twice as many studies are wrong: the tests above can fail."""
    naive = looks.naive_levels(looks.VARIATIONS)
    assert looks.false_findings(0, 0.0, levels=naive, studies=STUDIES, seed=11) > 0.1
    assert looks.missed(0.0, levels=naive, studies=STUDIES, seed=13) > 0.1
    assert looks.false_equivalences(0.0, levels=naive, studies=STUDIES, seed=12) > MOST


def test_stopping_at_will():
    """Sixteen looks at e-values hold a false difference, or an interval that misses, in at most 5 % of studies."""
    found, _, outside = looks.until_stopped(0.0, sizes=tuple(range(8, 129, 8)), studies=1_000, seed=14)
    assert found <= 0.05
    assert outside <= 0.05
