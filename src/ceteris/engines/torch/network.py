"""A network of a study as a PyTorch module, under the parameter names that every engine uses."""

# b = images of a minibatch, c = channels, h, w = height, width, k = classes

from collections.abc import Callable
from typing import assert_never

import torch
from torch import Tensor, nn

from ceteris.engines.initial import stream_names
from ceteris.engines.torch.dropout import CountedDropout, Place
from ceteris.networks.layers import Activation, BatchNorm, Convolution, Dense, Dropout, Layer, MaxPool, Padding
from ceteris.networks.network import Network
from ceteris.networks.shape import LayerShape, Shape, layer_shapes


class LoadedConvolution(nn.Conv2d):
    """A convolution whose weights are loaded after it is made."""

    def reset_parameters(self) -> None:
        """Draw nothing, so that PyTorch's global generator is left alone."""


class LoadedDense(nn.Linear):
    """A dense layer that flattens in the order (channel, row, column), and gives an image of one pixel.

    So an image stays an image all the way, and batch normalisation and dropout need not know what came before.
    """

    def reset_parameters(self) -> None:
        """Draw nothing, so that PyTorch's global generator is left alone."""

    def forward(self, values_bchw: Tensor) -> Tensor:
        """Give shape (b, neurons, 1, 1)."""
        return super().forward(values_bchw.flatten(1))[:, :, None, None]


class ExactBatchNorm(nn.BatchNorm2d):
    """Batch normalisation that keeps float32's precision on the processor.

    With channels innermost PyTorch sums a channel value by value: for 32 images of 32 x 32 pixels the result is off by
    4e-6, for 128 by 2e-5. With rows innermost it is off by 1e-7 (PyTorch 2.15, values between -2.5 and 1.5).
    """

    def forward(self, values_bchw: Tensor) -> Tensor:
        """Normalise with rows innermost, and give back channels innermost."""
        return super().forward(values_bchw.contiguous()).contiguous(memory_format=torch.channels_last)


class LayeredNetwork(nn.Module):
    """The layers of a study's network: parameters are named `layers.<index>.weight` and so on, indices as in the study.

    Attributes:
        layers: One module per layer of the study, without its activation. Parameters are not initialised: load them.
        activations: What follows each layer, or nothing.
    """

    def __init__(self, network: Network, image: Shape, classes: int, seed: int) -> None:
        super().__init__()
        shapes, streams = layer_shapes(network, image, classes), stream_names(network)
        self.layers = nn.ModuleList(
            _module(layer, shape, stream, seed)
            for layer, shape, stream in zip(network.layers, shapes, streams, strict=True)
        )
        self.activations = tuple(_activation(layer) for layer in network.layers)

    def forward(self, images_bchw: Tensor, place: Place | None = None) -> Tensor:
        """Give the logits, shape (b, k).

        Args:
            images_bchw: Scaled pixels.
            place: Where the images stand in training, which decides the dropout; nothing is dropped without.
        """
        values = images_bchw
        for layer, activation in zip(self.layers, self.activations, strict=True):
            values = layer(values, place) if isinstance(layer, CountedDropout) else layer(values)
            if activation is not None:
                values = activation(values)
        return values.flatten(1)


def _module(layer: Layer, shape: LayerShape, stream: str | None, seed: int) -> nn.Module:
    match layer:
        case Convolution():
            padding = layer.kernel // 2 if layer.padding is Padding.SAME else 0
            return LoadedConvolution(shape.before.channels, layer.conv, layer.kernel, padding=padding)
        case MaxPool():
            return nn.MaxPool2d(layer.max_pool)
        case Dropout():
            assert stream is not None
            return CountedDropout(layer.dropout, seed=seed, stream=stream)
        case BatchNorm():
            return ExactBatchNorm(shape.before.channels)
        case Dense():
            return LoadedDense(shape.before.values, shape.after.channels)
        case _:
            assert_never(layer)


def _activation(layer: Layer) -> Callable[[Tensor], Tensor] | None:
    match layer:
        case Convolution(activation=Activation.RELU) | Dense(activation=Activation.RELU):
            return torch.relu
        case Convolution(activation=Activation.LEAKY_RELU) | Dense(activation=Activation.LEAKY_RELU):
            return nn.functional.leaky_relu
        case Convolution(activation=Activation.TANH) | Dense(activation=Activation.TANH):
            return torch.tanh
        case _:
            return None
