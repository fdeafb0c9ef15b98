"""Test-set sampling error: what a finite test set does to a pair of networks and to a mean difference."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import Difference, difference_interval
from ceteris.statistics.distributions import binomial_below
from ceteris.statistics.interval import Interval, Scope

Correct = Mapping[int, NDArray[np.bool_]]
"""Whether each test image was classified correctly, by seed. Each of shape (images,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CorrectImages:
    """Which test images a run classified correctly: a bit each, because a study may have 64,000 runs of 10,000 images.

    Attributes:
        bits: Eight images in a byte. Shape (ceil(images / 8),).
        images: How many there are.
    """

    bits: NDArray[np.uint8]
    images: int

    @classmethod
    def of(cls, correct: ArrayLike) -> "CorrectImages":
        """Keep whether each image was classified correctly. Shape (images,).

        Example:
            >>> CorrectImages.of([True, False, True]).each()
            array([ True, False,  True])
        """
        each = np.asarray(correct, np.bool_)
        return cls(bits=np.packbits(each), images=len(each))

    def each(self) -> NDArray[np.bool_]:
        """Give whether each image was classified correctly. Shape (images,)."""
        return np.unpackbits(self.bits, count=self.images).view(np.bool_)


def over_images(found: Difference, baseline: Correct, variation: Correct) -> Difference | None:
    """Let the standard error of a difference in test accuracy allow for the test images too.

    An error over seeds says what more seeds would give on the same test images. For a claim about all such images, the
    images are a sample as well: to the variance over seeds comes that over images, the variance of the mean change of
    an image over the number of images, less what the noise of single runs makes of it (the unbiased variance of the
    mean of a two-way table: Cornfield and Tukey 1956, doi:10.1214/aoms/1177728067). The degrees of freedom are those of
    Satterthwaite 1946 (doi:10.2307/3002019).

    Args:
        found: The difference over seeds, from `mean_difference` of test accuracies.
        baseline: The runs of the baseline in it.
        variation: The runs of the variation in it.

    Returns:
        The same difference with the larger error; None where an arm has fewer than two runs, or for a single image.

    Raises:
        StatisticsError: If the runs have different numbers of images.

    Example:
        >>> from ceteris.statistics.difference import mean_difference
        >>> before = {0: np.array([1, 0, 0, 0, 0]), 1: np.array([1, 0, 0, 0, 1]), 2: np.array([1, 0, 0, 0, 0])}
        >>> after = {seed: np.array([1, 1, 1, 0, 0]) for seed in range(3)}
        >>> arms = [{seed: one.mean() for seed, one in arm.items()} for arm in (before, after)]
        >>> gain = mean_difference(*arms)
        >>> f"{gain.standard_error:.3f} {over_images(gain, before, after).standard_error:.3f}"
        '0.067 0.279'
    """
    wider = with_images((found.standard_error, found.degrees_of_freedom), ((-1.0, baseline), (1.0, variation)))
    return None if wider is None else replace(found, standard_error=wider[0], degrees_of_freedom=wider[1])


def with_images(
    over_seeds: tuple[float | None, float], arms: Sequence[tuple[float, Correct]]
) -> tuple[float, float] | None:
    """Let the standard error of a weighted sum of mean accuracies allow for the test images, as `over_images` says.

    Args:
        over_seeds: Standard error and degrees of freedom over seeds.
        arms: The weight of each arm and its runs.

    Returns:
        Standard error and degrees of freedom; None without an error over seeds, where an arm has fewer than two runs,
        or for a single image.

    Raises:
        StatisticsError: If the runs have different numbers of images.
    """
    error, degrees = over_seeds
    if error is None or min(len(runs) for _, runs in arms) < 2:
        return None
    images = {one.shape for _, runs in arms for one in runs.values()}
    if len(images) > 1:
        raise StatisticsError(
            f"correct answers have shapes {', '.join(map(str, sorted(images)))}, expected one shape (images,) for all "
            "runs. Score every run on the same test images."
        )
    ((size,),) = images
    if size < 2:
        return None
    change = sum((weight * np.mean(list(runs.values()), axis=0) for weight, runs in arms), np.zeros(size))
    noise = 0.0
    for (w0, first), (w1, second) in product(arms, repeat=2):
        common = sorted(first.keys() & second.keys())
        if len(common) > 1:
            shared = _interaction(*(np.array([runs[seed] for seed in common]) for runs in (first, second)))
            noise += w0 * w1 * shared * len(common) / (len(first) * len(second))
    from_seeds, from_images = error**2, max(0.0, float(change.var(ddof=1)) - noise) / size
    variance = from_seeds + from_images
    by_seed = from_seeds**2 / degrees if from_seeds else 0.0
    return math.sqrt(variance), variance**2 / (by_seed + from_images**2 / (size - 1)) if variance else math.nan


def _interaction(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Give the covariance of what is left in two tables without the means of seeds and of images.

    Args:
        first: Shape (seeds, images).
        second: The same seeds and images; the same table for a variance.
    """
    seeds, images = first.shape
    mean_0, mean_1 = float(first.mean()), float(second.mean())
    by_seed = float((first.mean(axis=1) - mean_0) @ (second.mean(axis=1) - mean_1))
    by_image = float((first.mean(axis=0) - mean_0) @ (second.mean(axis=0) - mean_1))
    total = float((first & second).sum()) - seeds * images * mean_0 * mean_1
    return float((total - images * by_seed - seeds * by_image) / ((seeds - 1) * (images - 1)))


def two_way_interval(found: Difference, baseline: Correct, variation: Correct, *, level: float) -> Interval | None:
    """Put Student's error bars over seeds and test images around a difference in test accuracy.

    It is never narrower than the interval over seeds: the variance adds, and where few seeds and few images would give
    it more degrees of freedom than that gains, the wider of both stands.

    Args:
        found: The difference over seeds.
        baseline: The runs of the baseline in it.
        variation: The runs of the variation in it.
        level: Coverage, in (0, 1).

    Returns:
        With scope `Scope.SEEDS_AND_IMAGES`; None without a spread, or where an arm has fewer than two runs.
    """
    wider = over_images(found, baseline, variation)
    if wider is None or not wider.standard_error:
        return None
    estimates = [difference_interval(one, level=level) for one in (wider, found)]
    widest = max((one for one in estimates if isinstance(one, Interval)), key=lambda one: one.high - one.low)
    return replace(widest, scope=Scope.SEEDS_AND_IMAGES)


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
