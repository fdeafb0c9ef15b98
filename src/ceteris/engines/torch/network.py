"""A network of a study as a PyTorch module, under the parameter names that every engine uses."""

# b = images of a minibatch, c = channels, h, w = height, width, n = values of one image, k = classes

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ceteris.engines.streams import stream_key
from ceteris.networks.layer import Module
from ceteris.networks.network import Network
from ceteris.networks.placed import PlacedLayer, placed_layers
from ceteris.networks.shape import Shape

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class BatchPosition:
    """Which images of which epoch a minibatch holds.

    Attributes:
        positions: Places of the images in the epoch's order. Shape (b,), int64.
    """

    epoch: int
    positions: Tensor


class PlacedModule(nn.Module):
    """A module that asks where in training a minibatch stands."""


class CountedDropout(PlacedModule):
    """Zeroes values that the run's own stream of random words names, and scales the others by 1 / (1 - p).

    Value i of an image, counted [row][channel][column], is dropped if word i at (epoch, position) is below p * 2**32.
    Method: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
    """

    def __init__(self, probability: float, *, seed: int, stream: str) -> None:
        super().__init__()
        self.threshold = round(probability * 2**32)
        self.scale = float(np.float32(1 / (1 - probability)))
        self.key = stream_key(seed, stream)

    def forward(self, values: Tensor, place: BatchPosition | None) -> Tensor:
        """Drop values of a minibatch in training; without a place, nothing is dropped."""
        if place is None:
            return values
        words = minibatch_words(self.key, place, values[0].numel())
        if values.dim() == 4:
            images, channels, height, width = values.shape
            words = words.view(images, height, channels, width).transpose(1, 2)
        return values * ((words >= self.threshold).to(values.dtype) * self.scale)


def minibatch_words(key: tuple[int, int], place: BatchPosition, count: int) -> Tensor:
    """Look up what `streams.words` gives, for each image of a minibatch. Shape (b, count), int64, in [0, 2**32)."""
    return counted_words(key, place.positions[:, None], place.epoch, count)


def counted_words(key: tuple[int | Tensor, int | Tensor], positions: Tensor, epoch: int, count: int) -> Tensor:
    """Look up what `streams.words` gives at positions, whose last size is 1; keys of many streams go along with them.

    Returns:
        int64, in [0, 2**32), in the common shape of keys and positions, but for the last size, which is `count`.
    """
    word0 = torch.arange(-(-count // 4), device=positions.device)
    word1, word2, word3 = positions, torch.full_like(positions, epoch), torch.zeros_like(positions)
    key0, key1 = key
    for _ in range(_ROUNDS):
        # A product of two words may pass 2**63 and wrap; its 64 bits are right, so both halves are after the mask.
        product0, product1 = word0 * _MULTIPLIERS[0], word2 * _MULTIPLIERS[1]
        high0, high1 = (product0 >> 32) & _WORD, (product1 >> 32) & _WORD
        word0, word1, word2, word3 = high1 ^ word1 ^ key0, product1 & _WORD, high0 ^ word3 ^ key1, product0 & _WORD
        key0, key1 = (key0 + _WEYL[0]) & _WORD, (key1 + _WEYL[1]) & _WORD
    return torch.stack((word0, word1, word2, word3), dim=-1).flatten(-2)[..., :count]


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

    def forward(self, values: Tensor, place: BatchPosition | None = None) -> Tensor:
        """Pass a minibatch, shape (b, c, h, w), through all layers; without a place in training nothing is dropped."""
        for chain in self.chains:
            for module in chain:
                values = module(values, place) if isinstance(module, PlacedModule) else module(values)
        return values


class HoldingModule(PlacedModule):
    """A layer that holds layers; their parameters are named after their branches, as `residual.0.weight`."""

    def __init__(self, layer: PlacedLayer, seed: int) -> None:
        super().__init__()
        self.join = layer.layer.join
        for name, branch in layer.branches.items():
            self.add_module(name, LayerModules(branch, seed))

    def forward(self, values: Tensor, place: BatchPosition | None) -> Tensor:
        """Pass a minibatch through every branch, and combine what they make of it."""
        joined: Tensor = self.join({name: branch(values, place) for name, branch in self.named_children()})
        return joined


class LayeredNetwork(nn.Module):
    """The layers of a study's network; parameters are named `layers.<index>.weight` and not drawn: load them."""

    def __init__(self, network: Network, image: Shape, classes: int, seed: int) -> None:
        super().__init__()
        self.layers = LayerModules(placed_layers(network, image, classes), seed)

    def forward(self, images_bchw: Tensor, place: BatchPosition | None = None) -> Tensor:
        """Give the logits, shape (b, k), of scaled pixels; without their place in training nothing is dropped."""
        logits: Tensor = self.layers(images_bchw, place)
        return logits.flatten(1)


def _made(module: Module, layer: PlacedLayer, seed: int) -> nn.Module:
    if module.holds_branches:
        return HoldingModule(layer, seed)
    if module.kind == "Dropout":
        (probability,) = module.arguments
        assert isinstance(probability, float | int)
        assert layer.stream is not None
        return CountedDropout(probability, seed=seed, stream=layer.stream)
    return torch_module(module)


def torch_module(module: Module) -> nn.Module:
    """Make a module of PyTorch that a layer is described with; its arrays are to be loaded."""
    kind: type[nn.Module] = _OWN.get(module.kind) or getattr(nn, module.kind)
    return kind(*module.arguments, **module.keywords)
