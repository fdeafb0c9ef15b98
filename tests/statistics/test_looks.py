import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from ceteris.statistics.contrast import Criteria
from ceteris.statistics.looks import take_looks
from ceteris.statistics.scores import Ending, Scores
from ceteris.statistics.sequential import LookPlan, family_levels, nominal_levels, one_sided_levels
from ceteris.statistics.verdict import Decision

PLAN = LookPlan(first=8, step=8, most=24)
OPEN = LookPlan(first=8, step=8)
CRITERIA = Criteria(margin=0.01)
NAMES = ("far", "equal", "near")


def accuracies(seeds=24):
    """Draw a baseline and three arms: one far above it, one equal to it, one a little above."""
    generator = np.random.default_rng(3)
    shared = generator.normal(0.6, 0.01, seeds)
    arms = {"baseline": shared, "far": shared + 0.05 + generator.normal(0, 0.01, seeds)}
    arms |= {
        "equal": shared + generator.normal(0, 0.002, seeds),
        "near": shared + generator.normal(0.006, 0.015, seeds),
    }
    return {name: dict(enumerate(values.tolist())) for name, values in arms.items()}


@pytest.fixture
def study(make_arm):
    """Make scores from accuracies by arm and seed."""

    def make(arms):
        baseline, *others = (make_arm(name, values) for name, values in arms.items())
        return Scores(baseline=baseline, variations=tuple(others), chance=0.1)

    return make


def test_each_look_decides_what_its_levels_allow(study):
    """P-values are those of the paired t test at each look; what is decided is not looked at again."""
    arms = accuracies()
    looks = take_looks(study(arms), PLAN, CRITERIA)

    assert [[one.variation for one in look.results] for look in looks.done] == [[*NAMES], ["near"], ["near"]]
    assert {name: one.verdict.decision for name, one in looks.last.items()} == {
        "far": Decision.BETTER,
        "equal": Decision.EQUIVALENT,
        "near": Decision.UNDECIDED,
    }
    assert looks.is_over
    assert looks.asked == {"baseline": 24, "far": 8, "equal": 8, "near": 24}
    for look in looks.done:
        for one in look.results:
            before, after = ([arms[name][seed] for seed in range(look.seeds)] for name in ("baseline", one.variation))
            changes = np.subtract(after, before)
            assert one.p_value == pytest.approx(stats.ttest_rel(after, before).pvalue)
            sides = [
                stats.ttest_1samp(changes, -0.01, alternative="greater").pvalue,
                stats.ttest_1samp(changes, 0.01, alternative="less").pvalue,
            ]
            assert one.p_equivalent == pytest.approx(max(sides))


def test_levels_belong_to_two_tests_for_each_variation(study):
    """The first look asks for the level of six tests, or three of equivalence; later ones for those that are left."""
    looks = take_looks(study(accuracies()), PLAN, CRITERIA).done
    levels, one_sided = family_levels((8, 16, 24), 0.05, 6), one_sided_levels((8, 16, 24), 0.05, 3)

    assert [look.level for look in looks] == [levels[0, 0], levels[1, 1], levels[2, 1]]
    assert [look.equivalence_level for look in looks] == [one_sided[0, 0], one_sided[1, 1], one_sided[2, 1]]
    assert [look.rejected for look in looks] == [0, 1, 1]


def test_intervals_are_repeated_ones(study):
    """At each look the interval has the level of that look for one of three variations."""
    arms = accuracies()
    looks = take_looks(study(arms), PLAN, CRITERIA)
    for number, look in enumerate(looks.done):
        near = look.results[-1]
        changes = np.subtract(*([arms[name][seed] for seed in range(look.seeds)] for name in ("near", "baseline")))
        level = 1 - nominal_levels((8, 16, 24), 0.05 / 3)[number]
        low, high = stats.t.interval(level, len(changes) - 1, changes.mean(), stats.sem(changes))
        assert (near.difference.low, near.difference.high) == pytest.approx((low, high))
        assert near.difference.level == pytest.approx(level)


