"""The weights that a run starts from, the same on every engine."""

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.streams import uniform
from ceteris.networks.backbone import AnyNetwork, BackboneNetwork
from ceteris.networks.layers import BatchNorm, Convolution, Dense, Dropout, Layer
from ceteris.networks.shape import Shape, layer_shapes


def stream_names(network: AnyNetwork) -> tuple[str | None, ...]:
    """Name the random stream of each layer that uses one, by kind and rank: `conv-0`, `conv-1`, `dropout-0`, `dense-0`.

    Rank counts layers of one kind only, so that a layer of another kind put before a convolution leaves its initial
    weights, and a pairing by seed, as they were.
    """
    ranks: Counter[str] = Counter()
    names: list[str | None] = []
    for layer in network.layers:
        kind = _kind(layer)
        names.append(None if kind is None else f"{kind}-{ranks[kind]}")
        if kind is not None:
            ranks[kind] += 1
    return tuple(names)


def initial_draws(network: AnyNetwork, image: Shape, classes: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name every array that a seed draws, with its shape: networks with equal draws start from the same weights.

    Args:
        network: The layers; of a pretrained backbone with a head, the head is drawn.
        image: Size of the images.
        classes: How many classes there are.

    Example:
        >>> from ceteris.networks.layers import MaxPool
        >>> from ceteris.networks.network import Network
        >>> network = Network(layers=[MaxPool(max_pool=8), Dense(dense="classes")])
        >>> initial_draws(network, Shape(32, 32, 3), 10)
        (('dense-0.weight', (10, 48)), ('dense-0.bias', (10,)))
    """
    entries = zip(network.layers, layer_shapes(network, image, classes), stream_names(network), strict=True)
    return tuple(
        (f"{stream}.{name}", tuple(sides))
        for layer, shape, stream in entries
        if not isinstance(layer, BatchNorm)
        for name, sides in shape.parameters.items()
    )


def initial_weights(network: AnyNetwork, image: Shape, classes: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw what `torch.nn.Conv2d` and `torch.nn.Linear` draw: uniform within 1 / sqrt(inputs of a neuron), bias too.

    Args:
        network: The layers; of a pretrained backbone with a head, the head is drawn.
        image: Size of the images.
        classes: How many classes there are.
        seed: The seed of the run.

    Returns:
        Arrays under PyTorch's names and in its shapes, for example `layers.0.weight`, or `head.0.weight`; batch
        normalisation starts at weight 1, bias 0, running mean 0 and running variance 1.
    """
    owner = "head" if isinstance(network, BackboneNetwork) else "layers"
    weights: dict[str, NDArray[np.float32]] = {}
    entries = zip(network.layers, layer_shapes(network, image, classes), stream_names(network), strict=True)
    for index, (layer, shape, stream) in enumerate(entries):
        if isinstance(layer, BatchNorm):
            channels = shape.before.channels
            for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
                weights[f"{owner}.{index}.{name}"] = np.full(channels, value, np.float32)
            continue
        for name, sides in shape.parameters.items():
            inputs = math.prod(shape.parameters["weight"][1:])
            bound = np.float32(1 / math.sqrt(inputs))
            drawn = uniform(seed, f"init-{stream}.{name}", math.prod(sides))
            weights[f"{owner}.{index}.{name}"] = ((drawn * np.float32(2) - np.float32(1)) * bound).reshape(sides)
    return weights


def _kind(layer: Layer) -> str | None:
    match layer:
        case Convolution():
            return "conv"
        case Dense():
            return "dense"
        case Dropout():
            return "dropout"
        case _:
            return None
