"""RMSprop."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.kind import Fraction, Optimizer, TorchOptimizer


class RMSprop(Optimizer):
    """Steps along the gradient, divided by the root of the mean squared gradient; not centred.

    Attributes:
        alpha: Decay of the mean squared gradient.
        momentum: Share of the velocity that is left after each step.
        epsilon: Added to the root of the mean squared gradient.
    """

    key: ClassVar[str] = "rmsprop"
    title: ClassVar[str] = "RMSprop"
    paper: ClassVar[str] = "Tieleman and Hinton 2012, Coursera, lecture 6.5"
    later: ClassVar[frozenset[str]] = frozenset({"alpha"})

    alpha: Fraction = 0.99
    momentum: Fraction = 0.0
    epsilon: Annotated[float, Field(gt=0)] = 1e-8

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.RMSprop`."""
        return TorchOptimizer(
            name="RMSprop",
            keywords={
                "alpha": self.alpha,
                "momentum": self.momentum,
                "eps": self.epsilon,
                "weight_decay": self.weight_decay,
            },
            moments=("square_avg", *(("momentum_buffer",) if self.momentum > 0 else ())),
            counts_steps=True,
            is_fused=False,
        )
