"""The network of a run after its best epoch so far, kept where that is the one that is scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ceteris.study.run import Run

_PREFIX = "best."
_LOSS = "best epoch.loss"


@dataclass(frozen=True, kw_only=True)
class BestEpoch:
    """The first epoch with the lowest validation loss.

    Attributes:
        loss: Its validation loss; infinite before the first epoch.
        weights: What is scored, under the names of `Outcome.weights`; none before the first epoch.
    """

    loss: float
    weights: Mapping[str, NDArray[np.generic]]

    @classmethod
    def of(cls, run: Run, arrays: Mapping[str, NDArray[np.generic]] | None) -> Self | None:
        """Begin, or take up what `arrays` of a state holds; None for a run whose last epoch is scored."""
        if run.specification.training.scored_epoch != "best":
            return None
        arrays = arrays or {}
        weights = {name.removeprefix(_PREFIX): array for name, array in arrays.items() if name.startswith(_PREFIX)}
        return cls(loss=float(arrays[_LOSS][0]) if _LOSS in arrays else np.inf, weights=weights)

    @property
    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Name what a state needs of it."""
        loss: dict[str, NDArray[np.generic]] = {_LOSS: np.array([self.loss], np.float64)}
        return loss | {f"{_PREFIX}{name}": array for name, array in self.weights.items()}


def scored_weights(
    best: BestEpoch | None, present: Mapping[str, NDArray[np.generic]]
) -> Mapping[str, NDArray[np.generic]]:
    """Choose the weights that are scored: the present ones too of a run that has no number for any loss."""
    return best.weights if best is not None and best.weights else present


def without_best(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Give the arrays of a state but those of the best epoch."""
    return {name: array for name, array in arrays.items() if name != _LOSS and not name.startswith(_PREFIX)}
