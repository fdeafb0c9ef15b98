import numpy as np
import pytest

from ceteris.statistics.contrast import contrast
from ceteris.statistics.convergence import Curve, Measure
from ceteris.statistics.convergence_contrast import adjusted_convergence, contrast_convergence
from ceteris.statistics.interval import PointEstimate


def rising(arrivals, *, epochs=10, seconds=1.0):
    """Curves that jump from 0.2 to 0.6 at the end of an epoch, or never."""
    return {
        seed: Curve(
            accuracy=np.where(np.arange(1, epochs + 1) >= arrival, 0.6, 0.2),
            seconds=seconds * np.arange(1.0, epochs + 1),
            images_per_epoch=100,
        )
        for seed, arrival in enumerate(arrivals)
    }


def compared(before, after, **changes):
    """Compare with the usual settings."""
    return contrast_convergence(before, after, target=0.5, generator=np.random.default_rng(0), **changes)


def test_times_are_compared_like_any_other_outcome():
    """Without censoring, the contrast is that of the arrival times, and less is better."""
    before, after = [5, 6, 7, 6], [3, 4, 4, 6]
    found = compared(rising(before), rising(after))
    expected = contrast(before, after, generator=np.random.default_rng(0), higher_is_better=False)
    assert found[Measure.EPOCHS].contrast == expected
    assert found[Measure.EPOCHS].contrast.beats.estimate == 3.5 / 4
    assert found[Measure.IMAGES].contrast.difference.estimate == 100 * expected.difference.estimate
    assert found[Measure.SECONDS].contrast.difference.estimate == expected.difference.estimate
    assert found[Measure.EPOCHS].censored_variation == ()


def test_runs_that_never_arrive_count_and_are_named():
    """A censored run counts with the horizon in its pair, and its seed is given."""
    found = compared(rising([5, 6, 7, 99]), rising([3, 99, 4, 99]))[Measure.EPOCHS]
    assert found.horizon == 10
    assert (found.censored_baseline, found.censored_variation) == ((3,), (1, 3))
    assert found.contrast.pairs == 4
    assert found.contrast.difference.estimate == np.mean([3 - 5, 10 - 6, 4 - 7, 0])


def test_horizon_is_common_to_both_arms():
    """A slow variation watched for 100 s is compared with a baseline watched for 10 s on the first 10 s only."""
    found = compared(rising([2, 3, 99]), rising([2, 5, 6], seconds=10.0))[Measure.SECONDS]
    assert found.horizon == 10
    assert found.contrast.difference.estimate == np.mean([10 - 2, 10 - 3, 10 - 10])


def test_horizon_of_a_variation_that_was_watched_less():
    """Where only runs of the variation were censored, theirs is the horizon, for the baseline too."""
    found = compared(rising([2, 9]), rising([99, 3], epochs=4))[Measure.EPOCHS]
    assert found.horizon == 4
    assert found.contrast.difference.estimate == np.mean([4 - 2, 3 - 4])


def test_arms_of_different_length_are_compared_where_both_are_known():
    """The area is taken over the epochs that both arms have."""
    found = compared(rising([1, 1], epochs=4), rising([3, 3], epochs=8))
    assert found[Measure.AREA].contrast.difference.estimate == pytest.approx(0.4 - 0.6)


def test_no_common_seed_and_no_target():
    """Without pairs nothing is compared; without a target no times are."""
    assert compared(rising([1]), {}) == {}
    found = contrast_convergence(rising([1]), rising([2]), target=None, generator=np.random.default_rng(0))
    assert list(found) == [Measure.AREA, Measure.FINAL_MINUS_BEST]


def test_one_pair_has_no_interval():
    """One pair gives a point estimate of each measure."""
    found = compared(rising([5]), rising([3]))
    assert found[Measure.EPOCHS].contrast.difference == PointEstimate(estimate=-2.0)


def test_each_measure_is_a_family_of_its_own():
    """Holm's adjustment counts all variations, those without the measure included."""
    first = compared(rising([5, 6, 7, 6]), rising([3, 4, 4, 5]))
    second = contrast_convergence(rising([5, 6]), rising([3, 3]), target=None, generator=np.random.default_rng(0))
    adjusted = adjusted_convergence([first, second, {}])
    times, areas = adjusted[0][Measure.EPOCHS].contrast, adjusted[0][Measure.AREA].contrast
    assert times.p_value_adjusted == pytest.approx(3 * times.p_value)
    assert times.sign_flip_adjusted == pytest.approx(3 * times.sign_flip.p_value)
    assert areas.p_value_adjusted == pytest.approx(3 * areas.p_value)
    assert list(adjusted[1]) == [Measure.AREA, Measure.FINAL_MINUS_BEST]
    assert adjusted[2] == {}
