import math

from ceteris.cli.extent import size
from ceteris.cli.power import crossed_power, power, powers
from ceteris.datasets.choice import presumed_images
from ceteris.statistics.power import detectable_difference, detectable_shift
from ceteris.study.cross import Cross, CrossedFactor
from ceteris.study.variation import Level
from ceteris.testing.miniature import miniature_study


def test_what_seeds_can_show_is_said_for_any_number():
    """One seed shows nothing, one variation needs no correction, none leaves nothing to compare."""
    assert math.isinf(detectable_difference(1, 1))
    assert power(1, 1, 3) == (
        "One seed cannot show a difference: it has no error bars. Give at least 2 seeds, better 10."
    )
    assert "Holm's method over 2 tests" in power(16, 16, 1)
    assert "Holm's method over 28 tests" in power(16, 16, 14)
    assert power(16, 16, 0) == "There is nothing to compare the baseline with: the study has no variations."


def test_what_crossed_factors_can_show_is_said_of_each_cross(study):
    """With nothing else to compare, of the cross alone; its combinations are counted."""
    rates = CrossedFactor(name="rate", levels=Level(name="0.5", set={"training.learning_rate": 0.5}))
    pools = CrossedFactor(name="pool", levels=Level(name="4", set={"network.layers.0.max_pool": 4}))
    cross = Cross(name="rate x pool", factors=[rates, pools])
    crossed = study.model_copy(update={"variations": (), "crosses": (cross,)})
    sentence = "Cross 'rate x pool': 4 combinations, 3 main effects and interactions."
    shown = detectable_shift(2, level=0.05 / 3) / math.sqrt(3)

    assert "".join(powers(crossed)) == (
        f"{sentence} 3 seeds can show a main effect of {shown:.2f} standard deviations of a run, with 80 % "
        "probability, if runs of one seed are as different as others (t test over seeds at 5 %, Holm's method)."
    )
    assert crossed_power(1, cross) == f"{sentence} One seed has no error bars: give at least 2 seeds, better 10."
    assert size(crossed, presumed_images(crossed.data, crossed.baseline.network), ()).startswith(
        "12 runs: the baseline and 3 combinations of crossed factors, 3 seeds each, on "
    )


def test_a_better_division_of_as_many_runs_is_proposed():
    """Fourteen seeds and 46 of the baseline show less than sixteen of every arm; with 48 of it nothing is proposed."""
    assert power(16, 16, 15).endswith(
        "that is 3.07 percentage points. With as many runs, seeds = 14 and baseline_seeds = 46 can show 2.75 "
        "percentage points."
    )
    assert power(48, 16, 15).endswith("that is 2.55 percentage points.")


def test_what_a_study_that_adds_seeds_can_show():
    """What its last look can show; without one, what the first can."""
    study = miniature_study(seeds={"first": 8, "step": 8, "until": "stopped"})

    one = power(8, 8, 2, is_fixed=False)
    assert [*powers(study)] == [f"{one} That is for one look by a t test; e-values show less."]
    planned = miniature_study(seeds={"first": 8, "step": 8, "most": 20})
    last = power(20, 20, 2, is_fixed=False)
    assert [*powers(planned)] == [f"{last} That is for one look; several show a little less."]
