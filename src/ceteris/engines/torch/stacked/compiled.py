"""The forward and backward pass of many runs through `torch.compile`, with CUDA graphs on a graphics processor."""

# b = images of a minibatch, r = runs, k = classes

import torch
from torch import Tensor

from ceteris.engines.torch.network import BatchPosition
from ceteris.engines.torch.stacked.form import Arrays
from ceteris.engines.torch.stacked.network import StackedNetwork


class CompiledNetwork:
    """Compiles what most steps do: whole minibatches of training, once every layer has its form.

    Scoring, the first minibatch and a smaller one at the end of an epoch are computed as they are without it.
    """

    def __init__(self, network: StackedNetwork, batch_size: int, device: torch.device) -> None:
        def forward(values: Tensor, arrays: Arrays, place: BatchPosition | None) -> Tensor:
            return network(values, arrays, place)

        mode = "reduce-overhead" if device.type == "cuda" else "default"
        self._network, self._batch_size, self._has_begun = network, batch_size, False
        self._compiled = torch.compile(forward, mode=mode)

    def __call__(self, values: Tensor, arrays: Arrays, place: BatchPosition | None = None) -> Tensor:
        """Give the logits, shape (b, r, k); see `StackedNetwork`."""
        if place is None or not self._has_begun or len(values) != self._batch_size:
            self._has_begun |= place is not None
            return self._network(values, arrays, place)
        return self._compiled(values, arrays, place)
