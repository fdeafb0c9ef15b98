"""Dropout whose mask is looked up, not drawn, so that every engine drops the same values."""

# b = images of a minibatch, c = channels, h, w = height, width, n = values of one image

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ceteris.engines.streams import stream_key

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which images of which epoch a minibatch holds.

    Attributes:
        epoch: Epochs done before this one.
        positions: Places of the images in the epoch's order. Shape (b,), int64.
    """

    epoch: int
    positions: Tensor


class CountedDropout(nn.Module):
    """Zeroes values that the run's own stream of random words names, and scales the others by 1 / (1 - p).

    Value i of an image, counted [row][channel][column], is dropped if word i at (epoch, position) is below p * 2**32.
    Method: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
    """

    def __init__(self, probability: float, *, seed: int, stream: str) -> None:
        super().__init__()
        self.threshold = round(probability * 2**32)
        self.scale = float(np.float32(1 / (1 - probability)))
        self.key = stream_key(seed, stream)

    def forward(self, values: Tensor, place: Place | None) -> Tensor:
        """Drop values of a minibatch in training; without a place, nothing is dropped.

        Args:
            values: Images of shape (b, c, h, w), or features of shape (b, n).
            place: Where the images stand in training.
        """
        if place is None:
            return values
        words = minibatch_words(self.key, place, values[0].numel())
        if values.dim() == 4:
            images, channels, height, width = values.shape
            words = words.view(images, height, channels, width).transpose(1, 2)
        return values * ((words >= self.threshold).to(values.dtype) * self.scale)


def minibatch_words(key: tuple[int, int], place: Place, count: int) -> Tensor:
    """Look up what `ceteris.engines.streams.words` gives, for every image of a minibatch and on its device.

    Args:
        key: From `stream_key`.
        place: Epoch and positions of the images.
        count: Words per image.

    Returns:
        Shape (b, count), int64, each in [0, 2**32).
    """
    blocks = -(-count // 4)
    device = place.positions.device
    word0 = torch.arange(blocks, device=device)[None, :]
    word1 = place.positions[:, None]
    word2 = torch.full((1, 1), place.epoch, device=device)
    word3 = torch.zeros((1, 1), dtype=torch.int64, device=device)
    key0, key1 = key
    for _ in range(_ROUNDS):
        # A product of two words may pass 2**63 and wrap; its 64 bits are right, so both halves are after the mask.
        product0, product1 = word0 * _MULTIPLIERS[0], word2 * _MULTIPLIERS[1]
        high0, high1 = (product0 >> 32) & _WORD, (product1 >> 32) & _WORD
        word0, word1, word2, word3 = high1 ^ word1 ^ key0, product1 & _WORD, high0 ^ word3 ^ key1, product0 & _WORD
        key0, key1 = (key0 + _WEYL[0]) & _WORD, (key1 + _WEYL[1]) & _WORD
    return torch.stack((word0, word1, word2, word3), dim=-1).reshape(len(place.positions), -1)[:, :count]
