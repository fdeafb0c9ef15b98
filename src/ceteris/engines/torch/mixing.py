"""Mixup and cutmix: which images of a minibatch are mixed, and how, by counted random numbers."""

# b = images of a minibatch, c = channels, h, w = height, width, k = classes

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaincinv
from torch import Tensor

from ceteris.engines.streams import words
from ceteris.networks.shape import Shape
from ceteris.training.training import Training

_BEFORE_KEYS = 4  # words: of the share, of the centre's row and column, and one that is not used


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How the images of a minibatch are mixed.

    Attributes:
        own: Share of an image's own pixels and class, in [0, 1], exact in float32.
        partners: For each image the one it is mixed with. Shape (b,), int64.
        box: Rows and columns that come from the partner, from and to before; None if all pixels are weighted means.
    """

    own: float
    partners: NDArray[np.int64]
    box: tuple[slice, slice] | None

    def pasted(self, pixels: Tensor) -> Tensor:
        """Put the partners' rectangles into pixels, shape (b, h, w, c), uint8."""
        if self.box is None:
            return pixels
        mixed = pixels.clone()
        mixed[:, *self.box] = pixels[self._partners(pixels)][:, *self.box]
        return mixed

    def blended(self, inputs: Tensor) -> Tensor:
        """Take weighted means of what the network sees, shape (b, c, h, w)."""
        if self.box is not None:
            return inputs
        return self.own * inputs + (1 - self.own) * inputs[self._partners(inputs)]

    def loss(self, of_labels: Callable[[Tensor], Tensor], labels: Tensor) -> Tensor:
        """Weigh the losses by an image's own classes, shape (b,), and by its partner's."""
        return self.own * of_labels(labels) + (1 - self.own) * of_labels(labels[self._partners(labels)])

    def larger(self, labels: Tensor) -> Tensor:
        """Give the class of which an image has the larger share, its own if they are equal. Shape (b,)."""
        return labels if self.own >= 0.5 else labels[self._partners(labels)]

    def _partners(self, like: Tensor) -> Tensor:
        return torch.from_numpy(self.partners).to(like.device)


def mixture(seed: int, epoch: int, place: int, count: int, training: Training, image: Shape) -> Mixture | None:
    """Draw how the minibatch of `count` images from a place of an epoch on is mixed; None if it is not.

    Partners are a permutation of the minibatch. The share is the quantile of Beta(alpha, alpha) at an even number,
    rounded to float32, so that machines whose last bits of it differ have the same.
    """
    alpha = training.mixup or training.cutmix
    if not alpha:
        return None
    stream = "mixup" if training.mixup else "cutmix"
    drawn = words(seed, stream, _BEFORE_KEYS + 2 * count, epoch=epoch, position=place)
    own = float(np.float32(betaincinv(alpha, alpha, (float(drawn[0]) + 0.5) / 2**32)))
    partners = np.argsort(drawn[_BEFORE_KEYS:].view(np.uint64), kind="stable")
    if training.mixup:
        return Mixture(own=own, partners=partners, box=None)
    part = math.sqrt(1 - own)  # of each side
    rows, columns = (
        _cut(int(word), side, int(side * part))
        for word, side in zip(drawn[1:3], (image.height, image.width), strict=True)
    )
    pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
    kept = float(np.float32(1 - pixels / (image.height * image.width)))
    return Mixture(own=kept, partners=partners, box=(rows, columns))


def _cut(word: int, side: int, length: int) -> slice:
    """Give the pixels of a stretch around any pixel of a side, cut at its ends."""
    first = (word * side >> 32) - length // 2
    return slice(max(first, 0), max(min(first + length, side), 0))
