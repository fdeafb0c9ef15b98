"""Adam."""

from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.kind import Fraction, Optimizer, TorchOptimizer


class Adam(Optimizer):
    """Steps along the mean gradient, divided by the root of the mean squared gradient.

    Attributes:
        beta1: Decay of the mean gradient.
        beta2: Decay of the mean squared gradient.
        epsilon: Added to the root of the mean squared gradient.
    """

    key: ClassVar[str] = "adam"
    title: ClassVar[str] = "Adam"
    paper: ClassVar[str] = "Kingma and Ba 2015, arXiv:1412.6980"

    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Annotated[float, Field(gt=0)] = 1e-8

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.Adam`."""
        return TorchOptimizer(
            name="Adam",
            keywords={
                "betas": (self.beta1, self.beta2),
                "eps": self.epsilon,
                "weight_decay": self.weight_decay,
            },
            moments=("exp_avg", "exp_avg_sq"),
            counts_steps=True,
        )
