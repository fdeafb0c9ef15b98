"""What a stored network makes of an image, layer by layer, with NumPy alone: pictures need no engine.

It scores images as the engines do after training: nothing is dropped, and batch normalisation takes its running
statistics.
"""

# n = images, c = channels, o = output channels, h, w = height, width, y, x = place in a kernel, k = classes

from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ceteris.study.layers import Activation, BatchNorm, Convolution, Dense, Dropout, Layer, MaxPool, Padding
from ceteris.study.network import Network

Values = NDArray[np.float32]
Weights = Mapping[str, Values]

_SLOPE = np.float32(0.01)
_EPSILON = np.float32(1e-5)


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
    outputs: list[Values] = []
    values_nchw = inputs
    for index, layer in enumerate(network.layers):
        own = {name.rpartition(".")[2]: array for name, array in weights.items() if name.startswith(f"layers.{index}.")}
        values_nchw = _output(layer, own, values_nchw)
        outputs.append(values_nchw)
    return tuple(outputs)


def class_probabilities(network: Network, weights: Weights, inputs: Values, *, at_once: int = 100) -> Values:
    """Score images as the engines score the test images.

    Args:
        network: The layers.
        weights: As for `layer_outputs`.
        inputs: From `network_input`. Shape (n, c, h, w).
        at_once: How many images are looked at together, which bounds the memory.

    Returns:
        Shape (n, k), float32; each row adds up to 1.
    """
    parts = []
    for start in range(0, len(inputs), at_once):
        logits_nk = layer_outputs(network, weights, inputs[start : start + at_once])[-1][:, :, 0, 0]
        powers_nk = np.exp(logits_nk - logits_nk.max(axis=1, keepdims=True))
        parts.append(powers_nk / powers_nk.sum(axis=1, keepdims=True))
    return np.concatenate(parts)


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
    padded = np.pad(values_nchw, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    windows_nchwyx = sliding_window_view(padded, weight_ocyx.shape[2:], axis=(2, 3))
    sums_nhwo = np.tensordot(windows_nchwyx, weight_ocyx, axes=((1, 4, 5), (1, 2, 3))) + bias_o
    return np.ascontiguousarray(sums_nhwo.transpose(0, 3, 1, 2))


def _pooled(values_nchw: Values, side: int) -> Values:
    n, c, h, w = values_nchw.shape
    squares = values_nchw[:, :, : h // side * side, : w // side * side].reshape(n, c, h // side, side, w // side, side)
    pooled: Values = squares.max(axis=(3, 5))
    return pooled


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
