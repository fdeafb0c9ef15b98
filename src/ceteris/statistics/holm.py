"""Many variations, one error rate."""

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.sample import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Adjust the p-values of a family, so that the chance of even one false finding stays below the level.

    Sorted from the smallest, the first of m p-values is multiplied by m, the second by m - 1, and so on; none may be
    smaller than the one before it, and none is above 1. Whatever depends on whatever, the family holds a false finding
    in at most 5 % of studies if adjusted values up to 0.05 are findings.
    Method: Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.

    Args:
        p_values: One per comparison that the study planned, in [0, 1]; not-a-number where there is none yet. Shape
            (comparisons,).

    Returns:
        In the order given. A comparison without a p-value counts in the family, so that the others do not look better
        for its absence, and stays not-a-number. Shape (comparisons,).

    Raises:
        StatisticsError: If a p-value is outside [0, 1].

    Example:
        >>> [round(float(p), 3) for p in holm([0.01, 0.04, 0.03, float("nan")])]
        [0.04, 0.09, 0.09, nan]
    """
    values = np.asarray(p_values, np.float64)
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise StatisticsError(
            f"p-value {place} of {len(values)} (from 0) is {values[place]}, expected a probability in [0, 1]. "
            "Give p-values, not test statistics."
        )
    order = np.argsort(values, kind="stable")  # not-a-number comes last
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.fmax.accumulate(values[order] * factors), 1.0)
    adjusted[np.isnan(values)] = np.nan
    return adjusted
