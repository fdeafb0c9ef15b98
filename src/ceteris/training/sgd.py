"""Stochastic gradient descent."""

from collections.abc import Iterator
from typing import ClassVar

from ceteris.training.kind import Fraction, Optimizer, TorchOptimizer


class SGD(Optimizer):
    """Steps along the gradient, or along a velocity that gradients add to.

    Attributes:
        momentum: Share of the velocity that is left after each step.
        nesterov: Whether the step looks ahead along the velocity (Nesterov 1983); it needs momentum.
    """

    key: ClassVar[str] = "sgd"
    title: ClassVar[str] = "stochastic gradient descent"
    paper: ClassVar[str] = "Robbins and Monro 1951, doi:10.1214/aoms/1177729586"

    later: ClassVar[frozenset[str]] = frozenset({"nesterov"})

    momentum: Fraction = 0.0
    nesterov: bool = False

    def faults(self) -> Iterator[str]:
        """No velocity to look ahead along, which PyTorch refuses too."""
        if self.nesterov and self.momentum == 0:
            yield "training.nesterov needs a momentum; set training.momentum, for example to 0.9, or remove nesterov."

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.SGD`."""
        keywords = {"momentum": self.momentum, "weight_decay": self.weight_decay, "nesterov": self.nesterov}
        moments = ("momentum_buffer",) if self.momentum > 0 else ()
        return TorchOptimizer(name="SGD", keywords=keywords, moments=moments)
