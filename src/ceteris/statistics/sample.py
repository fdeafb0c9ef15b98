"""Numbers measured once per seed, checked before anything is computed from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What Student's methods need to know about a sample.

    Attributes:
        size: How many numbers.
        mean: Their mean.
        deviation: Their standard deviation, with size - 1 in the denominator: exactly 0 where all are equal, and
            nothing where one number has no spread to speak of.
    """

    size: int
    mean: float
    deviation: float | None


def checked(values: ArrayLike, name: str) -> Floats:
    """Make sure that values are one finite number per seed.

    Args:
        values: Shape (seeds,).
        name: What they are called in a message, in the plural.

    Raises:
        StatisticsError: If there are none, if they have another shape, or if one is not finite.

    Example:
        >>> checked([1, 0.5], "scores")
        array([1. , 0.5])
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise StatisticsError(f"{name} have shape {array.shape}, expected (seeds,). Give one number per seed.")
    if not len(array):
        raise StatisticsError(f"{name}: there are none, expected one per seed. Give at least one.")
    finite = np.isfinite(array)
    if not finite.all():
        place = int(np.argmin(finite))
        raise StatisticsError(
            f"{name}: number {place} of {len(array)} (from 0) is {array[place]}, expected finite numbers. "
            "Leave failed runs out, and count diverged ones with chance accuracy."
        )
    return array


def describe(values: Floats) -> Sample:
    """Reduce checked numbers to what Student's methods need."""
    size = len(values)
    if size == 1:
        return Sample(size=1, mean=float(values[0]), deviation=None)
    if values.min() == values.max():
        # numpy's mean of equal numbers may be off by a rounding error, which would give them a spread of 1e-17.
        return Sample(size=size, mean=float(values[0]), deviation=0.0)
    return Sample(size=size, mean=float(values.mean()), deviation=float(values.std(ddof=1)))
