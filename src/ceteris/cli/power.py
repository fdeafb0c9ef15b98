"""What the seeds of a study can show, before it is run."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ceteris.analysis.study_analysis import analyze
from ceteris.errors import ResultsError
from ceteris.paths import shown
from ceteris.report.quantities import count, percentage_points
from ceteris.results.results import read_results
from ceteris.statistics.factorial import contrast, effects
from ceteris.statistics.power import detectable_difference, detectable_shift
from ceteris.study.cross import Cross
from ceteris.study.run import BASELINE
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study


@dataclass(frozen=True)
class Spread:
    """By how much accuracies vary over seeds, as a fraction, and the words that say where that is from."""

    deviation: float
    words: str


ASSUMED = Spread(0.02, "If accuracies vary")
"""Runs that learned of the founding study's small networks vary by 1.2 to 3.8 percentage points, in the median by 2."""


def spread_of(folder: Path) -> Spread:
    """Take the spread over seeds from the runs that learned of a results folder: the median of its arms.

    Raises:
        ResultsError: If it is no results folder, or no arm has two runs that learned.
    """
    deviations = [arm.deviation for arm in analyze(read_results(folder)).summaries if arm.deviation]
    if not deviations:
        raise ResultsError(
            f"{shown(folder)}: no arm has two runs that learned, so that their spread over seeds is not known. Name "
            "another folder, or leave out --like."
        )
    arms = count(len(deviations), "arm")
    return Spread(statistics.median(deviations), f"As accuracies in {shown(folder)} (median of {arms}) vary")


def powers(study: Study, spread: Spread = ASSUMED) -> Iterator[str]:
    """Say how small a difference the seeds of a study can show, of variations and of crossed factors."""
    if study.variations or not study.crosses:
        if not isinstance(study.seeds, PlannedSeeds) or not study.variations:
            yield power(*shown_with(study), len(study.variations), spread)
        else:
            most = study.seeds.plan.most
            told = power(*shown_with(study), len(study.variations), spread, is_fixed=False)
            less = "one look; several show a little less" if most else "one look by a t test; e-values show less"
            yield f"{told} That is for {less}."
    for cross in study.crosses:
        yield crossed_power(len(study.seeds), cross)


def shown_with(study: Study) -> tuple[int, int]:
    """Count the seeds of the baseline and of a variation that decide what can be shown."""
    if not isinstance(study.seeds, PlannedSeeds) or not study.variations:
        return len(study.seeds_of(BASELINE)), len(study.seeds)
    size = study.seeds.plan.most or study.seeds.plan.first  # without a last look, what the first can show
    return size, size


def power(baseline: int, seeds: int, variations: int, spread: Spread = ASSUMED, *, is_fixed: bool = True) -> str:
    """Say how small a difference can be shown with that many seeds of the baseline and of each variation.

    Where as many runs, of a fixed number, could show notably less if they were divided otherwise, that is proposed.
    """
    if not variations:
        return "There is nothing to compare the baseline with: the study has no variations."
    difference = detectable_difference(baseline, seeds, comparisons=variations)
    if math.isinf(difference):
        return "One seed cannot show a difference: it has no error bars. Give at least 2 seeds, better 10."
    own = f", and {baseline:,} of the baseline," if baseline != seeds else ""
    better, others, least = min(_divisions(baseline + variations * seeds, variations), key=lambda one: one[2])
    proposal = ""
    if is_fixed and least < _NOTABLY * difference:
        proposal = (
            f" With as many runs, seeds = {others} and baseline_seeds = {better} can show "
            f"{percentage_points(least * spread.deviation)}."
        )
    return (
        f"What {count(seeds, 'seed')}{own} can show: a difference of {difference:.2f} standard deviations over seeds, "
        f"with 80 % probability (t test at 5 %, Holm's method over {2 * variations} tests). {spread.words} by "
        f"{percentage_points(spread.deviation)} from seed to seed, that is "
        f"{percentage_points(difference * spread.deviation)}.{proposal}"
    )


_NOTABLY = 0.95  # of the difference that a design can show


def _divisions(runs: int, variations: int) -> Iterator[tuple[int, int, float]]:
    """Give the ways to divide runs between baseline and variations, with the difference that each can show."""
    for others in range(2, runs // (variations + 1) + 1):
        own = runs - variations * others
        yield own, others, detectable_difference(own, others, comparisons=variations)


def crossed_power(seeds: int, cross: Cross) -> str:
    """Say how small a main effect of crossed factors that many seeds can show."""
    shape = [len(factor.levels) + 1 for factor in cross.factors]
    family = effects(shape)
    what = f"Cross '{cross.name}': {math.prod(shape)} combinations, {len(family)} main effects and interactions"
    if seeds < 2:
        return f"{what}. One seed has no error bars: give at least 2 seeds, better 10."
    spread = [math.sqrt((contrast(shape, *one) ** 2).sum()) for one in family if len(one[0]) == 1]
    shown = detectable_shift(seeds - 1, level=0.05 / len(family)) / math.sqrt(seeds) * max(spread)
    return (
        f"{what}. {count(seeds, 'seed')} can show a main effect of {shown:.2f} standard deviations of a run, with 80 % "
        "probability, if runs of one seed are as different as others (t test over seeds at 5 %, Holm's method)."
    )
