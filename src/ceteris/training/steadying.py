"""What is done around each step of an optimizer: gradients clipped before it, weights averaged after it."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.kind import Fraction
from ceteris.values.frozen import Frozen


class Clipping(Frozen):
    """Gradients scaled down where they are long: PyTorch's `clip_grad_norm_`.

    Method: Pascanu, Mikolov and Bengio 2013, https://proceedings.mlr.press/v28/pascanu13.html.

    Attributes:
        clip_norm: Largest Euclidean norm of the gradient of all parameters together; 0 for no bound.
    """

    later: ClassVar[frozenset[str]] = frozenset({"clip_norm"})

    clip_norm: Annotated[float, Field(ge=0)] = 0.0

    def __str__(self) -> str:
        return f"gradients clipped to a norm of {self.clip_norm:g}" if self.clip_norm else ""


class Averaging(Frozen):
    """Weights averaged over steps, and the average scored: PyTorch's `AveragedModel` with an exponential average.

    Method: Polyak and Juditsky 1992, doi:10.1137/0330046.

    Attributes:
        average_decay: Share of the average of weights and batch-norm statistics that is left after each step, in
            [0, 1); the first step begins it. Validation, test and predictions use the average. 0 for no average.
    """

    later: ClassVar[frozenset[str]] = frozenset({"average_decay"})

    average_decay: Fraction = 0.0

    def __str__(self) -> str:
        return f"weights averaged over steps with decay {self.average_decay:g}" if self.average_decay else ""
