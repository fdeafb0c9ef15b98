"""A network of a study as a PyTorch module, under the parameter names that every engine uses."""

# b = images of a minibatch, c = channels, h, w = height, width, k = classes

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ceteris.engines.torch.dropout import CountedDropout, Place
from ceteris.networks.layer import Module
from ceteris.networks.network import Network
from ceteris.networks.placed import PlacedLayer, placed_layers
from ceteris.networks.shape import Shape


class LoadedConvolution(nn.Conv2d):
    """A convolution whose weights are loaded after it is made."""

    def reset_parameters(self) -> None:
        """Draw nothing, so that PyTorch's global generator is left alone."""


class LoadedLinear(nn.Linear):
    """A dense layer whose weights are loaded after it is made."""

    def reset_parameters(self) -> None:
        """Draw nothing, so that PyTorch's global generator is left alone."""


class ExactBatchNorm(nn.BatchNorm2d):
    """Batch normalisation that keeps float32's precision on the processor.

    With channels innermost PyTorch sums a channel value by value: for 32 images of 32 x 32 pixels the result is off by
    4e-6, for 128 by 2e-5. With rows innermost it is off by 1e-7 (PyTorch 2.15, values between -2.5 and 1.5).
    """

    def forward(self, values_bchw: Tensor) -> Tensor:
        """Normalise with rows innermost, and give back channels innermost."""
        return super().forward(values_bchw.contiguous()).contiguous(memory_format=torch.channels_last)


_OWN: Mapping[str, type[nn.Module]] = {
    "BatchNorm2d": ExactBatchNorm,
    "Conv2d": LoadedConvolution,
    "Linear": LoadedLinear,
}
"""What stands for a module of PyTorch that does the same, but draws random numbers or loses precision."""


class LayerModules(nn.ModuleList):
    """Layers as modules; the parameters of layer i are named `i.weight` and so on.

    Parameters are not initialised: load them.

    Attributes:
        chains: The modules of each layer in turn: flattening, the layer itself, its activation.
    """

    def __init__(self, layers: Sequence[PlacedLayer], seed: int) -> None:
        chains = [tuple(_made(module, layer, seed) for module in layer.modules) for layer in layers]
        holds = [[module.holds_arrays for module in layer.modules] for layer in layers]
        super().__init__(chain[own.index(True) if any(own) else 0] for chain, own in zip(chains, holds, strict=True))
        self.chains = tuple(chains)

    def forward(self, values: Tensor, place: Place | None = None) -> Tensor:
        """Pass a minibatch through all layers.

        Args:
            values: Images, shape (b, c, h, w).
            place: Where the images stand in training, which decides the dropout; nothing is dropped without.
        """
        for chain in self.chains:
            for module in chain:
                values = module(values, place) if isinstance(module, CountedDropout) else module(values)
        return values


class LayeredNetwork(nn.Module):
    """The layers of a study's network: parameters are named `layers.<index>.weight` and so on, indices as in the study.

    Attributes:
        layers: The layers. Parameters are not initialised: load them.
    """

    def __init__(self, network: Network, image: Shape, classes: int, seed: int) -> None:
        super().__init__()
        self.layers = LayerModules(placed_layers(network, image, classes), seed)

    def forward(self, images_bchw: Tensor, place: Place | None = None) -> Tensor:
        """Give the logits, shape (b, k).

        Args:
            images_bchw: Scaled pixels.
            place: Where the images stand in training, which decides the dropout; nothing is dropped without.
        """
        logits: Tensor = self.layers(images_bchw, place)
        return logits.flatten(1)


def _made(module: Module, layer: PlacedLayer, seed: int) -> nn.Module:
    if module.kind == "Dropout":
        (probability,) = module.arguments
        assert isinstance(probability, float | int)
        assert layer.stream is not None
        return CountedDropout(probability, seed=seed, stream=layer.stream)
    kind: type[nn.Module] = _OWN.get(module.kind) or getattr(nn, module.kind)
    return kind(*module.arguments, **module.keywords)
