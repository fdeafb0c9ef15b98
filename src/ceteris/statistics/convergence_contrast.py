"""How soon a variation converges, against the baseline, pair by pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ceteris.statistics.censoring import horizon, restricted
from ceteris.statistics.contrast import Contrast, adjusted, contrast
from ceteris.statistics.convergence import Curve, Measure, curve_values, times_to_target
from ceteris.statistics.criteria import USUAL, Criteria


@dataclass(frozen=True, kw_only=True)
class ConvergenceContrast:
    """One measure of convergence, variation against baseline.

    Attributes:
        contrast: Variation minus baseline over the pairs; of a time, up to the horizon. Where times were censored, or
            are whole epochs with many ties, its sign-flip test is the one to trust.
        horizon: Of a time: until when all paired runs are known.
        censored_baseline: Of a time: seeds whose baseline run never reached the target.
        censored_variation: Of a time: seeds whose run of the variation never reached it.
    """

    contrast: Contrast
    horizon: float | None = None
    censored_baseline: tuple[int, ...] = ()
    censored_variation: tuple[int, ...] = ()


def contrast_convergence(
    baseline: Mapping[int, Curve],
    variation: Mapping[int, Curve],
    *,
    target: float | None,
    generator: np.random.Generator,
    comparisons: int = 1,
    criteria: Criteria = USUAL,
) -> dict[Measure, ConvergenceContrast]:
    """Compare the learning curves of a variation with the baseline's, pair by pair.

    A run that never reaches the target is censored: its time is not known, but is at least as long as it was watched.
    Each time is cut at the horizon, the longest time for which all runs of both arms are known, so that a pair's
    difference is a number without guesswork; the sign-flip test of these needs no more than that. Runs that never reach
    the target count with the whole horizon, are named, and are never dropped.

    Args:
        baseline: Curves by seed, from `learning_curves`.
        variation: The same of the variation.
        target: The validation accuracy that counts as converged; without it no times are compared.
        generator: Draws sign patterns where there are too many pairs to go through them all.
        comparisons: Variations that the study compares with its baseline.
        criteria: For the coverage of intervals and the detectable difference.

    Returns:
        The measures that every pair has; none where no seed has a curve in both arms.

    Example:
        >>> slow = {seed: Curve(accuracy=np.array([0.1, 0.2, 0.3])) for seed in (0, 1)}
        >>> fast = {seed: Curve(accuracy=np.array([0.3, 0.4, 0.5])) for seed in (0, 1)}
        >>> found = contrast_convergence(slow, fast, target=0.3, generator=np.random.default_rng(0))
        >>> found[Measure.EPOCHS].contrast.difference.estimate
        -2.0
    """
    seeds = sorted(baseline.keys() & variation.keys())
    if not seeds:
        return {}
    before, after = [baseline[seed] for seed in seeds], [variation[seed] for seed in seeds]
    epochs = min(len(curve.accuracy) for curve in (*before, *after))
    found = {}
    for measure in Measure:
        if not measure.is_time:
            values = [curve_values(curves, measure, epochs) for curves in (before, after)]
            difference = contrast(*values, generator=generator, comparisons=comparisons, criteria=criteria)
            found[measure] = ConvergenceContrast(contrast=difference)
            continue
        if target is None:
            continue
        first, second = times_to_target(before, measure, target), times_to_target(after, measure, target)
        if first is None or second is None:
            continue
        until = horizon(first, second)
        difference = contrast(
            restricted(first, until),
            restricted(second, until),
            generator=generator,
            higher_is_better=False,
            comparisons=comparisons,
            criteria=criteria,
        )
        found[measure] = ConvergenceContrast(
            contrast=difference,
            horizon=until,
            censored_baseline=tuple(seed for seed, reached in zip(seeds, first.reached, strict=True) if not reached),
            censored_variation=tuple(seed for seed, reached in zip(seeds, second.reached, strict=True) if not reached),
        )
    return found


def adjusted_convergence(
    family: Sequence[Mapping[Measure, ConvergenceContrast]],
) -> tuple[dict[Measure, ConvergenceContrast], ...]:
    """Fill in Holm's adjustment: each measure is a family of its own, over all variations of a study.

    Args:
        family: One per variation; a measure that it lacks counts in the family all the same.
    """
    filled: tuple[dict[Measure, ConvergenceContrast], ...] = tuple({} for _ in family)
    for measure in Measure:
        entries = [entry.get(measure) for entry in family]
        contrasts = adjusted([None if entry is None else entry.contrast for entry in entries])
        for into, entry, difference in zip(filled, entries, contrasts, strict=True):
            if entry is not None and difference is not None:
                into[measure] = replace(entry, contrast=difference)
    return filled
