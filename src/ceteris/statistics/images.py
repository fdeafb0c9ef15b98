"""Test-set sampling error: what a finite test set does to a pair of networks and to a mean difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import binomial_below, normal_quantile, student_quantile
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, Scope

_DRAWS_AT_ONCE = 200_000  # image draws, 1.6 MB of indices: what stays in the cache is drawn and counted fastest


def two_way_bootstraps(
    tables: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    generators: Sequence[np.random.Generator],
    replicates: int = 2_000,
    level: float = 0.95,
) -> tuple[Estimate, ...]:
    """Estimate how much variations change accuracy on images like these, not only on these.

    An interval over seeds says what more seeds would give on the same test images. For a claim about all such images,
    the images are a sample too: seeds and images are drawn again, each with replacement, and the mean difference is
    computed on the table that this gives (the pigeonhole bootstrap of Owen 2007, doi:10.1214/07-AOAS122).

    Its raw percentiles covered 93 to 99.8 % of the truths in six simulated settings instead of 95 %: the noise of one
    seed on one image is counted three times, and few seeds vary too little. So the replicates keep their shape and are
    given the right width: the unbiased variance of the mean of a two-way table, which is the variance over seeds plus
    what the images add (Cornfield and Tukey 1956, doi:10.1214/aoms/1177728067), and Student's quantile with the degrees
    of freedom of Satterthwaite 1946 (doi:10.2307/3002019). It is about as wide as the interval over seeds alone, or
    wider.

    Drawing the images again takes most of the time. Where the generators of several tables of one shape are in one
    state, they would draw the same: then each draw is made once, for all of them.

    Args:
        tables: Baseline and variation, with the same seeds and images: whether each image was classified correctly;
            or, for a diverged run, the probability of it. Shape (seeds, images).
        generators: One for each table; each draws seeds and images.
        replicates: How often they are drawn again.
        level: Coverage, in (0, 1).

    Returns:
        Variation minus baseline, as a fraction, with scope `Scope.SEEDS_AND_IMAGES`; a point estimate where neither
        seeds nor images show a spread.

    Raises:
        StatisticsError: If the shapes of a table differ, or if it has fewer than two seeds or two images.

    Example:
        >>> before = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0]])
        >>> after = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]])
        >>> (gain,) = two_way_bootstraps([(before, after)], generators=[np.random.default_rng(0)])
        >>> f"{gain.estimate:+.2f} {gain.scope.name}"
        '+0.33 SEEDS_AND_IMAGES'
    """
    changes = [_differences(baseline, variation) for baseline, variation in tables]
    alike: dict[tuple[object, str], list[int]] = {}
    for index, (table, generator) in enumerate(zip(changes, generators, strict=True)):
        alike.setdefault((table.shape, repr(generator.bit_generator.state)), []).append(index)
    found: dict[int, Estimate] = {}
    for indices in alike.values():
        draws = _replicates([changes[index] for index in indices], replicates, generators[indices[0]])
        for index, own in zip(indices, draws, strict=True):
            found[index] = _interval(changes[index], own, level)
    return tuple(found[index] for index in range(len(changes)))


def _interval(changes: Floats, draws: Floats, level: float) -> Estimate:
    seeds, images = changes.shape
    estimate = float(changes.mean())
    by_seed, by_image = changes.mean(axis=1), changes.mean(axis=0)
    residuals = changes - by_seed[:, None] - by_image + estimate
    noise = float((residuals**2).sum()) / ((seeds - 1) * (images - 1))
    from_seeds = float(by_seed.var(ddof=1)) / seeds
    from_images = max(0.0, float(by_image.var(ddof=1)) / images - noise / (seeds * images))
    variance = from_seeds + from_images
    deviation = float(draws.std())
    if variance == 0 or deviation == 0:
        return PointEstimate(estimate=estimate)
    freedom = variance**2 / (from_seeds**2 / (seeds - 1) + from_images**2 / (images - 1))
    tail = (1 + level) / 2
    half = max(
        student_quantile(tail, freedom) * math.sqrt(variance),
        student_quantile(tail, seeds - 1) * math.sqrt(from_seeds),
    )
    ends = np.quantile(draws - draws.mean(), [1 - tail, tail]) / deviation / normal_quantile(tail) * half
    return Interval(
        estimate=estimate,
        low=estimate + float(ends[0]),
        high=estimate + float(ends[1]),
        level=level,
        scope=Scope.SEEDS_AND_IMAGES,
    )


def _differences(baseline: ArrayLike, variation: ArrayLike) -> Floats:
    before, after = np.asarray(baseline), np.asarray(variation)
    if before.shape != after.shape or before.ndim != 2:
        raise StatisticsError(
            f"correct answers have shapes {before.shape} for the baseline and {after.shape} for the variation, "
            "expected (seeds, images) for both. Leave out the seeds that only one of them has."
        )
    if min(before.shape) < 2:
        raise StatisticsError(
            f"correct answers have shape {before.shape}, expected at least 2 seeds and 2 images. Run more seeds."
        )
    return after.astype(np.float64) - before.astype(np.float64)


def _replicates(tables: Sequence[Floats], replicates: int, generator: np.random.Generator) -> list[Floats]:
    """Compute the means of tables whose seeds and images were drawn again: weights times table times weights.

    Args:
        tables: Of one shape, (seeds, images).
        replicates: How often.
        generator: Draws once for all tables.

    Returns:
        For each table its means. Shape (replicates,).
    """
    seeds, images = tables[0].shape
    singles = [table.astype(np.float32) for table in tables]
    means = np.empty((len(tables), replicates))
    at_once = max(1, _DRAWS_AT_ONCE // images)
    for first in range(0, replicates, at_once):
        count = min(at_once, replicates - first)
        seed_weights = _draw(seeds, count, generator)
        image_weights = _draw(images, count, generator).astype(np.float32)
        for own, single in zip(means, singles, strict=True):
            # einsum, not @: products this small lose more to the threads of a matrix library than they gain (45 ms
            # against 40 to 900 ms for 2,000 replicates of 16 x 10,000 on two busy cores), and their last bits do not
            # depend on it.
            by_seed = np.einsum("ri,si->rs", image_weights, single).astype(np.float64)
            own[first : first + count] = (by_seed * seed_weights).sum(axis=1) / (seeds * images)
    return list(means)


def _draw(size: int, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw `size` of `size` things with replacement, `count` times, and say how often each was drawn."""
    drawn = generator.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """What the images say about two trained networks; nothing about how another seed would do.

    Attributes:
        baseline_only: Images that only the baseline's network classified correctly.
        variation_only: Images that only the variation's network classified correctly.
        p_value: Probability of a split at least this uneven if both networks were equally good on such images.
    """

    baseline_only: int
    variation_only: int
    p_value: float


