"""What a finite test set does to the accuracy of one trained network, and to the difference of two."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import binomial_below


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


def binomial_standard_error(accuracy: float, images: int) -> float:
    """Say how far the accuracy of one trained network strays because the test set is finite.

    The root of accuracy * (1 - accuracy) / images: 0.3 percentage points at 90 % on 10,000 images. More seeds do not
    make it smaller; in a difference measured on the same images most of it cancels.

    Args:
        accuracy: In [0, 1].
        images: Test images, at least 1.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> round(binomial_standard_error(0.9, 10_000), 4)
        0.003
    """
    if not 0 <= accuracy <= 1 or images < 1:
        raise StatisticsError(
            f"accuracy is {accuracy} on {images} images, expected a fraction in [0, 1] and at least 1 image. "
            "Divide percentages by 100."
        )
    return math.sqrt(accuracy * (1 - accuracy) / images)


def mcnemar_test(baseline: ArrayLike, variation: ArrayLike) -> McNemar:
    """Compare two trained networks on the same images, for a study that has one seed only.

    Only images that one of them gets right and the other wrong tell anything; if the two were equally good, these
    would fall like a coin. The exact binomial test, two-sided.
    Method: McNemar 1947, doi:10.1007/BF02295996. What it is worth: Dietterich 1998, doi:10.1162/089976698300017197.

    Args:
        baseline: Whether each image was classified correctly. Shape (images,).
        variation: The same images, in the same order. Shape (images,).

    Raises:
        StatisticsError: If the shapes differ.

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
