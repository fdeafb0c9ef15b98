import numpy as np
import pytest

from ceteris.statistics.beside_looks import beside_looks
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import Measure
from ceteris.statistics.difference import difference_interval, mean_difference
from ceteris.statistics.images import CorrectImages
from ceteris.statistics.interval import Scope
from ceteris.statistics.looks import take_looks
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.sequential import LookPlan, error_rates, family_levels, nominal_levels

PLAN = LookPlan(first=8, step=8, most=16)
SEEDS = 16


def arm(name, accuracies, areas):
    """Give runs whose curves have the given mean, and which classify single images at random."""
    random = np.random.default_rng(len(name))
    runs = [
        RunScore(
            seed=seed,
            status=Ending.FINISHED,
            test_accuracy=float(accuracy),
            validation_accuracy=np.full(4, area),
            correct=CorrectImages.of(random.random(400) < accuracy),
        )
        for seed, (accuracy, area) in enumerate(zip(accuracies, areas, strict=True))
    ]
    return ArmScores(name=name, factor="f", runs=tuple(runs), images_per_epoch=100, test_images=400)


@pytest.fixture
def scores():
    """Give two arms with open verdicts: one learns a little faster, which the first look cannot show, one does not."""
    random = np.random.default_rng(5)
    noise = [random.normal(0.6, 0.02, SEEDS) for _ in range(6)]
    return Scores(
        baseline=arm("baseline", noise[0], noise[1]),
        variations=(arm("faster", noise[2], noise[3] + 0.022), arm("same", noise[4], noise[5])),
        chance=0.1,
    )


def areas(one, seeds):
    """Give the areas of an arm by its first seeds."""
    return {run.seed: float(run.validation_accuracy[0]) for run in one.runs if run.seed < seeds}


def test_convergence_is_judged_at_levels_that_hold_over_all_looks(scores):
    """P-values and intervals are those of the seeds of the last look, at its levels."""
    looks = take_looks(scores, PLAN)
    found = beside_looks(scores, looks, PLAN, target=0.5)
    assert [one.seeds for one in looks.done] == [8, 16]
    tests = {}
    for one in scores.variations:
        area = found[one.name].convergence[Measure.AREA]
        difference = mean_difference(areas(scores.baseline, SEEDS), areas(one, SEEDS))
        interval = difference_interval(difference, level=1 - nominal_levels(PLAN.sizes, 0.05)[1])
        tests[one.name] = area
        assert area.runs == (SEEDS, SEEDS)
        assert (area.difference.low, area.difference.high) == pytest.approx((interval.low, interval.high))
        assert area.difference.level == pytest.approx(0.95)
    p_values = [tests[name].p_value for name in ("faster", "same")]
    rate = float(error_rates([p_values[0]], PLAN.sizes, 1)[0])

    assert tests["faster"].p_value_adjusted == pytest.approx(2 * rate)
    assert tests["faster"].p_value_adjusted <= 0.05 < tests["same"].p_value_adjusted


def test_what_was_shown_at_an_earlier_look_stays_as_it_was(scores):
    """A difference in the area of the first look is not tested again with the seeds that the accuracy asked for."""
    far = Scores(
        baseline=scores.baseline,
        variations=(arm("faster", [0.6, 0.61] * 8, [0.7, 0.71] * 8), scores.variations[1]),
        chance=0.1,
    )
    (first, *_) = take_looks(far, PLAN).done
    found = beside_looks(far, take_looks(far, PLAN), PLAN, target=0.5)
    area = found["faster"].convergence[Measure.AREA]

    assert first.results[0].is_open
    assert area.runs == (8, 8)
    assert area.p_value_adjusted <= 0.05


def test_intervals_over_images_are_at_the_level_of_the_look(scores):
    """Wider than the repeated interval over seeds alone; where the images count already, the same."""
    looks = take_looks(scores, PLAN)
    found = beside_looks(scores, looks, PLAN, target=0.5)
    level = 1 - float(family_levels(PLAN.sizes, 0.05, 2)[1, 0])
    both = Criteria(scope=Scope.SEEDS_AND_IMAGES)
    population = take_looks(scores, PLAN, both)
    beside = beside_looks(scores, population, PLAN, both, target=0.5)
    for name, last in looks.last.items():
        narrow, wide = last.judgement.accuracy.simultaneous, found[name].over_images
        alone = difference_interval(last.judgement.accuracy.found, level=level)
        assert (narrow.low, narrow.high) == pytest.approx((alone.low, alone.high))
        assert wide.low <= narrow.low
        assert wide.high >= narrow.high
        assert wide.level == narrow.level
        assert beside[name].over_images == population.last[name].judgement.accuracy.simultaneous


def test_a_plan_without_a_last_look_has_no_such_levels(scores):
    """Nothing is said beside its verdicts."""
    plan = LookPlan(first=8, step=8)
    assert beside_looks(scores, take_looks(scores, plan), plan, target=0.5) == {}
