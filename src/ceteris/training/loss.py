"""What training minimises; scores are cross-entropies, whatever that is."""

from collections.abc import Mapping
from typing import ClassVar

from ceteris.training.kind import Kind


class Loss(Kind):
    """A function of logits and right classes, averaged over a minibatch.

    Attributes:
        function: Its name in `torch.nn.functional`.
    """

    function: ClassVar[str]

    @property
    def keywords(self) -> Mapping[str, object]:
        """What PyTorch's function is called with besides logits and classes."""
        return {}


class CrossEntropy(Loss):
    """The negative logarithm of the probability of the right class."""

    key: ClassVar[str] = "cross_entropy"
    title: ClassVar[str] = "categorical cross-entropy"
    function: ClassVar[str] = "cross_entropy"
