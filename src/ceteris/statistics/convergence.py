"""How soon the validation accuracy rises, and whether it falls again: convergence as an outcome of its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from ceteris.statistics.contrast import USUAL, Criteria
from ceteris.statistics.difference import difference_interval, difference_test, mean_difference
from ceteris.statistics.equivalence import holm
from ceteris.statistics.interval import Estimate, Floats, PointEstimate
from ceteris.statistics.paired import differences, sign_flip_interval
from ceteris.statistics.scores import ArmScores


@dataclass(frozen=True, kw_only=True, eq=False)
class Times:
    """When each run reached a target, or, censored, for how long it was watched without reaching it.

    Attributes:
        times: Shape (runs,).
        reached: Whether it is the one or the other. Shape (runs,).
    """

    times: Floats
    reached: NDArray[np.bool_]


def truncation_time(*arms: Times) -> float:
    """Say until when every run of some arms is known: the shortest time that a censored run was watched.

    Returns:
        The longest time of all where every run reached the target.

    Example:
        >>> truncation_time(Times(times=np.array([3.0, 20.0]), reached=np.array([True, False])))
        20.0
    """
    times = np.concatenate([arm.times for arm in arms])
    reached = np.concatenate([arm.reached for arm in arms])
    return float(times.max() if reached.all() else times[~reached].min())


def restricted(times: Times, until: float) -> Floats:
    """Give the time that each run took, or the truncation time if it took longer: a number that censoring cannot hide.

    A run that never reaches the target counts with the whole of it, which is the least that it took; the mean of these
    is the restricted mean survival time (Royston and Parmar 2013, doi:10.1186/1471-2288-13-152).

    Returns:
        Shape (runs,).

    Example:
        >>> restricted(Times(times=np.array([3.0, 12.0, 20.0]), reached=np.array([True, True, False])), 10.0)
        array([ 3., 10., 10.])
    """
    return np.minimum(times.times, until)


class Measure(Enum):
    """A number that summarises one learning curve.

    `AREA` is the mean validation accuracy over the epochs, the area under the curve, and comes first: noise from epoch
    to epoch does not favour any arm in it. The next three say when the validation accuracy reached the target and held
    it for a second epoch: epochs done, training images seen, and seconds of training. `FINAL_MINUS_BEST` is how far the
    last epoch lies below the best one: 0 or negative.

    Two are described, not tested. Seconds are measured once per packed batch, whose runs share them: equal arms differ
    in them by what else the machine did. The best of many noisy epochs is too high, so that final minus best is
    negative for a flat curve too, and the more so the noisier the arm.
    """

    AREA = auto()
    EPOCHS = auto()
    IMAGES = auto()
    SECONDS = auto()
    FINAL_MINUS_BEST = auto()

    @property
    def is_time(self) -> bool:
        """Whether it is a time, which may be censored, and of which less is better."""
        return self in {Measure.EPOCHS, Measure.IMAGES, Measure.SECONDS}

    @property
    def is_tested(self) -> bool:
        """Whether it has intervals and p-values."""
        return self in {Measure.AREA, Measure.EPOCHS, Measure.IMAGES}


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """How one run learned, epoch by epoch; the chance level stands where there is no number.

    Attributes:
        accuracy: Validation accuracy at the end of each epoch. Shape (epochs,).
        seconds: Training time up to then, where it is known. Shape (epochs,).
        images_per_epoch: Training images, where that is known.
    """

    accuracy: Floats
    seconds: Floats | None = None
    images_per_epoch: int | None = None


def learning_curves(arm: ArmScores, chance: float) -> dict[int, Curve]:
    """Give the curve of each run of an arm that learned, by seed: how fast is asked of runs that get somewhere."""
    learned = arm.learned(chance)
    return {
        run.seed: Curve(
            accuracy=np.where(np.isfinite(run.validation_accuracy), run.validation_accuracy, chance),
            seconds=run.seconds,
            images_per_epoch=arm.images_per_epoch,
        )
        for run in sorted(arm.runs, key=lambda run: run.seed)
        if run.seed in learned and run.validation_accuracy is not None and len(run.validation_accuracy)
    }


def convergence_target(baseline: Mapping[int, Curve], *, chance: float, share: float = 0.9) -> float | None:
    """Set the validation accuracy that counts as converged: a share of the baseline's mean final one.

    The target is then taken as given; the interval of a time to it does not include how surely it is known itself.

    Args:
        baseline: The baseline's curves, by seed.
        chance: The chance level, in (0, 1]; see `is_at_chance`.
        share: In (0, 1].

    Returns:
        None where the baseline has no curve, or where the chance level reaches the target, as it would that of a
        baseline that learned nothing.

    Example:
        >>> round(convergence_target({0: Curve(accuracy=np.array([0.3, 0.5]))}, chance=0.1), 2)
        0.45
    """
    if not baseline:
        return None
    target = share * float(np.mean([curve.accuracy[-1] for curve in baseline.values()]))
    return target if target > chance else None


def times_to_target(curves: Sequence[Curve], measure: Measure, target: float) -> Times | None:
    """Say when each run reached a target and held it: the first of two epochs in a row that are at or above it.

    One epoch alone would be reached too soon by the noisier of two equal arms; so the last epoch does not count, after
    which nothing is known.

    Returns:
        None where a curve does not know its seconds or its images.

    Example:
        >>> curve = Curve(accuracy=np.array([0.3, 0.5, 0.4, 0.6, 0.5]), images_per_epoch=9000)
        >>> times_to_target([curve], Measure.IMAGES, 0.45).times
        array([36000.])
    """
    ends = [_ends_of_epochs(curve, measure) for curve in curves]
    known = [end for end in ends if end is not None]
    if len(known) < len(curves):
        return None
    held = [(curve.accuracy[:-1] >= target) & (curve.accuracy[1:] >= target) for curve in curves]
    return Times(
        times=np.array([end[np.argmax(yes)] if yes.any() else end[-1] for end, yes in zip(known, held, strict=True)]),
        reached=np.array([bool(yes.any()) for yes in held]),
    )


def curve_values(curves: Sequence[Curve], measure: Measure, epochs: int) -> Floats:
    """Reduce each curve to its `AREA` over some epochs, which all must have, or to `FINAL_MINUS_BEST`.

    Returns:
        Shape (runs,).

    Example:
        >>> curve_values([Curve(accuracy=np.array([0.25, 0.75, 0.5]))], Measure.FINAL_MINUS_BEST, 3)
        array([-0.25])
    """
    if measure is Measure.AREA:
        return np.array([curve.accuracy[:epochs].mean() for curve in curves])
    return np.array([curve.accuracy[-1] - curve.accuracy.max() for curve in curves])


def _ends_of_epochs(curve: Curve, measure: Measure) -> Floats | None:
    epochs = np.arange(1.0, len(curve.accuracy) + 1)
    match measure:
        case Measure.SECONDS:
            return None if curve.seconds is None or not np.isfinite(curve.seconds).all() else curve.seconds
        case Measure.IMAGES:
            return None if curve.images_per_epoch is None else epochs * curve.images_per_epoch
        case _:
            return epochs


@dataclass(frozen=True, kw_only=True)
class ConvergenceContrast:
    """One measure of convergence, variation against baseline, in the runs that learned.

    Interval and p-value come from one test, so that the interval leaves out 0 where the p-value is at most the
    significance, and nowhere else. Of the area it is the partially overlapping t test over all runs; of times, which
    may be censored and are whole epochs with many ties, the sign-flip test over the seeds that both arms have.

    Attributes:
        difference: Variation minus baseline, with the interval of this one comparison; of a time, up to the truncation
            time. A point estimate where the measure is not tested, or where there are too few runs for an interval.
        p_value: Two-sided; None where the measure is not tested, or where there are too few runs.
        p_value_adjusted: After Holm's adjustment over the variations, once these are known.
        runs: Of the baseline and of the variation: how many the difference rests on.
        truncation_time: Of a time: until when all these runs are known.
        censored_baseline: Of a time: seeds whose baseline run never reached the target.
        censored_variation: Of a time: seeds whose run of the variation never reached it.
    """

    difference: Estimate
    p_value: float | None
    runs: tuple[int, int]
    p_value_adjusted: float | None = None
    truncation_time: float | None = None
    censored_baseline: tuple[int, ...] = ()
    censored_variation: tuple[int, ...] = ()


def contrast_convergence(
    baseline: Mapping[int, Curve],
    variation: Mapping[int, Curve],
    *,
    target: float | None,
    generator: np.random.Generator,
    criteria: Criteria = USUAL,
) -> dict[Measure, ConvergenceContrast]:
    """Compare the learning curves of a variation with the baseline's.

    A run that never reaches the target is censored: its time is not known, but is at least as long as it was watched.
    Each time is cut at the truncation time, for which all runs of both arms are known. Runs that never reach the target
    count with the whole of it, are named, and are never dropped; runs that did not learn are not among them.

    Args:
        baseline: Curves by seed, from `learning_curves`: of the runs that learned.
        variation: The same of the variation.
        target: The validation accuracy that counts as converged; without it no times are compared.
        generator: Draws sign patterns where there are too many pairs to go through them all.
        criteria: For the coverage of intervals.

    Returns:
        The measures that every run has; none where an arm has no curve, and no times where no seed is in both.

    Example:
        >>> slow = {seed: Curve(accuracy=np.array([0.1, 0.2, 0.3, 0.3])) for seed in (0, 1)}
        >>> fast = {seed: Curve(accuracy=np.array([0.3, 0.4, 0.5, 0.5])) for seed in (0, 1)}
        >>> found = contrast_convergence(slow, fast, target=0.3, generator=np.random.default_rng(0))
        >>> found[Measure.EPOCHS].difference.estimate
        -2.0
    """
    if not baseline or not variation:
        return {}
    seeds = tuple(sorted(baseline.keys() & variation.keys()))
    common = [[arm[seed] for seed in seeds] for arm in (baseline, variation)]
    found = {}
    for measure in Measure:
        if not measure.is_time:
            found[measure] = _of_values(baseline, variation, measure, criteria)
        elif target is not None and seeds:
            before, after = (times_to_target(curves, measure, target) for curves in common)
            if before is not None and after is not None:
                found[measure] = _of_times(seeds, before, after, measure, generator, criteria)
    return found


def _of_values(
    baseline: Mapping[int, Curve], variation: Mapping[int, Curve], measure: Measure, criteria: Criteria
) -> ConvergenceContrast:
    arms = baseline, variation
    epochs = min(len(curve.accuracy) for arm in arms for curve in arm.values())
    before, after = (
        dict(zip(arm, curve_values(list(arm.values()), measure, epochs).tolist(), strict=True)) for arm in arms
    )
    difference = mean_difference(before, after)
    if not measure.is_tested:
        return ConvergenceContrast(
            difference=PointEstimate(estimate=difference.estimate), p_value=None, runs=difference.runs
        )
    return ConvergenceContrast(
        difference=difference_interval(difference, level=criteria.level),
        p_value=None if difference.standard_error is None else difference_test(difference),
        runs=difference.runs,
    )


def _of_times(
    seeds: tuple[int, ...],
    before: Times,
    after: Times,
    measure: Measure,
    generator: np.random.Generator,
    criteria: Criteria,
) -> ConvergenceContrast:
    until = truncation_time(before, after)
    changes = differences(restricted(before, until), restricted(after, until))
    difference: Estimate = PointEstimate(estimate=float(changes.mean()))
    p_value = None
    if measure.is_tested and len(seeds) > 1:
        difference, p_value = sign_flip_interval(changes, significance=criteria.significance, generator=generator)
    never = [
        tuple(seed for seed, reached in zip(seeds, arm.reached, strict=True) if not reached) for arm in (before, after)
    ]
    return ConvergenceContrast(
        difference=difference,
        p_value=p_value,
        runs=(len(seeds), len(seeds)),
        truncation_time=until,
        censored_baseline=never[0],
        censored_variation=never[1],
    )


def adjusted_convergence(
    family: Sequence[Mapping[Measure, ConvergenceContrast]],
) -> tuple[dict[Measure, ConvergenceContrast], ...]:
    """Fill in Holm's adjustment: each measure is a family of its own; a variation that lacks it counts all the same."""
    filled: tuple[dict[Measure, ConvergenceContrast], ...] = tuple({} for _ in family)
    for measure in Measure:
        entries = [entry.get(measure) for entry in family]
        p_values = holm([math.nan if one is None or one.p_value is None else one.p_value for one in entries])
        for into, one, p_value in zip(filled, entries, p_values.tolist(), strict=True):
            if one is not None:
                into[measure] = replace(one, p_value_adjusted=None if math.isnan(p_value) else p_value)
    return filled
