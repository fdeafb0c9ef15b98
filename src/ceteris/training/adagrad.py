"""Adagrad."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.kind import Optimizer, TorchOptimizer


class Adagrad(Optimizer):
    """Steps along the gradient, divided by the root of the sum of all squared gradients so far.

    Attributes:
        epsilon: Added to the root of the sum.
        initial_accumulator: What the sum begins with, 0 or more.
    """

    key: ClassVar[str] = "adagrad"
    title: ClassVar[str] = "Adagrad"
    paper: ClassVar[str] = "Duchi, Hazan and Singer 2011, https://jmlr.org/papers/v12/duchi11a.html"
    later: ClassVar[frozenset[str]] = frozenset({"initial_accumulator"})

    epsilon: Annotated[float, Field(gt=0)] = 1e-10
    initial_accumulator: Annotated[float, Field(ge=0)] = 0.0

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.Adagrad`."""
        return TorchOptimizer(
            name="Adagrad",
            keywords={
                "eps": self.epsilon,
                "initial_accumulator_value": self.initial_accumulator,
                "weight_decay": self.weight_decay,
            },
            moments=("sum",),
            start=self.initial_accumulator,
            counts_steps=True,
            is_fused=False,
        )
