"""A network of a study as the standard modules of PyTorch, in order: what every format is written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layers import Activation, BatchNorm, Convolution, Dense, Dropout, MaxPool, Padding
from ceteris.networks.shape import layer_shapes
from ceteris.prediction.ensemble import Ensemble
from ceteris.prediction.forward import Values

SLOPE, EPSILON = 0.01, 1e-5
"""Of leaky ReLU, and of batch normalisation: PyTorch's defaults, with which every engine trains."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One module of `torch.nn`.

    Attributes:
        kind: Its class, for example `Conv2d`.
        arguments: What it is made with.
        keywords: Likewise, by name.
        arrays: Its parameters and statistics, under the names that the class gives them.
    """

    kind: str
    arguments: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    arrays: Mapping[str, Values] = field(default_factory=dict)

    def __str__(self) -> str:
        written = [repr(one) for one in self.arguments]
        written += [f"{name}={one!r}" for name, one in self.keywords.items()]
        return f"nn.{self.kind}({', '.join(written)})"


_ACTIVATIONS = {
    Activation.RELU: Piece(kind="ReLU"),
    Activation.LEAKY_RELU: Piece(kind="LeakyReLU", arguments=(SLOPE,)),
    Activation.TANH: Piece(kind="Tanh"),
}


def network_pieces(ensemble: Ensemble) -> tuple[Piece, ...]:
    """Write a network as modules that follow each other, from scaled images, or features, to class probabilities.

    Args:
        ensemble: With a single seed.

    Returns:
        The modules; of a network on a pretrained backbone those of its head. Scaling, which PyTorch has no module for,
        is not among them. An image stays an image up to the first dense layer, and is flattened there; no
        convolution or pooling comes after it.
    """
    assert len(ensemble.seeds) == 1, "one network"
    return (*_pieces(ensemble, ensemble.weights[0]), Piece(kind="Softmax", arguments=(1,)))


def _pieces(ensemble: Ensemble, weights: Mapping[str, Values]) -> Iterator[Piece]:
    shapes = layer_shapes(ensemble.network, ensemble.image, len(ensemble.class_names))
    is_flat = False
    part = "head" if isinstance(ensemble.network, BackboneNetwork) else "layers"
    for index, (layer, shape) in enumerate(zip(ensemble.network.layers, shapes, strict=True)):
        own = {name.rpartition(".")[2]: array for name, array in weights.items() if name.startswith(f"{part}.{index}.")}
        match layer:
            case Convolution():
                padding = {"padding": layer.kernel // 2} if layer.padding is Padding.SAME and layer.kernel > 1 else {}
                yield Piece(
                    kind="Conv2d",
                    arguments=(shape.before.channels, layer.conv, layer.kernel),
                    keywords=padding,
                    arrays=own,
                )
            case MaxPool():
                yield Piece(kind="MaxPool2d", arguments=(layer.max_pool,))
            case Dropout():
                yield Piece(kind="Dropout", arguments=(layer.dropout,))
            case BatchNorm():
                kind = "BatchNorm1d" if is_flat else "BatchNorm2d"
                yield Piece(kind=kind, arguments=(shape.before.channels,), arrays=own)
            case Dense():
                if not is_flat:
                    yield Piece(kind="Flatten")
                    is_flat = True
                yield Piece(kind="Linear", arguments=(shape.before.values, shape.after.channels), arrays=own)
            case _:
                assert_never(layer)
        if isinstance(layer, Convolution | Dense) and layer.activation is not None:
            yield _ACTIVATIONS[layer.activation]
