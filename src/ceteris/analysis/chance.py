"""The chance level of a results folder."""

import math
from dataclasses import dataclass

import numpy as np

from ceteris.errors import ResultsError
from ceteris.results.results import Results

_UNEQUAL = 1.1
"""Classes are called unequal where the largest has 10 % more test images than an equal division would give it."""


@dataclass(frozen=True, kw_only=True)
class ChanceLevel:
    """What a network scores that learned nothing: the share of the largest class among the test images.

    Attributes:
        share: In (0, 1].
        largest: The name of that class.
        is_unequal: Whether it is notably larger than an equal share.
    """

    share: float
    largest: str
    is_unequal: bool


def chance_level(results: Results) -> ChanceLevel:
    """Give the chance level of a results folder; that of equal classes where the labels cannot be read."""
    names = results.manifest.class_names
    try:
        labels = results.labels()
    except ResultsError:
        return ChanceLevel(share=1 / len(names), largest=names[0], is_unequal=False)
    counts = np.bincount(labels, minlength=len(names))
    largest = int(counts.argmax())
    return ChanceLevel(
        share=float(counts[largest] / counts.sum()),
        largest=names[largest],
        is_unequal=counts[largest] > _UNEQUAL * math.ceil(counts.sum() / len(names)),
    )