def mcnemar_test(baseline: ArrayLike, variation: ArrayLike) -> McNemar:
    """Compare two trained networks on the same images, for a study that has one seed only.

    Only images that one of them gets right and the other wrong tell anything; if the two were equally good, these
    would fall like a coin. The exact binomial test, two-sided.
    Method: McNemar 1947, doi:10.1007/BF02295996. What it is worth: Dietterich 1998, doi:10.1162/089976698300017197.

    Args:
        baseline: Whether each image was classified correctly. Shape (images,).
        variation: The same images, in the same order. Shape (images,).

    Example:
        >>> mcnemar_test([True, True, False, False], [True, False, True, True])
        McNemar(baseline_only=1, variation_only=2, p_value=1.0)
    """
    before, after = np.asarray(baseline, np.bool_), np.asarray(variation, np.bool_)
    if before.shape != after.shape or before.ndim != 1:
        raise StatisticsError(
            f"correct answers have shapes {before.shape} for the baseline and {after.shape} for the variation, "
            "expected (images,) for both. Score both networks on the same test images."
        )
    baseline_only, variation_only = int((before & ~after).sum()), int((after & ~before).sum())
    tail = binomial_below(min(baseline_only, variation_only), baseline_only + variation_only, 0.5)
    return McNemar(baseline_only=baseline_only, variation_only=variation_only, p_value=min(1.0, 2 * tail))
