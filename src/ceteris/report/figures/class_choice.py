"""Which classes a picture shows where there are too many for all."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_CLASSES = 40
"""Classes in a picture: names of more cannot be read, and a matrix of a thousand would weigh more than its page."""


def most_confused(shares: Floats, count: int = MOST_CLASSES) -> NDArray[np.intp]:
    """Choose the classes of the most frequent mistakes, each with the class it is taken for.

    Args:
        shares: Share of the images of a class (row) that were given a class (column). Shape (k, k).
        count: How many classes there is room for.

    Returns:
        Their places, rising; all of them if there is room. Shape (min(count, k),).

    Example:
        >>> most_confused(np.array([[0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.0, 0.0, 1.0]]), 2).tolist()
        [0, 1]
    """
    classes = len(shares)
    if classes <= count:
        return np.arange(classes)
    wrong = shares * (1 - np.eye(classes))
    chosen: dict[int, None] = {}
    for place in np.argsort(-wrong, axis=None, kind="stable").tolist():
        pair = dict.fromkeys(divmod(place, classes))
        if len(chosen | pair) <= count:
            chosen |= pair
        if len(chosen) >= count:
            break
    return np.array(sorted(chosen), np.intp)


def most_changed(means: Floats, count: int = MOST_CLASSES) -> NDArray[np.intp]:
    """Choose the classes that some variation changed most, either way.

    Args:
        means: Mean change of each class by each variation, perhaps not-a-number. Shape (variations, k).
        count: How many classes there is room for.

    Returns:
        Their places, rising; all of them if there is room. Shape (min(count, k),).

    Example:
        >>> most_changed(np.array([[0.1, -0.3, 0.0], [0.0, 0.0, 0.2]]), 2).tolist()
        [1, 2]
    """
    largest = np.abs(np.nan_to_num(means)).max(axis=0, initial=0)
    return np.sort(np.argsort(-largest, kind="stable")[:count])


def of_all(places: NDArray[np.intp], classes: int, why: str) -> str:
    """Say that not all classes are shown, to follow the caption of a picture; nothing if they are.

    Example:
        >>> of_all(np.arange(40), 1000, "those in the most frequent mistakes")
        '; 40 of 1,000 classes, those in the most frequent mistakes'
    """
    return f"; {len(places)} of {classes:,} classes, {why}" if len(places) < classes else ""
