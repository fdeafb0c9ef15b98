"""When training ends, and which epoch's network is the result; both are decided by the validation loss."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ceteris.values.frozen import Frozen


class Stopping(Frozen):
    """Early stopping, and the choice of an epoch.

    Method: Prechelt 1998, doi:10.1007/3-540-49430-8_3; this is his criterion of successive epochs without improvement,
    judged by the lowest loss so far.

    Attributes:
        patience: Training stops after as many epochs in a row whose validation loss is not below the lowest before
            them; 0 never stops it before its last epoch.
        scored_epoch: Which network is scored on the test images and kept: that after the last epoch, or after the one
            with the lowest validation loss, the first of equals.
    """

    later: ClassVar[frozenset[str]] = frozenset({"patience", "scored_epoch"})

    patience: Annotated[int, Field(ge=0, le=100_000)] = 0
    scored_epoch: Literal["last", "best"] = "last"

    def scored(self, validation_losses: Sequence[float]) -> int:
        """Give the epoch, counted from 1, whose network is scored, of the finite losses of at least one epoch.

        Example:
            >>> Stopping(scored_epoch="best").scored([0.9, 0.5, 0.7, 0.5])
            2
        """
        return best_epoch(validation_losses) if self.scored_epoch == "best" else len(validation_losses)

    def is_over(self, validation_losses: Sequence[float]) -> bool:
        """Say whether training stops after these epochs, at least one.

        Example:
            >>> [Stopping(patience=2).is_over(losses) for losses in ([0.9, 0.5, 0.7], [0.9, 0.5, 0.7, 0.5])]
            [False, True]
        """
        return 0 < self.patience <= len(validation_losses) - best_epoch(validation_losses)

    def __str__(self) -> str:
        """Say both for a list in a sentence; empty if training ends as usual."""
        epochs = "1 epoch" if self.patience == 1 else f"{self.patience} epochs"
        parts = [f"stopped after {epochs} without a lower validation loss"] if self.patience else []
        parts += ["the epoch with the lowest validation loss scored"] if self.scored_epoch == "best" else []
        return ", ".join(parts)


def best_epoch(validation_losses: Sequence[float]) -> int:
    """Give the first epoch with the lowest loss, counted from 1."""
    return min(range(len(validation_losses)), key=validation_losses.__getitem__) + 1
