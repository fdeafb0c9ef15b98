"""The distributions that the methods rest on, through scipy.

scipy.special takes 0.2 s to import, most of the time that `ceteris plan` takes to start, so it is imported by the first
function that needs it; scipy.stats would take 0.8 s and is not used.
"""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray


def _special() -> ModuleType:
    from scipy import special  # noqa: PLC0415 - see the top of the file

    return special  # type: ignore[no-any-return]


def normal_quantile(probability: float) -> float:
    """Give the value that a standard normal number stays below with a probability."""
    return float(_special().ndtri(probability))


def normal_above(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the probabilities that a standard normal number lies above some values."""
    return np.asarray(_special().ndtr(-values), np.float64)


def normal_below(value: float) -> float:
    """Give the probability that a standard normal number stays below a value."""
    return float(_special().ndtr(value))


def beta_quantile(probability: float, first: float, second: float) -> float:
    """Give the value that a beta distributed number stays below with a probability."""
    return float(_special().betaincinv(first, second, probability))


def student_quantile(probability: float, freedom: float) -> float:
    """Give the value that Student's t stays below with a probability.

    Args:
        probability: In (0, 1).
        freedom: Degrees of freedom, above 0.

    Example:
        >>> round(student_quantile(0.975, 15), 3)
        2.131
    """
    return float(_special().stdtrit(freedom, probability))


def student_above(t: float, freedom: float) -> float:
    """Give the probability that Student's t lies above a value."""
    return float(_special().stdtr(freedom, -t))


def deviation_below(limits: NDArray[np.float64], freedom: float) -> NDArray[np.float64]:
    """Give the probability that a sample's standard deviation stays below some multiples of the true one.

    Args:
        limits: The multiples; none stays below a negative one.
        freedom: Degrees of freedom, above 0: the size of the sample less 1.

    Returns:
        The chi distribution, scaled by the root of its degrees of freedom. In the shape of `limits`.
    """
    return np.asarray(_special().gammainc(freedom / 2, freedom * np.maximum(limits, 0.0) ** 2 / 2), np.float64)


def binomial_below(count: int, trials: int, probability: float) -> float:
    """Give the probability of at most `count` successes."""
    return float(_special().bdtr(count, trials, probability))


def binomial_above(count: int, trials: int, probability: float) -> float:
    """Give the probability of at least `count` successes, at least 1."""
    return float(_special().bdtrc(count - 1, trials, probability))
