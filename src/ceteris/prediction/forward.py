"""What a stored network makes of an image, layer by layer, with NumPy alone: pictures and predictions need no engine.

It scores images as the engines do after training: nothing is dropped, and batch normalisation takes its running
statistics.
"""

# n = images, c = channels, o = output channels, h, w = height, width, y, x = place in a kernel, k = classes

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ceteris.networks.layers import Activation, BatchNorm, Convolution, Dense, Dropout, Layer, MaxPool, Padding
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape, layer_shapes

Values = NDArray[np.float32]
Weights = Mapping[str, Values]

_SLOPE = np.float32(0.01)
_EPSILON = np.float32(1e-5)

_VALUES_AT_ONCE = 2**22
"""Values that the widest layer may hold: 16 MiB."""

_VALUES_IN_CACHE = 2**18
"""Values of unfolded windows that are multiplied together: 1 MiB, what the second cache of a core holds."""


def network_input(images: NDArray[np.uint8], scale: Sequence[float], offset: Sequence[float]) -> Values:
    """Turn grey levels into what the first layer sees.

    Args:
        images: Shape (n, h, w, c).
        scale: One number per channel, as the results folder keeps it.
        offset: One number per channel.

    Returns:
        `images * scale + offset`, rounded once. Shape (n, c, h, w), float32.

    Example:
        >>> network_input(np.full((1, 2, 2, 1), 51, np.uint8), [1 / 255], [0.0]).reshape(-1)
        array([0.2, 0.2, 0.2, 0.2], dtype=float32)
    """
    values_nhwc = images * np.asarray(scale, np.float64) + np.asarray(offset, np.float64)
    return np.ascontiguousarray(values_nhwc.astype(np.float32).transpose(0, 3, 1, 2))


def layer_outputs(network: Network, weights: Weights, inputs: Values) -> tuple[Values, ...]:
    """Follow images through a network.

    Args:
        network: The layers.
        weights: Under PyTorch's names and in its shapes, for example `layers.0.weight`.
        inputs: From `network_input`. Shape (n, c, h, w).

    Returns:
        What comes out of each layer, after its activation; a dense layer gives images of one pixel. One array of shape
        (n, o, h, w) per layer; the last one holds the logits.
    """
    return tuple(_outputs(network, weights, inputs))


def class_probabilities(network: Network, weights: Weights, inputs: Values) -> Values:
    """Score images as the engines score the test images, a few at a time to save memory.

    Args:
        network: The layers.
        weights: As for `layer_outputs`.
        inputs: From `network_input`. Shape (n, c, h, w).

    Returns:
        Shape (n, k), float32; each row adds up to 1, or holds not-a-number where the network's sums overflow.
    """
    c, h, w = inputs.shape[1:]
    widest = max(inputs[0].size, *(each.after.values for each in layer_shapes(network, Shape(h, w, c), 1)))
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
        own = {name.rpartition(".")[2]: array for name, array in weights.items() if name.startswith(f"layers.{index}.")}
        values_nchw = _output(layer, own, values_nchw)
        yield values_nchw


def _output(layer: Layer, own: Weights, values_nchw: Values) -> Values:
    match layer:
        case Convolution():
            margin = layer.kernel // 2 if layer.padding is Padding.SAME else 0
            return _activated(_convolved(values_nchw, own["weight"], own["bias"], margin), layer.activation)
        case MaxPool():
            return _pooled(values_nchw, layer.max_pool)
        case Dropout():
            return values_nchw
        case BatchNorm():
            factor_c = own["weight"] / np.sqrt(own["running_var"] + _EPSILON)
            shift_c = own["bias"] - own["running_mean"] * factor_c
            normalised: Values = values_nchw * factor_c[:, None, None] + shift_c[:, None, None]
            return normalised
        case Dense():
            sums_no = values_nchw.reshape(len(values_nchw), -1) @ own["weight"].T + own["bias"]
            return _activated(sums_no[:, :, None, None], layer.activation)
        case _:
            assert_never(layer)


def _convolved(values_nchw: Values, weight_ocyx: Values, bias_o: Values, margin: int) -> Values:
    """Unfold the windows of a few images at a time, so that they stay in the cache, and multiply matrices."""
    if margin:
        values_nchw = np.pad(values_nchw, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    windows_ncyxhw = sliding_window_view(values_nchw, weight_ocyx.shape[2:], axis=(2, 3)).transpose(0, 1, 4, 5, 2, 3)
    n, h, w, o = len(values_nchw), *windows_ncyxhw.shape[4:], len(weight_ocyx)
    weight_of = weight_ocyx.reshape(o, -1)  # f = c, y and x as one
    sums_nop = np.empty((n, o, h * w), np.float32)  # p = h and w as one
    at_once = max(1, _VALUES_IN_CACHE // (weight_of.shape[1] * h * w))
    for start in range(0, n, at_once):
        some_nfp = windows_ncyxhw[start : start + at_once].reshape(-1, weight_of.shape[1], h * w)
        np.matmul(weight_of, some_nfp, out=sums_nop[start : start + at_once])
    sums_nop += bias_o[:, None]
    return sums_nop.reshape(n, o, h, w)


def _pooled(values_nchw: Values, side: int) -> Values:
    h, w = values_nchw.shape[2] // side * side, values_nchw.shape[3] // side * side
    largest = values_nchw[:, :, :h:side, :w:side].copy()
    for y in range(side):
        for x in range(side):
            np.maximum(largest, values_nchw[:, :, y:h:side, x:w:side], out=largest)
    return largest


def _activated(values: Values, activation: Activation | None) -> Values:
    match activation:
        case Activation.RELU:
            return np.maximum(values, np.float32(0))
        case Activation.LEAKY_RELU:
            return np.where(values > 0, values, values * _SLOPE)
        case Activation.TANH:
            bent: Values = np.tanh(values)
            return bent
        case None:
            return values
        case _:
            assert_never(activation)
