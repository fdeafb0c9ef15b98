"""A network of a study as the standard modules of PyTorch, in order: what every format is written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ceteris.inference.ensemble import Ensemble
from ceteris.networks.layer import Module, Values
from ceteris.networks.placed import placed_layers


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One module of `torch.nn`, trained.

    Attributes:
        module: What it is.
        arrays: Its parameters and statistics, under the names that the class gives them.
    """

    module: Module
    arrays: Mapping[str, Values] = field(default_factory=dict)


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
    return (*_pieces(ensemble, ensemble.weights[0]), Piece(module=Module(kind="Softmax", arguments=(1,))))


def _pieces(ensemble: Ensemble, weights: Mapping[str, Values]) -> Iterator[Piece]:
    for placed in placed_layers(ensemble.network, ensemble.image, len(ensemble.class_names)):
        own = {name.rpartition(".")[2]: weights[name] for name in placed.arrays}
        for module in placed.modules:
            yield Piece(module=module, arrays=own if module.holds_arrays else {})
