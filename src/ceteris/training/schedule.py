"""How the learning rate changes while a network is trained."""

from abc import abstractmethod
from typing import ClassVar

from ceteris.training.kind import Kind


class Schedule(Kind):
    """A factor of the learning rate at each step."""

    @abstractmethod
    def factor(self, done: float) -> float:
        """Give the factor of a step, of which a share of all steps has been taken before, in [0, 1)."""


class Constant(Schedule):
    """The learning rate stays as it is."""

    key: ClassVar[str] = "constant"
    title: ClassVar[str] = "constant learning rate"

    def factor(self, done: float) -> float:
        """Change nothing."""
        return 1.0
