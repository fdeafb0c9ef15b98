"""The weights that a run starts from, the same on every engine."""

import math

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.streams import uniform
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape


def initial_draws(network: AnyNetwork, image: Shape, classes: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name every array that a seed draws, with its shape: networks with equal draws start from the same weights.

    Example:
        >>> from ceteris.networks.dense import Dense
        >>> from ceteris.networks.max_pool import MaxPool
        >>> from ceteris.networks.network import Network
        >>> network = Network(layers=[MaxPool(max_pool=8), Dense(dense="classes")])
        >>> initial_draws(network, Shape(32, 32, 3), 10)
        (('dense-0.weight', (10, 48)), ('dense-0.bias', (10,)))
    """
    return tuple(
        (f"{placed.stream}.{name}", array.shape)
        for placed in every_layer(network, image, classes)
        if not placed.inner
        for name, array in placed.layer.arrays(placed.before).items()
        if array.fan_in is not None
    )


def initial_weights(network: AnyNetwork, image: Shape, classes: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw what `torch.nn.Conv2d` and `torch.nn.Linear` draw: uniform within 1 / sqrt(inputs of a neuron), bias too.

    Returns:
        Arrays under PyTorch's names and in its shapes, for example `layers.0.weight`, or `head.0.weight`; batch
        normalisation starts at weight 1, bias 0, running mean 0 and running variance 1.
    """
    weights: dict[str, NDArray[np.float32]] = {}
    for placed in every_layer(network, image, classes):
        if placed.inner:  # it has the arrays of the layers in it, which come by themselves
            continue
        for name, array in placed.layer.arrays(placed.before).items():
            if array.fan_in is None:
                weights[f"{placed.path}.{name}"] = np.full(array.shape, array.value, np.float32)
                continue
            bound = np.float32(1 / math.sqrt(array.fan_in))
            drawn = uniform(seed, f"init-{placed.stream}.{name}", array.count)
            weights[f"{placed.path}.{name}"] = ((drawn * np.float32(2) - np.float32(1)) * bound).reshape(array.shape)
    return weights
