"""What a form of a module is: its values for many runs at once."""

# b = images of a minibatch, r = runs

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

Arrays = Mapping[str, Tensor]
"""Parameters and statistics of a module by their names in it. Shapes (r, ...)."""


class Form(Protocol):
    """A way to compute a module for all runs of a packed batch."""

    def __call__(self, values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        """Give what comes out, shape (b, r, ...), of what goes in, shape (b, r, ...).

        In training statistics of a minibatch are used, and running ones follow in place.
        """
