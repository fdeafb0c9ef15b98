"""Times until something happens, for runs in which it may not have happened before watching ended."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.statistics.sample import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Times:
    """When each run reached a target, or, censored, for how long it was watched without reaching it.

    Attributes:
        times: Shape (runs,).
        reached: Whether it is the one or the other. Shape (runs,).
    """

    times: Floats
    reached: NDArray[np.bool_]


def horizon(*arms: Times) -> float:
    """Say until when every run of some arms is known: the shortest time that a censored run was watched.

    Returns:
        The longest time of all where every run reached the target.

    Example:
        >>> horizon(Times(times=np.array([3.0, 20.0]), reached=np.array([True, False])))
        20.0
    """
    times = np.concatenate([arm.times for arm in arms])
    reached = np.concatenate([arm.reached for arm in arms])
    return float(times.max() if reached.all() else times[~reached].min())


def restricted(times: Times, until: float) -> Floats:
    """Give the time that each run took, or the horizon if it took longer: a number that censoring cannot hide.

    A run that never reaches the target counts with the whole horizon, which is the least that it took; the mean of
    these is the restricted mean survival time (Royston and Parmar 2013, doi:10.1186/1471-2288-13-152). What lies beyond
    the horizon is not guessed at.

    Args:
        times: When the target was reached.
        until: The horizon, at most `horizon(times)`.

    Returns:
        Shape (runs,).

    Example:
        >>> restricted(Times(times=np.array([3.0, 12.0, 20.0]), reached=np.array([True, True, False])), 10.0)
        array([ 3., 10., 10.])
    """
    return np.minimum(times.times, until)


def kaplan_meier_median(times: Times) -> float | None:
    """Give the time by which half of the runs have reached the target, censored ones taken into account.

    At each time the share still without the target is multiplied by (1 - reached now / watched until now); the median
    is the first time at which it is at most one half.
    Method: Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452.

    Returns:
        Nothing where half of the runs never got there.

    Example:
        >>> kaplan_meier_median(Times(times=np.array([3.0, 5.0, 9.0]), reached=np.array([True, True, False])))
        5.0
    """
    share = 1.0
    for time in np.unique(times.times[times.reached]):
        watched = int(np.count_nonzero(times.times >= time))
        now = int(np.count_nonzero((times.times == time) & times.reached))
        share *= 1 - now / watched
        if share <= 0.5 + 1e-12:  # the product of shares that make one half is off by rounding
            return float(time)
    return None
