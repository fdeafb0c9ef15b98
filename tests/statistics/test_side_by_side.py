import numpy as np
import pytest
import scipy.stats

from ceteris.statistics.contrast import Criteria
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.side_by_side import Design, judged_together, side_by_side
from ceteris.statistics.verdict import Decision

NOISE = np.array([-0.011, 0.012, -0.004, 0.003, 0.009, -0.009, 0.001, -0.001])


def study(numbers, first=0):
    """Give numbers their seeds."""
    return dict(enumerate(numbers, first))


def paired(first, second):
    """Set two studies side by side whose seeds mean the same."""
    return side_by_side(first, second, seeds_mean_the_same=True)


def test_runs_with_a_common_seed_are_paired():
    """Interval and p-value are those of scipy's paired test of the common seeds, second minus first."""
    first, second = study(0.5 + NOISE), study(0.5 + NOISE[::-1], first=2)
    found = paired(first, second)
    before, after = [first[seed] for seed in range(2, 8)], [second[seed] for seed in range(2, 8)]
    expected = scipy.stats.ttest_rel(after, before)
    assert (found.design, found.pairs, found.left_out) == (Design.PAIRED, tuple(range(2, 8)), (0, 1, 8, 9))
    assert found.runs == (6, 6)
    assert (found.difference.low, found.difference.high) == pytest.approx(expected.confidence_interval(), rel=1e-10)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-10)


def test_where_a_seed_means_nothing_means_are_compared():
    """All runs of both studies count, by Welch's method, though their seeds are the same."""
    first, second = 0.5 + NOISE, 0.51 + 2 * NOISE[::-1]
    found = side_by_side(study(first), study(second), seeds_mean_the_same=False)
    expected = scipy.stats.ttest_ind(second, first, equal_var=False)
    assert (found.design, found.pairs, found.left_out, found.runs) == (Design.UNPAIRED, (), (), (8, 8))
    assert (found.difference.low, found.difference.high) == pytest.approx(expected.confidence_interval(), rel=1e-10)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-10)


@pytest.mark.parametrize(
    ("shift", "design"), [(0, Design.PAIRED), (4, Design.PAIRED), (5, Design.UNPAIRED), (8, Design.UNPAIRED)]
)
def test_pairs_that_would_waste_more_than_half_of_the_runs_are_not_made(shift, design):
    """Eight seeds against eight: from four in common they are paired, with fewer all sixteen runs count."""
    assert paired(study(NOISE), study(NOISE, first=shift)).design is design


def test_a_few_runs_are_paired_with_many():
    """Two seeds repeated of eight: both are in pairs."""
    assert paired(study(NOISE), study(NOISE[3:5], first=3)).pairs == (3, 4)


def test_one_run_has_no_interval():
    """One pair, and one run against many, are point estimates without a test."""
    one = paired(study(NOISE), study([0.5], first=3))
    assert isinstance(one.difference, PointEstimate)
    assert (one.p_value, one.equivalence) == (None, None)
    other = paired(study(NOISE), study([0.5], first=30))
    assert isinstance(other.difference, PointEstimate)
    assert (other.design, other.p_value, other.equivalence) == (Design.UNPAIRED, None, None)


def test_nothing_is_said_of_an_arm_without_runs():
    """A study that has no run of it yet."""
    assert paired({}, study(NOISE)) is None
    assert paired(study(NOISE), {}) is None


@pytest.mark.parametrize(
    ("shift", "scale", "finding"),
    [
        (0.05, 1, Decision.BETTER),
        (-0.05, 1, Decision.WORSE),
        (0.0, 0.1, Decision.EQUIVALENT),
        (0.0, 1, Decision.UNDECIDED),
    ],
)
@pytest.mark.parametrize("design", Design)
def test_findings(shift, scale, finding, design):
    """Better and worse are said of the second study, by the same rules with and without pairs."""
    second = study(0.5 + shift + scale * NOISE)
    found = side_by_side(
        study(np.full(8, 0.5) + NOISE[::-1] * scale / 10), second, seeds_mean_the_same=design is Design.PAIRED
    )
    ((judged,), _) = judged_together([found])
    assert (judged.design, judged.verdict.decision) == (design, finding)


def test_all_that_is_compared_is_one_family():
    """P-values are multiplied by Holm's factors; what cannot be compared yet counts too, and stays undecided."""
    clear, less_clear, one_pair = (
        paired(study(np.full(8, 0.5)), study(0.5 + shift + NOISE)) for shift in (0.02, 0.01, 0.0)
    )
    one_pair = paired({0: 0.5}, {0: 0.9})
    (first, second, third, fourth), _ = judged_together([less_clear, None, clear, one_pair])
    assert third.p_value_adjusted == pytest.approx(4 * clear.p_value)
    assert first.p_value_adjusted == pytest.approx(3 * less_clear.p_value)
    assert second is None
    assert (fourth.p_value_adjusted, fourth.verdict.decision) == (None, Decision.UNDECIDED)


def test_criteria_are_kept_to():
    """Coverage and margin come from the study."""
    criteria = Criteria(margin=0.02, significance=0.1)
    found = side_by_side(study(np.full(8, 0.5)), study(0.5 + NOISE), seeds_mean_the_same=True, criteria=criteria)
    assert found.difference.level == pytest.approx(0.9)
    assert found.equivalence.margin == 0.02
    ((judged,), _) = judged_together([found], criteria)
    assert judged.verdict.decision is Decision.EQUIVALENT
