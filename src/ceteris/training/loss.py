"""What training minimises; scores are cross-entropies, whatever that is."""

from collections.abc import Mapping
from typing import ClassVar

from ceteris.training.kind import Fraction, Kind


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
    """The negative logarithm of the probability of the right class.

    Attributes:
        label_smoothing: Share of each image that is spread over all classes alike, in [0, 1): PyTorch's definition
            (Szegedy et al. 2016, arXiv:1512.00567). Losses that are reported are plain cross-entropies all the same.
    """

    key: ClassVar[str] = "cross_entropy"
    title: ClassVar[str] = "categorical cross-entropy"
    function: ClassVar[str] = "cross_entropy"
    later: ClassVar[frozenset[str]] = frozenset({"label_smoothing"})

    label_smoothing: Fraction = 0.0

    @property
    def keywords(self) -> Mapping[str, object]:
        """Only what is not PyTorch's default."""
        return {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}
