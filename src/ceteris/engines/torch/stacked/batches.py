"""Minibatches of many runs at once: each run has its own order of images, its own views of them, its own mixtures."""

# n = images of an epoch, b = images of a minibatch, r = runs, c = channels, h, w = height, width

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.engines.augmentation import plain_views, views
from ceteris.engines.streams import stream_key
from ceteris.engines.torch.batches import DeviceImages, seen
from ceteris.engines.torch.joint.arrays import as_tensor
from ceteris.engines.torch.mixing import Mixture, mixture
from ceteris.engines.torch.network import BatchPosition, counted_words
from ceteris.networks.shape import Shape
from ceteris.study.run import Run

_TOP_BIT = 2**31


@dataclass(frozen=True, kw_only=True)
class StackedPlan:
    """How one epoch of each run samples its images.

    Attributes:
        order: Image of each place. Shape (n, r), int64.
        views: As `augmentation.views` gives them; None if no run changes images. Shape (n, r, 10), int16.
    """

    epoch: int
    order: Tensor
    views: Tensor | None


@dataclass(frozen=True, kw_only=True)
class StackedMinibatch:
    """Images of one step of every run.

    Attributes:
        pixels: As they are seen. Shape (b, r, h, w, c), uint8.
        labels: Shape (b, r), int64.
    """

    pixels: Tensor
    labels: Tensor
    place: BatchPosition


def stacked_plan(
    runs: Sequence[Run], epoch: int, places: Sequence[NDArray[np.int32]], image: Shape, device: torch.device
) -> StackedPlan:
    """Look up how an epoch of each run samples its images, whose indices `sampled_indices` gives."""
    count = len(places[0])
    order_rn = orders([run.seed for run in runs], epoch, count, device)
    sampled_rn = torch.from_numpy(np.stack(places)).to(device, torch.int64)
    drawn = [views(run.seed, epoch, count, run.specification.training, image) for run in runs]
    rows_nrv = None
    if any(rows is not None for rows in drawn):
        stacked = np.stack([plain_views(count) if rows is None else rows for rows in drawn], axis=1)
        rows_nrv = torch.from_numpy(stacked).to(device)
    return StackedPlan(epoch=epoch, order=sampled_rn.gather(1, order_rn).T.contiguous(), views=rows_nrv)


def orders(seeds: Sequence[int], epoch: int, images: int, device: torch.device) -> Tensor:
    """Give `streams.order` of each seed, drawn and sorted on the device. Shape (r, images), int64."""
    keys = torch.tensor([stream_key(seed, "order") for seed in seeds], device=device)
    start = torch.zeros((len(seeds), 1), dtype=torch.int64, device=device)
    words_rn2 = counted_words((keys[:, :1], keys[:, 1:]), start, epoch, 2 * images).view(-1, images, 2)
    # Two words make an unsigned number of 64 bits; less 2**63, its order is that of signed ones.
    ranks_rn = ((words_rn2[:, :, 1] - _TOP_BIT) << 32) | words_rn2[:, :, 0]
    return ranks_rn.argsort(dim=1, stable=True)


def stacked_minibatch(images: DeviceImages, plan: StackedPlan, start: int, count: int) -> StackedMinibatch:
    """Gather the images at places `start` to `start + count` of an epoch; the last minibatch may be smaller."""
    chosen_br = plan.order[start : start + count]
    flat = chosen_br.flatten()
    if plan.views is None:
        pixels = images.pixels.index_select(0, flat)
    else:
        pixels = seen(images.pixels, flat, plan.views[start : start + count].flatten(0, 1).to(torch.int64))
    return StackedMinibatch(
        pixels=pixels.view(*chosen_br.shape, *pixels.shape[1:]),
        labels=images.labels[chosen_br],
        place=BatchPosition(
            epoch=plan.epoch, positions=torch.arange(start, start + len(chosen_br), device=flat.device)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class StackedMixture:
    """How the images of a minibatch of each run are mixed; see `Mixture`.

    Attributes:
        own: Shape (r,), in the type of the network.
        partners: Shape (b, r), int64.
        boxes: Whether a pixel comes from the partner; None if all pixels are weighted means. Shape (r, h, w, 1), bool.
    """

    own: Tensor
    partners: Tensor
    boxes: Tensor | None

    def pasted(self, pixels: Tensor) -> Tensor:
        """Put the partners' rectangles into pixels, shape (b, r, h, w, c), uint8."""
        return pixels if self.boxes is None else torch.where(self.boxes, self._of_partners(pixels), pixels)

    def blended(self, inputs: Tensor) -> Tensor:
        """Take weighted means of what the network sees, shape (b, r, c, h, w)."""
        if self.boxes is not None:
            return inputs
        own = self.own[:, None, None, None]
        return own * inputs + (1 - own) * self._of_partners(inputs)

    def partner_labels(self, labels: Tensor) -> Tensor:
        """Give the classes of the partners, shape (b, r), of an image's own."""
        return self._of_partners(labels)

    def larger(self, labels: Tensor) -> Tensor:
        """Give the class of which an image has the larger share, its own if they are equal. Shape (b, r)."""
        return torch.where(self.own >= 0.5, labels, self._of_partners(labels))

    def _of_partners(self, values: Tensor) -> Tensor:
        return values[self.partners, torch.arange(values.shape[1], device=values.device)]


def stacked_mixture(
    runs: Sequence[Run], epoch: int, place: int, count: int, image: Shape, like: Tensor
) -> StackedMixture | None:
    """Draw how the minibatch of each run is mixed, in the type and on the device of a tensor; None if it is not."""
    drawn = [mixture(run.seed, epoch, place, count, run.specification.training, image) for run in runs]
    mixed = [one for one in drawn if one is not None]
    if not mixed:
        return None
    boxes = None
    if any(one.box is not None for one in mixed):
        boxes = torch.from_numpy(np.stack([_mask(one, image) for one in mixed])).to(like.device)
    return StackedMixture(
        own=as_tensor(np.array([one.own for one in mixed]), like),
        partners=torch.from_numpy(np.stack([one.partners for one in mixed], axis=1)).to(like.device),
        boxes=boxes,
    )


def _mask(mixture: Mixture, image: Shape) -> NDArray[np.bool_]:
    mask = np.zeros((image.height, image.width, 1), np.bool_)
    if mixture.box is not None:
        mask[mixture.box] = True
    return mask
