"""Checks that rest on other assumptions than the verdicts do: ranks, trimmed means, whole learning curves.

They are shown beside the verdicts and decide nothing. None is adjusted for the number of variations.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.convergence import learning_curves
from ceteris.statistics.distributions import student_above, student_quantile
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked, checked_level
from ceteris.statistics.scores import ArmScores, Ending


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one method says of two arms.

    Attributes:
        estimate: With an interval that leaves out the value of equal arms just where the test finds a difference.
        p_value: Two-sided, not adjusted; None where an arm has too few runs, or no run differs from another.
    """

    estimate: Estimate
    p_value: float | None


LEAST_RUNS = 10
"""That Brunner and Munzel's test needs of each arm: with 8 runs it errs in 6.5 % of 10,000 studies, with 5 in 9 %."""


def superiority_over_all_pairs(baseline: ArrayLike, variation: ArrayLike, *, level: float = 0.95) -> Check:
    """Estimate how often a run of the variation beats a run of the baseline, whatever their seeds.

    The share of all pairs of runs that the variation wins, ties counted half, with Brunner and Munzel's variance and
    Student's t. It looks at ranks alone: a run may count as worse than every other, and it is no matter by how much.
    Arms may differ in spread. Without any overlap the variance is 0: the p-value is then that of dealing the runs into
    two arms by chance, and there is no interval.
    Method: Brunner and Munzel 2000, doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U.

    Args:
        baseline: One number per run, higher is better; minus infinity for a run that ranks last. Shape (runs,).
        variation: Likewise. Shape (other runs,).
        level: Coverage of the interval, in (0, 1).

    Returns:
        A probability in [0, 1]; 0.5 for equal arms. Alone where an arm has fewer than `LEAST_RUNS` runs.

    Raises:
        StatisticsError: If an arm is empty, or a number is not one.

    Example:
        >>> found = superiority_over_all_pairs([-np.inf, *range(50, 60)], range(52, 63))
        >>> f"{found.estimate.estimate:.3f} [{found.estimate.low:.3f}, {found.estimate.high:.3f}] {found.p_value:.4f}"
        '0.736 [0.511, 0.960] 0.0405'
    """
    checked_level(level)
    before, after = _ranked(baseline, "baseline scores"), _ranked(variation, "scores of the variation")
    # For each run, the share of the other arm's runs that rank below it.
    above, below = _below(after, before), _below(before, after)
    estimate = float(above.mean())
    if min(len(before), len(after)) < LEAST_RUNS:
        return Check(estimate=PointEstimate(estimate=estimate), p_value=None)
    errors = [float(one.var(ddof=1)) / len(one) for one in (below, above)]
    if not any(errors):
        ways = math.comb(len(before) + len(after), len(before))
        return Check(estimate=PointEstimate(estimate=estimate), p_value=min(1.0, 2 / ways) if estimate != 0.5 else 1.0)
    return _student(estimate, 0.5, errors, [len(before) - 1, len(after) - 1], level, limits=(0.0, 1.0))


def _ranked(values: ArrayLike, name: str) -> Floats:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not len(array) or np.isnan(array).any():
        raise StatisticsError(
            f"{name} are {array.tolist()}, expected one number per run. Give minus infinity for a run that ranks last."
        )
    return array


def _below(runs: Floats, others: Floats) -> Floats:
    ordered = np.sort(others)
    return (np.searchsorted(ordered, runs, "left") + np.searchsorted(ordered, runs, "right")) / (2 * len(others))


TRIMMED = 0.2
"""The share of the runs of an arm that a trimmed mean leaves out at either end."""


