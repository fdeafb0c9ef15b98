"""AdamW."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.training.adam import Adam
from ceteris.training.kind import TorchOptimizer


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights themselves, beside the step that follows from the gradient.

    Attributes:
        weight_decay: At each step the weights are first multiplied by 1 - learning_rate * weight_decay.
    """

    key: ClassVar[str] = "adamw"
    title: ClassVar[str] = "AdamW"
    paper: ClassVar[str] = "Loshchilov and Hutter 2019, arXiv:1711.05101"

    weight_decay: Annotated[float, Field(ge=0)] = 0.01

    def faults(self) -> Iterator[str]:
        """No decay at all, which is what a variation keeps of a baseline that has none."""
        if self.weight_decay == 0:
            end = 'set training.weight_decay, for example to 0.01, or optimizer = "adam".'
            yield f'optimizer = "adamw" with weight_decay = 0 is the same as "adam"; {end}'

    def torch(self) -> TorchOptimizer:
        """Describe it as `torch.optim.AdamW`."""
        return replace(super().torch(), name="AdamW")
