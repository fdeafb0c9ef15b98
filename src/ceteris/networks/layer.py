"""What every layer kind says of itself; everything that handles layers reads it from there.

A layer kind is one frozen class in one file. To add one, write that file and name the class in `kinds.py`; the PyTorch
engine, exports, predictions, initial weights, costs, validation, the schema and computed changes then know it. The
lanes engine refuses it until there is a kernel for it (`engines/lanes/kernels/kinds.hpp`).
"""

# n = images, c = channels, h and w = height and width

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ceteris.networks.shape import Shape
from ceteris.values.frozen import Frozen

Values = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Array:
    """An array that a layer holds.

    Attributes:
        fan_in: Inputs of a neuron: initial values are drawn uniformly between -1 / sqrt(fan_in) and 1 / sqrt(fan_in).
            None if all of them start at `value`.
        value: What a constant array starts from.
        is_trained: False for statistics, which follow the images and no gradient.
    """

    shape: tuple[int, ...]
    fan_in: int | None = None
    value: float = 0.0
    is_trained: bool = True

    @property
    def count(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A class of `torch.nn` with what it is made with; its text is Python that makes it.

    Attributes:
        kind: Its class, for example `Conv2d`.
        holds_arrays: Whether the arrays of the layer are its parameters and buffers.
        holds_branches: Whether it is made with the branches of the layer, one keyword for each, and joins them.
        definition: Python that defines the class, if PyTorch does not have it: it is made with other modules.

    Example:
        >>> print(Module(kind="Conv2d", arguments=(3, 7, 5), keywords={"padding": 2}))
        nn.Conv2d(3, 7, 5, padding=2)
    """

    kind: str
    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    holds_arrays: bool = False
    holds_branches: bool = False
    definition: str = ""

    def __str__(self) -> str:
        written = [repr(one) for one in self.arguments]
        written += [f"{name}={one!r}" for name, one in self.keywords.items()]
        return f"nn.{self.kind}({', '.join(written)})"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a layer does not fit where it stands.

    Attributes:
        sentence: What was found and what to do; the layer is named before it.
        blocks: Whether the sizes of later layers mean nothing because of it.
    """

    sentence: str
    blocks: bool = True


class Layer(Frozen, ABC):
    """One layer of a network, as a study declares it; its `str` is for readers.

    Attributes:
        key: The key that opens the layer in a study file: `conv` of `{ conv = 7, kernel = 3 }`.
        stream: First word of the names of its random numbers, which the rank among layers with this word follows
            (`conv-0`); None for a layer that draws none.
        takes_images: Whether it needs rows and columns, and cannot come after a dense layer.
        flattens: Whether it makes one row of features of an image.
        holds: Name of the field with the layers that a study gives it, which paths name too (`layers.3.residual.0`);
            None if it takes none.
    """

    key: ClassVar[str]
    stream: ClassVar[str | None] = None
    takes_images: ClassVar[bool] = False
    flattens: ClassVar[bool] = False
    holds: ClassVar[str | None] = None

    @property
    def inner(self) -> "tuple[Layer, ...]":
        """The layers that a study gives it."""
        layers: tuple[Layer, ...] = getattr(self, self.holds) if self.holds else ()
        return layers

    @property
    def title(self) -> str:
        """What it is, without the layers that it holds."""
        return str(self)

    def tree(self) -> "Iterator[Layer]":
        """Yield the layer, and all layers in it."""
        yield self
        for layer in self.inner:
            yield from layer.tree()

    def branches(self, before: Shape) -> "Mapping[str, tuple[Layer, ...]]":
        """Give the chains of layers in a resolved layer, which see the same input; empty if it holds none.

        Arrays of a chain are named after it (`shortcut.0.weight`), and a chain of no layers passes its input on. The
        one that `holds` names is what a study declares; the layer makes the others itself.
        """
        return {}

    @staticmethod
    def join(outputs: Mapping[str, Any]) -> Any:
        """Combine what the branches make of an input, in NumPy and PyTorch alike."""
        raise NotImplementedError

    def resolved(self, classes: int) -> Self:
        """Give the same layer with numbers in place of `"classes"`."""
        return self

    @abstractmethod
    def output(self, before: Shape) -> Shape:
        """Give the size of what comes out of a resolved layer; a side below 1 means that the layer does not fit."""

    def arrays(self, before: Shape) -> Mapping[str, Array]:
        """Name the arrays of a resolved layer as PyTorch does, trained ones first, weight before bias."""
        return {}

    def multiply_adds(self, before: Shape) -> int:
        """Count multiplications with addition for one image going forward, without activations and pooling."""
        return 0

    def faults(self, before: Shape, batch_size: int) -> Iterator[Fault]:
        """Yield what is wrong with the layer on images of a size, in minibatches of a size."""
        yield from ()

    @abstractmethod
    def modules(self, before: Shape, *, is_flat: bool) -> tuple[Module, ...]:
        """Describe a resolved layer in PyTorch; at most one of the modules holds arrays, or branches.

        What goes in has a size, and is images, shape (n, c, h, w), or, if it is flat, rows of features, shape (n, c).
        """

    @abstractmethod
    def forward(self, values_nchw: Values, arrays: Mapping[str, Values]) -> Values:
        """Compute what comes out when images are scored: nothing is dropped, and statistics are the running ones.

        Features are channels of images of one pixel; arrays go under the names that `arrays` gives them.
        """