def trimmed_difference(baseline: ArrayLike, variation: ArrayLike, *, level: float = 0.95) -> Check:
    """Compare the trimmed means of two arms: a few runs that collapsed, or excelled, cannot move them.

    The lowest and the highest fifth of the runs of each arm are left out; Yuen's t puts error bars around the
    difference of the means of the others, from variances in which the runs that were left out count with their
    neighbours' values.
    Method: Yuen 1974, doi:10.1093/biomet/61.1.165.

    Args:
        baseline: One number per run. Shape (runs,).
        variation: Likewise. Shape (other runs,).
        level: Coverage of the interval, in (0, 1).

    Returns:
        Variation minus baseline.

    Raises:
        StatisticsError: If an arm is empty, or a number is not finite.

    Example:
        >>> found = trimmed_difference([0.50, 0.52, 0.51, 0.50, 0.1], [0.53, 0.55, 0.54, 0.55, 0.54])
        >>> f"{found.estimate.estimate:.3f} [{found.estimate.low:.3f}, {found.estimate.high:.3f}] {found.p_value:.4f}"
        '0.040 [0.022, 0.058] 0.0032'
    """
    checked_level(level)
    arms = [np.sort(checked(baseline, "baseline scores")), np.sort(checked(variation, "scores of the variation"))]
    cuts = [int(TRIMMED * len(arm)) for arm in arms]
    kept = [arm[cut : len(arm) - cut] for arm, cut in zip(arms, cuts, strict=True)]
    estimate = float(kept[1].mean() - kept[0].mean())
    if min(map(len, kept)) < 2:
        return Check(estimate=PointEstimate(estimate=estimate), p_value=None)
    errors = []
    for arm, one in zip(arms, kept, strict=True):
        spread = np.clip(arm, one[0], one[-1])
        squares = 0.0 if spread[0] == spread[-1] else float(spread.var()) * len(spread)
        errors.append(squares / (len(one) * (len(one) - 1)))
    if not any(errors):
        return Check(estimate=PointEstimate(estimate=estimate), p_value=None if estimate else 1.0)
    return _student(estimate, 0.0, errors, [len(one) - 1 for one in kept], level)


