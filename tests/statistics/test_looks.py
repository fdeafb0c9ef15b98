from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from ceteris.statistics.collapse import Stability
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.looks import take_looks
from ceteris.statistics.scores import Ending, Scores
from ceteris.statistics.sequential import (
    LookPlan,
    anytime_quantile,
    e_value,
    family_levels,
    nominal_levels,
    one_sided_levels,
)
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
    assert {name: one.judgement.verdict.decision for name, one in looks.last.items()} == {
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
            assert one.judgement.accuracy.p_value == pytest.approx(stats.ttest_rel(after, before).pvalue)
            sides = [
                stats.ttest_1samp(changes, -0.01, alternative="greater").pvalue,
                stats.ttest_1samp(changes, 0.01, alternative="less").pvalue,
            ]
            assert one.judgement.equivalence.p_value == pytest.approx(max(sides))


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
        near = look.results[-1].judgement.accuracy.simultaneous
        changes = np.subtract(*([arms[name][seed] for seed in range(look.seeds)] for name in ("near", "baseline")))
        level = 1 - nominal_levels((8, 16, 24), 0.05 / 3)[number]
        low, high = stats.t.interval(level, len(changes) - 1, changes.mean(), stats.sem(changes))
        assert (near.low, near.high) == pytest.approx((low, high))
        assert near.level == pytest.approx(1 - 0.05 / 3)


def test_adjusted_p_values_agree_with_decisions(study):
    """They are at most 5 % where a look decides, and are the error rate at which it would just have decided."""
    looks = take_looks(study(accuracies()), PLAN, CRITERIA)
    far, equal, near = (one.judgement for one in looks.done[0].results)

    assert far.accuracy.p_value_adjusted < 0.05 < near.accuracy.p_value_adjusted
    assert equal.equivalence.p_value_adjusted < 0.05 < near.equivalence.p_value_adjusted
    # The smallest of three: the look would just have decided at the rate a third of which has this level.
    rate = equal.equivalence.p_value_adjusted
    level = nominal_levels((8, 16, 24), 2 * rate / 3)[0] / 2
    assert level == pytest.approx(equal.equivalence.p_value, rel=2e-3)


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
    """With fewer than six runs that learned, accuracies are not tested; with none, there is nothing to compare."""
    arms = accuracies(8)
    arms["far"] |= dict.fromkeys(range(3), Ending.DIVERGED)
    arms["near"] = dict.fromkeys(range(4), 0.1) | dict.fromkeys(range(4, 8), Ending.DIVERGED)
    far, _, near = take_looks(study(arms), PLAN, CRITERIA).done[0].results

    assert (far.judgement.accuracy.p_value_adjusted, far.judgement.verdict.decision) == (1.0, Decision.UNDECIDED)
    assert far.is_open
    assert (near.judgement.accuracy, near.judgement.verdict.decision) == (None, Decision.NOT_COMPARED)


@pytest.mark.parametrize("plan", [PLAN, OPEN])
def test_an_arm_of_which_no_run_learns_is_decided(study, plan):
    """That it collapses more often is found, and it gets no more seeds."""
    arms = accuracies(24)
    arms["near"] = dict.fromkeys(range(24), Ending.DIVERGED)
    looks = take_looks(study(arms), plan, CRITERIA)
    near = looks.last["near"]

    assert near.judgement.collapse.stability is Stability.MORE_OFTEN
    assert not near.is_open
    assert looks.is_over


def test_a_rate_of_collapse_stays_found(study):
    """What a look found of it is kept at later ones, which go on with the accuracies."""
    arms = accuracies(24)
    arms["near"] |= dict.fromkeys([*range(6), *range(8, 14)], Ending.DIVERGED)
    looks = take_looks(study(arms), PLAN, CRITERIA)
    found = [one.judgement.collapse for look in looks.done for one in look.results if one.variation == "near"]

    assert [one.stability for one in found] == [Stability.OPEN, *[Stability.MORE_OFTEN] * 2]
    assert [one.variation for one in found] == [(6, 8), (12, 16), (12, 16)]


def test_differences_without_spread(study):
    """Where all pairs differ alike, the patterns of signs decide, as far as so few pairs can."""
    arms = {"baseline": dict.fromkeys(range(24), 0.5), "same": dict.fromkeys(range(24), 0.5)}
    arms["more"] = dict.fromkeys(range(24), 0.75)
    looks = take_looks(study(arms), PLAN, CRITERIA)
    open_looks = take_looks(study(arms), OPEN, CRITERIA)

    first = {one.variation: one.judgement for one in looks.done[0].results}
    assert (first["same"].accuracy.p_value, first["same"].equivalence.p_value) == (1.0, 2.0**-8)
    assert (first["more"].accuracy.p_value, first["more"].equivalence.p_value) == (2.0**-7, 1.0)
    anytime = {one.variation: one.judgement for one in open_looks.done[0].results}
    assert (anytime["same"].accuracy.p_value, anytime["same"].equivalence.p_value) == (1.0, 9 / 2.0**8)
    assert (anytime["more"].accuracy.p_value, anytime["more"].equivalence.p_value) == (9 / 2.0**8, 1.0)
    for taken in (looks, open_looks):
        assert taken.last["more"].judgement.verdict.decision is Decision.BETTER
        assert taken.last["same"].judgement.verdict.decision is Decision.EQUIVALENT


def test_without_a_last_look_p_values_are_those_of_e_values(study):
    """What they have shown once stays shown; they ask for more than a t test, and intervals are wider."""
    arms = accuracies()
    looks = take_looks(study(arms), OPEN, CRITERIA)
    planned = take_looks(study(arms), PLAN, CRITERIA)

    assert not looks.is_over
    assert looks.asked["near"] == 32
    near = [look.results[-1].judgement for look in looks.done]
    assert all(after.accuracy.p_value_adjusted <= before.accuracy.p_value_adjusted for before, after in pairwise(near))
    for number, one in enumerate(near):
        size = 8 * (number + 1)
        changes = np.subtract(*([arms[name][seed] for seed in range(size)] for name in ("near", "baseline")))
        t = changes.mean() / stats.sem(changes)
        assert one.accuracy.p_value == pytest.approx(min(1, 1 / float(e_value(t, size))))
        half = anytime_quantile(size, 1 - 0.05 / 3) * stats.sem(changes)
        assert one.accuracy.simultaneous.high == pytest.approx(changes.mean() + half)
    assert looks.last["far"].judgement.verdict.decision is Decision.BETTER
    far, other = (taken.done[0].results[0].judgement.accuracy for taken in (looks, planned))
    assert far.p_value > other.p_value


def test_equivalence_at_any_time(study):
    """Both ends of the margin have to be excluded by the evidence; a difference beyond it has none."""
    arms = accuracies()
    far, equal, _ = (one.judgement.equivalence for one in take_looks(study(arms), OPEN, CRITERIA).done[0].results)
    changes = np.subtract(*([arms[name][seed] for seed in range(8)] for name in ("equal", "baseline")))
    ends = [(changes.mean() + side * 0.01) / stats.sem(changes) for side in (-1, 1)]

    assert far.p_value == 1.0
    assert equal.p_value == pytest.approx(1 / float(e_value(ends, 8).min()))