@pytest.mark.parametrize("plan", [PLAN, OPEN])
def test_looks_do_not_change_when_runs_are_added(study, plan):
    """Taken one after the other as runs come in, they say the same as taken all at once."""
    arms = accuracies()
    whole = take_looks(study(arms), plan, CRITERIA)
    for seeds in (8, 9, 16, 23):
        part = take_looks(
            study({name: dict(list(values.items())[:seeds]) for name, values in arms.items()}), plan, CRITERIA
        )
        assert part.done == whole.done[: seeds // 8]
        assert not part.is_over
        assert part.asked["near"] == part.asked["baseline"] == min(8 + 8 * (seeds // 8), 24)


def test_a_look_waits_for_all_its_runs(study):
    """With one run of an open variation missing there is no look; a diverged one is there."""
    arms = accuracies(8)
    arms["near"][7] = Ending.MISSING
    waiting = take_looks(study(arms), PLAN, CRITERIA)
    arms["near"][7] = Ending.DIVERGED
    taken = take_looks(study(arms), PLAN, CRITERIA)

    assert (waiting.done, waiting.is_over) == ((), False)
    assert waiting.asked == dict.fromkeys(("baseline", *NAMES), 8)
    assert taken.done[0].results[-1].seeds == tuple(range(7))


def test_an_absent_variation_counts_in_the_family(study):
    """It is not waited for, and the levels stay those of three variations."""
    arms = accuracies()
    arms["near"] = dict.fromkeys(range(8), Ending.MISSING)
    looks = take_looks(study(arms), PLAN, CRITERIA, absent={"near": "why"})

    assert [one.variation for one in looks.done[0].results] == ["far", "equal"]
    assert looks.done[0].level == family_levels((8, 16, 24), 0.05, 6)[0, 0]
    assert looks.is_over


def test_too_few_runs_that_learned_decide_nothing(study):
    """With fewer than six runs that learned, an arm has no p-value; with none, there is nothing to compare."""
    arms = accuracies(8)
    arms["far"] |= dict.fromkeys(range(3), Ending.DIVERGED)
    arms["near"] = dict.fromkeys(range(8), 0.1)
    far, _, near = take_looks(study(arms), PLAN, CRITERIA).done[0].results

    assert (far.p_value, far.verdict.decision, far.is_open) == (None, Decision.UNDECIDED, True)
    assert (near.difference, near.verdict.decision, near.is_open) == (None, Decision.NOT_COMPARED, True)


def test_differences_without_spread(study):
    """Where all pairs differ alike, the patterns of signs decide, as far as so few pairs can."""
    arms = {"baseline": dict.fromkeys(range(24), 0.5), "same": dict.fromkeys(range(24), 0.5)}
    arms["more"] = dict.fromkeys(range(24), 0.75)
    looks = take_looks(study(arms), PLAN, CRITERIA)

    first = {one.variation: one for one in looks.done[0].results}
    assert (first["same"].p_value, first["same"].p_equivalent) == (1.0, 2.0**-8)
    assert (first["more"].p_value, first["more"].p_equivalent) == (2.0**-7, 1.0)
    assert looks.last["more"].verdict.decision is Decision.BETTER
    assert looks.last["same"].verdict.decision is Decision.EQUIVALENT


def test_without_a_last_look_the_smallest_p_value_so_far_counts(study):
    """What e-values have shown once stays shown; they ask for more than a t test, and intervals are wider."""
    looks = take_looks(study(accuracies()), OPEN, CRITERIA)
    planned = take_looks(study(accuracies()), PLAN, CRITERIA)

    assert not looks.is_over
    assert looks.asked["near"] == 32
    near = [look.results[-1] for look in looks.done]
    assert all(second.p_value <= first.p_value for first, second in pairwise(near))
    assert looks.last["far"].verdict.decision is Decision.BETTER
    for one, other in zip(looks.done[0].results, planned.done[0].results, strict=True):
        assert one.p_value > other.p_value
        assert one.difference.high > other.difference.high


def test_without_a_last_look_arms_that_collapse_are_decided(study):
    """An arm of which no run learns is found by the pairs, and gets no more seeds."""
    arms = accuracies(24)
    arms["near"] = dict.fromkeys(range(24), Ending.DIVERGED)
    looks = take_looks(study(arms), OPEN, CRITERIA)
    near = looks.last["near"]

    assert near.is_collapse_found
    assert near.p_collapse == pytest.approx((near_pairs := looks.asked["near"]) and (near_pairs + 1) / 2.0**near_pairs)
    assert not near.is_open


def test_margins_are_not_met_by_differences_outside(study):
    """A difference beyond the margin has no evidence of equivalence."""
    far = take_looks(study(accuracies()), replace(OPEN), CRITERIA).done[0].results[0]

    assert far.p_equivalent == 1.0
    assert math.isfinite(far.difference.low)
