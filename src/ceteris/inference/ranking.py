"""What networks that differ in their seed only say of one image together, and how far they agree."""

# s = seeds of a variation, k = classes

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.networks.layer import Values


@dataclass(frozen=True, kw_only=True)
class RankedClass:
    """One class that an image may be of.

    Attributes:
        name: Of the class.
        probability: Mean over the seeds, in [0, 1].
        deviation: Sample standard deviation of the probability over the seeds; None for a single seed.
        lowest: Smallest probability that a seed gives the class.
        highest: Largest.
        votes: How many seeds give this class their largest probability.
    """

    name: str
    probability: float
    deviation: float | None
    lowest: float
    highest: float
    votes: int


def rank(probabilities_sk: Values, class_names: Sequence[str], *, top: int) -> tuple[RankedClass, ...]:
    """Rank classes by their mean probability over the seeds.

    The mean of the probabilities of networks trained from different seeds is more often right, and its probabilities
    are truer, than those of one network (Lakshminarayanan et al. 2017, arXiv:1612.01474). Where seeds disagree, the
    answer owes something to chance.

    Args:
        probabilities_sk: What each seed says, finite. Shape (s, k).
        class_names: In label order.
        top: How many classes to give; all if there are fewer.

    Returns:
        The most probable first; of equal ones the first in label order.

    Example:
        >>> seeds = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]], np.float32)
        >>> for one in rank(seeds, ["cat", "dog", "frog"], top=2):
        ...     print(one.name, one.probability, round(one.deviation, 3), one.lowest, one.highest, one.votes)
        dog 0.5 0.0 0.5 0.5 1
        cat 0.375 0.177 0.25 0.5 1
    """
    exact_sk = probabilities_sk.astype(np.float64)
    mean_k = exact_sk.mean(axis=0)
    votes = np.bincount(exact_sk.argmax(axis=1), minlength=len(class_names))
    return tuple(
        RankedClass(
            name=class_names[label],
            probability=float(mean_k[label]),
            deviation=float(exact_sk[:, label].std(ddof=1)) if len(exact_sk) > 1 else None,
            lowest=float(exact_sk[:, label].min()),
            highest=float(exact_sk[:, label].max()),
            votes=int(votes[label]),
        )
        for label in np.argsort(-mean_k, kind="stable")[:top]
    )
