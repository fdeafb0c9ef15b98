import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.comparison import compare
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.one_look import Look, judged_at_look
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.sequential import family_levels
from ceteris.statistics.verdict import Decision, Reason

CRITERIA = Criteria(margin=0.0, is_paired=False)


def arm(name, values):
    """Give an arm with a score for each run."""
    runs = (RunScore(seed=seed, status=Ending.FINISHED, score=float(value)) for seed, value in enumerate(values))
    return ArmScores(name=name, factor=name, runs=tuple(runs))


def at_look(baseline, variation, look):
    """Judge one variation at a look."""
    scores = Scores(baseline=arm("a", baseline), variations=(arm("b", variation),), chance=1.0)
    (one,) = judged_at_look(compare(scores, CRITERIA), look, CRITERIA)
    return one


@pytest.mark.parametrize("look", [Look(number=1, planned=4), Look(number=3, planned=4), Look(number=4, planned=4)])
def test_a_verdict_needs_the_level_of_its_look(look):
    """Just below the level it is found, just above it is not; the test and that of collapse are a family of two."""
    baseline, spread = np.linspace(-1, 1, 12), np.linspace(-1, 1, 12)
    level = family_levels(look.sizes, 0.05, 2)[look.number - 1][0]
    found = {shift: at_look(baseline, spread + shift, look) for shift in np.linspace(0.3, 3, 28)}

    assert {one.verdict.decision for one in found.values()} == {Decision.UNDECIDED, Decision.BETTER}
    for one in found.values():
        assert (one.verdict.decision is Decision.BETTER) == (one.accuracy.p_value <= level)
        assert (one.accuracy.p_value_adjusted <= 0.05) == (one.accuracy.p_value <= level)


def test_one_look_of_one_is_the_usual_test():
    """A single look spends all of the error rate."""
    baseline, better = [0.1, 0.2, 0.3, 0.2, 0.1, 0.3], [0.5, 0.6, 0.4, 0.5, 0.6, 0.4]
    scores = Scores(baseline=arm("a", baseline), variations=(arm("b", better),), chance=1.0)
    (usual,) = compare(scores, CRITERIA)
    looked = at_look(baseline, better, Look(number=1, planned=1))

    assert looked.accuracy.p_value_adjusted == pytest.approx(usual.accuracy.p_value_adjusted)
    assert looked.accuracy.simultaneous.low == pytest.approx(usual.accuracy.simultaneous.low)


def test_few_runs_are_not_tested_at_a_look():
    """The levels come from a normal process, of which t tests of five runs are too far."""
    one = at_look([0.1, 0.2, 0.3, 0.2, 0.1], [0.8, 0.9, 0.8, 0.9, 0.8], Look(number=1, planned=2))

    assert (one.verdict.decision, one.verdict.reason) == (Decision.UNDECIDED, Reason.FEW_FOR_LOOKS)
    assert one.accuracy.p_value_adjusted is None


def test_looks_beyond_the_last_are_refused():
    """The whole message."""
    with pytest.raises(StatisticsError) as raised:
        Look(number=5, planned=4)

    assert str(raised.value) == (
        "look 5 of 4 is not possible, expected a look from 1 to the last one planned, of at most 100. Say how many "
        "looks at growing results there were, this one included."
    )


def test_looks_at_nothing_seldom_find_something():
    """Of studies without any difference that are looked at four times, at most the promised share has a finding."""
    generator, false, naive = np.random.default_rng(7), 0, 0
    for _ in range(200):
        baseline, variation = generator.normal(size=(2, 32))
        looks = [
            at_look(baseline[: 8 * number], variation[: 8 * number], Look(number=number, planned=4))
            for number in (1, 2, 3, 4)
        ]
        false += any(one.verdict.decision is not Decision.UNDECIDED for one in looks)
        naive += any(one.accuracy.p_value <= 0.05 for one in looks)

    assert false <= 10
    assert naive >= 20
