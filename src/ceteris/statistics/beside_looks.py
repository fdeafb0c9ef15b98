"""What stands beside the verdicts of a study that adds seeds: convergence and test images, at levels for all looks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ceteris.statistics.comparison import interval_over_images
from ceteris.statistics.contrast import USUAL, Criteria
from ceteris.statistics.convergence import ConvergenceContrast, Measure, contrast_convergence, learning_curves
from ceteris.statistics.interval import Floats, Interval
from ceteris.statistics.looks import LookResult, StudyLooks, first_seeds, held_to_decisions, step_down
from ceteris.statistics.scores import ArmScores, Scores
from ceteris.statistics.sequential import (
    FEWEST_SEEDS,
    LookPlan,
    error_rates,
    family_levels,
    group_sequential_holm,
    nominal_levels,
)

_TESTED = tuple(measure for measure in Measure if measure.is_tested)


@dataclass(frozen=True, kw_only=True)
class BesideLook:
    """What the seeds of a variation's last look say beside its verdict.

    Attributes:
        convergence: Each measure that they have. A measure that was shown to differ at an earlier look is as it was
            then. Intervals are of one comparison, over all looks together; p-values are adjusted as those of verdicts.
        over_images: Of the difference in test accuracy, over seeds and test images, over all looks and variations.
    """

    convergence: Mapping[Measure, ConvergenceContrast]
    over_images: Interval | None


def beside_looks(
    scores: Scores,
    looks: StudyLooks,
    plan: LookPlan,
    criteria: Criteria = USUAL,
    *,
    target: float | None,
    seed: int = 0,
) -> Mapping[str, BesideLook]:
    """Compare convergence at the looks that were taken, and allow for the test images at each variation's last.

    Verdicts on accuracy say who gets more seeds. Whatever ends a sequence of looks, a test at levels that hold over all
    planned looks errs no more often if fewer are taken; so each measure of convergence is a family of its own, judged
    by `group_sequential_holm` at the levels of the verdicts.

    Args:
        scores: What each run scored, with its learning curve and its answers.
        looks: From `take_looks`.
        plan: The plan of these looks.
        criteria: For the error rate.
        target: The validation accuracy that counts as converged.
        seed: Decides the draws of sign patterns.

    Returns:
        By variation that was looked at; empty for a plan without a last look, which has no such levels.
    """
    sizes = plan.sizes
    if sizes is None:
        return {}
    names = [arm.name for arm in scores.variations]
    arms = dict(zip(names, scores.variations, strict=True))
    levels = family_levels(sizes, criteria.significance, len(names))
    alone = nominal_levels(sizes, criteria.significance)
    rejected = {measure: np.zeros(len(names), np.bool_) for measure in _TESTED}
    found: dict[str, BesideLook] = {}
    for number, look in enumerate(looks.done):
        before = first_seeds(scores.baseline, look.seeds)
        after = {one.variation: first_seeds(arms[one.variation], look.seeds) for one in look.results}
        curves = learning_curves(before, scores.chance)
        now = {
            name: contrast_convergence(
                curves,
                learning_curves(arm, scores.chance),
                target=target,
                generator=np.random.default_rng(seed),
                criteria=replace(criteria, significance=alone[number]),
            )
            for name, arm in after.items()
        }
        for measure, known in rejected.items():
            p_values = np.array([_p_value(now.get(name, {}).get(measure)) for name in names])
            p_values[known] = np.nan
            shown = group_sequential_holm(p_values, known, levels[number])
            rates = step_down(error_rates(p_values, sizes, number), len(names) - int(known.sum()))
            adjusted = held_to_decisions(rates, shown, criteria.significance)
            for index, name in enumerate(names):
                if name not in now or measure not in now[name]:
                    continue
                one = found[name].convergence[measure] if known[index] else now[name][measure]
                if not known[index]:
                    one = _labelled(one, None if np.isnan(p_values[index]) else adjusted[index], criteria.level)
                now[name][measure] = one
            rejected[measure] = shown
        for result in look.results:
            name = result.variation
            over_images = _over_images(result, before, after[name], scores.chance, levels[number], criteria)
            found[name] = BesideLook(convergence=now[name], over_images=over_images)
    return found


def _p_value(one: ConvergenceContrast | None) -> float:
    is_tested = one is not None and one.p_value is not None and min(one.runs) >= FEWEST_SEEDS
    return one.p_value if is_tested and one is not None and one.p_value is not None else np.nan


def _labelled(one: ConvergenceContrast, adjusted: float | None, level: float) -> ConvergenceContrast:
    """Fill in the adjusted p-value; the level of one look is smaller, what is meant is that of all together."""
    difference = one.difference
    if isinstance(difference, Interval):
        difference = replace(difference, level=level)
    return replace(one, difference=difference, p_value_adjusted=adjusted)


def _over_images(
    one: LookResult, baseline: ArmScores, arm: ArmScores, chance: float, levels: Floats, criteria: Criteria
) -> Interval | None:
    accuracy = one.judgement.accuracy
    if accuracy is None:
        return None
    predictions = baseline.predictions(chance), arm.predictions(chance)
    found = interval_over_images(accuracy, *predictions, level=1 - float(levels[0]))
    return None if found is None else replace(found, level=1 - criteria.significance / len(levels))
