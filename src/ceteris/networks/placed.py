"""Each layer of a network with its path, the sizes of what goes in and comes out, and its random stream."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.layer import Array, Layer, Module
from ceteris.networks.shape import Shape


@dataclass(frozen=True, kw_only=True)
class PlacedLayer:
    """One layer where it stands.

    Attributes:
        path: What its arrays are named after: `layers.0`, or `head.0` after a pretrained backbone.
        after: Size of what comes out; a side below 1 means that the layer does not fit.
        is_flat: Whether rows of features go in, because a layer before has flattened the image.
        stream: Name of its random numbers, by kind and rank: `conv-0`, `conv-1`, `dropout-0`; None if it draws none.
            Rank counts layers of one kind only, so that a layer of another kind put before a convolution leaves its
            initial weights, and a pairing by seed, as they were. What a layer adds of its own is counted apart
            (`shortcut-conv-0`), for the same reason.
        branches: The layers in it, as `Layer.branches`; empty if it holds none.
    """

    path: str
    layer: Layer
    before: Shape
    after: Shape
    is_flat: bool
    stream: str | None
    branches: "Mapping[str, tuple[PlacedLayer, ...]]" = field(default_factory=dict)

    def tree(self) -> "Iterator[PlacedLayer]":
        """Yield the layer, and all layers in it."""
        yield self
        for branch in self.branches.values():
            for one in branch:
                yield from one.tree()

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Its arrays under their whole names, for example `layers.0.weight`."""
        return {f"{self.path}.{name}": array for name, array in self.layer.arrays(self.before).items()}

    @property
    def parameter_count(self) -> int:
        """How many numbers it trains."""
        return sum(array.count for array in self.layer.arrays(self.before).values() if array.is_trained)

    @property
    def multiply_adds(self) -> int:
        """Multiplications with addition for one image going forward, without activations and pooling."""
        return self.layer.multiply_adds(self.before)

    @property
    def modules(self) -> tuple[Module, ...]:
        """What it is in PyTorch."""
        return self.layer.modules(self.before, is_flat=self.is_flat)


def placed_layers(network: AnyNetwork, image: Shape, classes: int) -> tuple[PlacedLayer, ...]:
    """Follow an image through a network; through the head of a backbone, its features.

    Returns:
        One entry per layer. Sizes are computed even where a layer does not fit; `ceteris.study.check` reports those.
    """
    layers = [layer.resolved(classes) for layer in network.layers]
    # A backbone leaves an image of one pixel, which is not flat.
    return tuple(
        _placed(layers, network.declared, network.first_input(image), is_flat=False, around="", ranks=Counter())
    )


def _placed(
    layers: Sequence[Layer], path: str, before: Shape, *, is_flat: bool, around: str, ranks: Counter[str]
) -> Iterator[PlacedLayer]:
    """Place the layers of a network or a branch; `around` is what the streams of a layer's own branch begin with."""
    for index, layer in enumerate(layers):
        stream = None
        if layer.stream is not None:
            word = f"{around}{layer.stream}"
            stream = f"{word}-{ranks[word]}"
            ranks[word] += 1
        own = f"{path}.{index}"
        branches = {
            name: tuple(
                _placed(
                    branch,
                    f"{own}.{name}",
                    before,
                    is_flat=is_flat,
                    around=around if name == layer.holds else f"{around}{name}-",
                    ranks=ranks,
                )
            )
            for name, branch in layer.branches(before).items()
        }
        after = layer.output(before)
        yield PlacedLayer(
            path=own, layer=layer, before=before, after=after, is_flat=is_flat, stream=stream, branches=branches
        )
        before, is_flat = after, is_flat or layer.flattens


def every_layer(network: AnyNetwork, image: Shape, classes: int) -> Iterator[PlacedLayer]:
    """Follow an image through a network, and through the layers that layers hold; as `placed_layers`."""
    for placed in placed_layers(network, image, classes):
        yield from placed.tree()
