"""Stochastic gradient descent."""

from typing import ClassVar

from ceteris.training.kind import Fraction, Optimizer, TorchOptimizer


class SGD(Optimizer):
    """Steps along the gradient, or along a velocity that gradients add to.

    Attributes:
        momentum: Share of the velocity that is left after each step.
    """

    key: ClassVar[str] = "sgd"
    title: ClassVar[str] = "stochastic gradient descent"
    paper: ClassVar[str] = "Robbins and Monro 1951, doi:10.1214/aoms/1177729586"

    momentum: Fraction = 0.0

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.SGD`."""
        keywords = {"momentum": self.momentum, "weight_decay": self.weight_decay}
        moments = ("momentum_buffer",) if self.momentum > 0 else ()
        return TorchOptimizer(name="SGD", keywords=keywords, moments=moments)
