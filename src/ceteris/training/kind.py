"""What every kind of optimizer, loss, schedule and augmentation says of itself; all that handles them reads it there.

A kind is one frozen class in one file, and a line in `training.py`. Its fields are keys of `[baseline.training]`, which
all kinds share: fields of one name in two kinds are one setting. A field that version 0.1 did not have is named in
`later`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.values.frozen import Frozen

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Kind(Frozen, ABC):
    """One kind, with its settings.

    Attributes:
        key: Its name in a study file, for example `sgd`.
        title: Its name in sentences, for example `stochastic gradient descent`.
        paper: Where it was published; empty for what needs no source.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str] = ""

    def faults(self) -> Iterator[str]:
        """Say what is wrong with the settings together, which the type of none of them can tell."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class TorchOptimizer:
    """A class of `torch.optim`, what it is made with besides the learning rate, and what it remembers.

    Attributes:
        name: The class, for example `Adam`.
        keywords: Its arguments.
        moments: Arrays that it keeps for each parameter, in the parameter's shape.
        start: What they begin with.
        counts_steps: Whether it also counts its steps, for each parameter.
        is_fused: Whether the class can take a step in one kernel.
    """

    name: str
    keywords: Mapping[str, object] = field(default_factory=dict)
    moments: tuple[str, ...] = ()
    start: float = 0.0
    counts_steps: bool = False
    is_fused: bool = True


class Optimizer(Kind):
    """How a step follows from a gradient: PyTorch's definition.

    Attributes:
        learning_rate: Step size, above 0.
        weight_decay: How strongly weights are drawn to 0: an L2 penalty, added to the gradient.
        shared: Settings that choose another computation: runs that are trained together have them in common. All others
            are numbers, of which each run has its own.
    """

    shared: ClassVar[frozenset[str]] = frozenset()

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    weight_decay: Annotated[float, Field(ge=0)] = 0.0

    @abstractmethod
    def torch(self) -> TorchOptimizer:
        """Describe it in PyTorch."""
