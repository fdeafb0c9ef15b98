import pytest
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

from ceteris.errors import StatisticsError
from ceteris.statistics.collapse import Stability, collapse_rate, compare_collapse, fisher_test


@pytest.mark.parametrize(("collapsed", "runs"), [(0, 16), (1, 16), (7, 16), (16, 16), (3, 48), (1, 1)])
def test_the_interval_of_a_rate_agrees_with_statsmodels(collapsed, runs):
    """Clopper and Pearson's interval to 1e-10, at the ends too."""
    found = collapse_rate(collapsed, runs)
    expected = proportion_confint(collapsed, runs, method="beta")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-10)
    assert found.estimate == collapsed / runs


@pytest.mark.parametrize("first", [(0, 16), (1, 16), (5, 48), (16, 16)])
@pytest.mark.parametrize("second", [(0, 16), (3, 16), (16, 16), (2, 3)])
def test_fishers_test_agrees_with_scipy(first, second):
    """The two-sided p-value is scipy's to 1e-10."""
    table = [[count, trials - count] for count, trials in (first, second)]
    assert fisher_test(first, second) == pytest.approx(scipy.stats.fisher_exact(table).pvalue, abs=1e-10)


@pytest.mark.parametrize(
    ("baseline", "variation", "adjusted", "stability"),
    [
        ((0, 48), (6, 16), 0.01, Stability.MORE_OFTEN),
        ((12, 16), (1, 16), 0.01, Stability.LESS_OFTEN),
        ((0, 48), (6, 16), 0.06, Stability.OPEN),
    ],
)
def test_a_rate_is_called_by_its_adjusted_p_value_and_direction(baseline, variation, adjusted, stability):
    """More often, less often, or no difference shown."""
    found = compare_collapse(baseline, variation).judged(adjusted, significance=0.05)
    assert (found.stability, found.p_value_adjusted) == (stability, adjusted)


@pytest.mark.parametrize(("collapsed", "runs"), [(3, 2), (-1, 4), (0, 0)])
def test_counts_that_cannot_be_are_refused(collapsed, runs):
    """More collapsed runs than runs, or no run at all."""
    with pytest.raises(StatisticsError) as error:
        collapse_rate(collapsed, runs)
    assert str(error.value) == (
        f"{collapsed} of {runs} runs collapsed, expected a part of at least 1 run. Give collapsed runs and all runs "
        "that came to their end."
    )