def _student(
    estimate: float,
    equal: float,
    errors: list[float],
    degrees: list[int],
    level: float,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> Check:
    """Test an estimate whose variance is the sum of two, with Welch's degrees of freedom."""
    error = math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(one**2 / degree for one, degree in zip(errors, degrees, strict=True))
    half = student_quantile((1 + level) / 2, freedom) * error
    return Check(
        estimate=Interval(
            estimate=estimate, low=max(limits[0], estimate - half), high=min(limits[1], estimate + half), level=level
        ),
        p_value=2 * student_above(abs(estimate - equal) / error, freedom),
    )


LEAST_PAIRS = 6
"""Fewer pairs have so few patterns of signs that no curve could be told from 0 at the 5 % level."""

_EXACT_PAIRS = 12
_RANDOM_PATTERNS = 1_999


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveBand:
    """The mean difference of two arms' learning curves, with a band that holds for all epochs at once.

    Attributes:
        pairs: Seeds with a curve in both arms.
        mean: Variation minus baseline at the end of each epoch. Shape (epochs,).
        low: Lower end of the band. Shape (epochs,).
        high: Upper end. Shape (epochs,).
        p_value: Of the curves being equal at every epoch, two-sided, not adjusted for the number of variations.
    """

    pairs: int
    mean: Floats
    low: Floats
    high: Floats
    p_value: float


def curve_band(changes: ArrayLike, *, generator: np.random.Generator, level: float = 0.95) -> CurveBand | None:
    """Put a band around the mean of paired differences of learning curves that covers all epochs at once.

    If the variation changed nothing, every pattern of signs of the pairs would be as likely. The largest t of all
    epochs is computed for each pattern; the band is the mean plus and minus its upper (1 - level) quantile times the
    standard error. At most 1 - level of studies have a band that leaves out 0 at an epoch where the curves are equal,
    also if they differ at others, and however epochs hang together. Other differences are covered a little less often.
    Method: the single-step maxT of Westfall and Young 1993, Resampling-Based Multiple Testing, with the signs of pairs.

    Args:
        changes: Variation minus baseline with the same seed. Shape (pairs, epochs).
        generator: Draws patterns where there are more than 12 pairs.
        level: Coverage of the band, in (0, 1).

    Returns:
        None for fewer than `LEAST_PAIRS` pairs, or pairs without any spread.

    Raises:
        StatisticsError: If the shape is another, or a number is not finite.

    Example:
        >>> changes = np.array([[0.00, 0.02], [0.01, 0.03], [-0.01, 0.02], [0.01, 0.01], [0.00, 0.03], [-0.01, 0.02]])
        >>> band = curve_band(changes, generator=np.random.default_rng(0))
        >>> band.p_value, np.round(band.low, 3).tolist()
        (0.03125, [-0.012, 0.012])
    """
    checked_level(level)
    values = np.asarray(changes, np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise StatisticsError(
            f"differences of curves have shape {values.shape}, expected finite numbers of shape (pairs, epochs). Leave "
            "out failed runs, and cut curves to the epochs that all have."
        )
    pairs = len(values)
    if pairs < LEAST_PAIRS:
        return None
    if pairs <= _EXACT_PAIRS:  # half of the patterns: the others are their mirror images
        bits = (np.arange(2 ** (pairs - 1))[:, None] >> np.arange(pairs)) & 1
    else:
        drawn = generator.integers(0, 2, (_RANDOM_PATTERNS, pairs), dtype=np.int8)
        bits = np.concatenate([np.zeros((1, pairs), np.int8), drawn])
    # t^2 = (pairs - 1) r / (1 - r) rises with r, the share of an epoch's sum of squares that its mean explains.
    squares = pairs * np.square(values).sum(axis=0)
    explained = np.square((1.0 - 2.0 * bits) @ values) / np.where(squares > 0, squares, 1.0)
    largest = explained.max(axis=1)
    as_large = int(np.count_nonzero(largest >= largest[0] * (1 - 1e-12)))
    limit = np.sort(largest)[-1 - int((1 - level) * len(largest) + 1e-9)]
    if limit > 1 - 1e-9:  # more patterns than the level allows leave an epoch without any spread
        return None
    spread = np.where(np.ptp(values, axis=0) > 0, values.std(axis=0, ddof=1), 0.0)
    mean, half = values.mean(axis=0), math.sqrt(limit / (1 - limit) * (pairs - 1) / pairs) * spread
    return CurveBand(pairs=pairs, mean=mean, low=mean - half, high=mean + half, p_value=as_large / len(largest))


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """What other methods say of a variation; what so few runs cannot say is None.

    Attributes:
        superiority: P(A > B) over all pairs of runs; runs that failed or diverged rank last.
        trimmed: Difference of the trimmed means over all runs, without failed ones; diverged ones have the chance
            level of test accuracy, and are left out where a score is judged.
        curves: Of validation accuracy over the seeds whose runs learned in both arms.
    """

    superiority: Check | None
    trimmed: Check | None
    curves: CurveBand | None


def check_robustness(
    baseline: ArmScores,
    variation: ArmScores,
    *,
    chance: float,
    generator: np.random.Generator,
    level: float = 0.95,
) -> Robustness:
    """Compare a variation with the baseline by methods that need no normal distribution and no choice of runs.

    Args:
        baseline: The arm that is compared with.
        variation: The arm that is compared.
        chance: The chance level, in (0, 1].
        generator: Draws patterns of signs for `curve_band`.
        level: Coverage of intervals, in (0, 1).
    """
    arms = [_values(arm, chance) for arm in (baseline, variation)]
    ranked = [
        [*arm.judged().values(), *[-math.inf] * len((*arm.seeds(Ending.DIVERGED), *arm.seeds(Ending.FAILED)))]
        for arm in (baseline, variation)
    ]
    curves = [
        {seed: curve.accuracy for seed, curve in learning_curves(arm, chance).items()} for arm in (baseline, variation)
    ]
    common = sorted(curves[0].keys() & curves[1].keys())
    band = None
    if common:
        epochs = min(len(one[seed]) for one in curves for seed in common)
        changes = np.array([curves[1][seed][:epochs] - curves[0][seed][:epochs] for seed in common])
        band = curve_band(changes, generator=generator, level=level)
    return Robustness(
        superiority=superiority_over_all_pairs(*ranked, level=level) if all(ranked) else None,
        trimmed=trimmed_difference(*(list(arm.values()) for arm in arms), level=level) if all(arms) else None,
        curves=band,
    )


def _values(arm: ArmScores, chance: float) -> dict[int, float]:
    has_scores = any(run.score is not None for run in arm.runs)
    return arm.judged() if has_scores else arm.counted(chance)
