"""Which training images a run learns from, and in which order it visits them, the same on every engine."""

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.labels import Labels
from ceteris.datasets.split import stratified_places
from ceteris.engines.streams import order, words
from ceteris.study.run import Run


def visited_places(run: Run, labels: Labels, *, classes: int) -> NDArray[np.int32]:
    """Choose the share of the training images that a run learns from, stratified by class.

    The seed alone decides, so every arm of a seed with the same fraction has the same images; but for the rounding,
    those of a smaller fraction are among those of a larger one.

    Args:
        run: Its seed and `data.fraction`.
        labels: Class of each training image. Shape (images,).
        classes: How many classes there are.

    Returns:
        Places of the images, rising; all of them if the fraction is 1. Shape (learnt images,).
    """
    fraction = run.specification.data.fraction
    if fraction == 1:
        return np.arange(len(labels), dtype=np.int32)
    ranks = words(run.seed, "fraction", 2 * len(labels)).view(np.uint64)
    return stratified_places(labels, fraction, ranks, classes=classes).astype(np.int32)


def visiting_order(seed: int, epoch: int, places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the order in which an epoch visits the images of a run.

    Args:
        seed: The seed of the run.
        epoch: Epochs done before this one.
        places: From `visited_places`.

    Returns:
        The same places in another order. Shape (learnt images,).
    """
    visited: NDArray[np.int32] = places[order(seed, epoch, len(places))]
    return visited
