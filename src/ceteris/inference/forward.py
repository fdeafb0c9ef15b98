"""What a stored network makes of an image, layer by layer, with NumPy alone: pictures and predictions need no engine.

It scores images as the engines do after training: nothing is dropped, and batch normalisation takes its running
statistics.
"""

# n = images, c = channels, o = output channels, h, w = height, width, k = classes

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape

Weights = Mapping[str, Values]

_VALUES_AT_ONCE = 2**22
"""Values that the widest layer may hold: 16 MiB."""


def network_input(images: NDArray[np.uint8], scale: Sequence[float], offset: Sequence[float]) -> Values:
    """Turn grey levels, shape (n, h, w, c), into what the first layer sees; scale and offset have a number per channel.

    Returns:
        `images * scale + offset`, rounded once. Shape (n, c, h, w), float32.

    Example:
        >>> network_input(np.full((1, 2, 2, 1), 51, np.uint8), [1 / 255], [0.0]).reshape(-1)
        array([0.2, 0.2, 0.2, 0.2], dtype=float32)
    """
    values_nhwc = images * np.asarray(scale, np.float64) + np.asarray(offset, np.float64)
    return np.ascontiguousarray(values_nhwc.astype(np.float32).transpose(0, 3, 1, 2))


def layer_outputs(network: Network, weights: Weights, inputs: Values) -> tuple[Values, ...]:
    """Follow images from `network_input`, shape (n, c, h, w), through a network.

    Weights go by PyTorch's names and have its shapes, for example `layers.0.weight`.

    Returns:
        What comes out of each layer, after its activation; a dense layer gives images of one pixel. One array of shape
        (n, o, h, w) per layer; the last one holds the logits.
    """
    return tuple(_outputs(network, weights, inputs))


def class_probabilities(network: Network, weights: Weights, inputs: Values) -> Values:
    """Score images as the engines score the test images, a few at a time to save memory.

    Returns:
        Shape (n, k), float32; each row adds up to 1, or holds not-a-number where the network's sums overflow.
    """
    c, h, w = inputs.shape[1:]
    widest = max(inputs[0].size, *(each.after.values for each in every_layer(network, Shape(h, w, c), 1)))
    at_once = max(1, _VALUES_AT_ONCE // widest)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = [_softmax(_logits(network, weights, inputs[n : n + at_once])) for n in range(0, len(inputs), at_once)]
    return np.concatenate(parts)


def _logits(network: Network, weights: Weights, inputs: Values) -> Values:
    last = inputs
    for outputs in _outputs(network, weights, inputs):
        last = outputs
    return last[:, :, 0, 0]


def _softmax(logits_nk: Values) -> Values:
    powers_nk = np.exp(logits_nk - logits_nk.max(axis=1, keepdims=True))
    probabilities: Values = powers_nk / powers_nk.sum(axis=1, keepdims=True)
    return probabilities


def _outputs(network: Network, weights: Weights, inputs: Values) -> Iterator[Values]:
    values_nchw = inputs
    for index, layer in enumerate(network.layers):
        start = f"layers.{index}."
        own = {name.removeprefix(start): array for name, array in weights.items() if name.startswith(start)}
        values_nchw = layer.forward(values_nchw, own)
        yield values_nchw
