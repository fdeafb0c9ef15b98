import pytest
from scipy import stats

from ceteris.statistics.family import judge
from ceteris.statistics.scores import ArmScores, RunScore, Status
from ceteris.statistics.verdict import Decision


def arm(name, *accuracies):
    """Give an arm whose runs finished with these accuracies; nothing stands for a run that diverged."""
    runs = tuple(
        RunScore(seed=seed, status=Status.DIVERGED)
        if accuracy is None
        else RunScore(seed=seed, status=Status.FINISHED, test_accuracy=accuracy)
        for seed, accuracy in enumerate(accuracies)
    )
    return ArmScores(name=name, factor="images", runs=runs)


def test_p_values_are_paired_and_adjusted_over_the_family():
    """SciPy's paired t test, the smaller p-value doubled by Holm, the larger as it is."""
    first, second = (0.50, 0.52, 0.51, 0.53), (0.56, 0.55, 0.57, 0.58)
    third = (0.50, 0.53, 0.50, 0.55)
    clear, doubtful = judge([(arm("a", *first), arm("b", *second)), (arm("a", *first), arm("c", *third))], chance=0.1)
    p = [stats.ttest_rel(other, first).pvalue for other in (second, third)]

    assert clear.accuracy.p_value_adjusted == pytest.approx(2 * p[0])
    assert doubtful.accuracy.p_value_adjusted == pytest.approx(p[1])
    assert (clear.verdict.decision, doubtful.verdict.decision) == (Decision.BETTER, Decision.UNDECIDED)


def test_nothing_scored_is_nothing_found():
    """Two arms whose runs all diverged are not equal, but unknown."""
    (found,) = judge([(arm("a", None, None), arm("b", None, None))], chance=0.1)

    assert found.accuracy is None
    assert found.verdict.decision is Decision.NOT_COMPARED


def test_one_pair_has_no_error_bars():
    """A single seed shows a difference and no verdict."""
    (found,) = judge([(arm("a", 0.5), arm("b", 0.6))], chance=0.1)

    assert found.accuracy.difference.estimate == pytest.approx(0.1)
    assert found.verdict.decision is Decision.UNDECIDED
