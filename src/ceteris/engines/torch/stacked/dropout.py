"""Dropout of many runs at once, each with its own probability and its own stream of random words."""

# b = images of a minibatch, r = runs, c = channels, h, w = height, width

from collections.abc import Sequence

import torch
from torch import Tensor

from ceteris.engines.torch.network import BatchPosition, CountedDropout, counted_words


class StackedDropout:
    """Zeroes what `CountedDropout` zeroes in each run alone."""

    def __init__(self, dropouts: Sequence[CountedDropout], device: torch.device) -> None:
        self._keys = torch.tensor([one.key for one in dropouts], device=device).unbind(1)
        self._thresholds = torch.tensor([[one.threshold] for one in dropouts], device=device)
        self._scales = torch.tensor([[one.scale] for one in dropouts], dtype=torch.float32, device=device)

    def __call__(self, values: Tensor, place: BatchPosition | None) -> Tensor:
        """Drop values of a minibatch, shape (b, r, ...), in training; without a place, nothing is dropped."""
        if place is None:
            return values
        key0, key1 = (key[:, None] for key in self._keys)
        words = counted_words((key0, key1), place.positions[:, None, None], place.epoch, values[0, 0].numel())
        factors = (words >= self._thresholds).to(values.dtype) * self._scales.to(values.dtype)
        if values.dim() == 3:
            return values * factors
        b, r, c, h, w = values.shape
        return values * factors.view(b, r, h, c, w).transpose(2, 3)
