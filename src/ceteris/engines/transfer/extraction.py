"""Shows images to a frozen backbone, once, as fast as the machine can."""

# n = images, b = images of a minibatch, h, w, c = height, width, channels, f = features

import copy
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ceteris.engines.transfer.backbone import folded, pooled
from ceteris.engines.transfer.precision import Precision
from ceteris.engines.transfer.preparation import prepared
from ceteris.networks.backbone import FEATURES, Backbone

# Images at once. On two AMX cores 32 was fastest of 16 to 128 (1,486 images a second at 96 x 96, 807 with 128), because
# what a block hands to the next then stays in the cache of the core.
_BATCH = {"cpu": 32}
_BATCH_ELSEWHERE = 256
_SAMPLE = 256
"""Images by which the drift of a precision is measured."""


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A frozen backbone, ready to look.

    Attributes:
        network: From `load_backbone`; it is not changed.
        backbone: Which one it is.
        resolution: Side in pixels that images are resized to.
        precision: In which numbers it computes; averages over the image are float32 always.
        device: Where.
        threads: Minibatches computed side by side, each on one core, so that this number changes no bit.
    """

    network: nn.Sequential
    backbone: Backbone
    resolution: int
    precision: Precision
    device: str
    threads: int

    def extract(self, images: NDArray[np.uint8], out: NDArray[np.float32], *, mirrored: bool = False) -> Iterator[int]:
        """Fill `out` with the features of images, and tell how far it is; close the iterator to stop early.

        Args:
            images: Shape (n, h, w, 3).
            out: Shape (n, f).
            mirrored: Whether the images are mirrored left to right first.

        Yields:
            How many images are done, after each minibatch.
        """
        dtype, network = getattr(torch, self.precision), self._ready
        size = _BATCH.get(self.device, _BATCH_ELSEWHERE)

        def look(start: int) -> int:
            torch.set_num_threads(1)  # of this thread of the program alone
            with torch.inference_mode():
                pixels = torch.from_numpy(images[start : start + size].copy()).to(self.device)
                pixels = pixels.flip(2) if mirrored else pixels
                features = pooled(network(prepared(pixels, self.backbone, self.resolution, dtype)))
                out[start : start + size] = features.cpu().numpy()
            return len(pixels)

        threads = self.threads if self.device == "cpu" else 1
        with ThreadPoolExecutor(threads) as pool:
            waiting: list[Future[int]] = [pool.submit(look, start) for start in range(0, len(images), size)]
            done = 0
            try:
                for future in waiting:
                    done += future.result()
                    yield done
            finally:
                pool.shutdown(cancel_futures=True)

    @cached_property
    def _ready(self) -> nn.Sequential:
        """The network where and in the numbers it computes, made once."""
        network = folded(copy.deepcopy(self.network)).to(self.device, getattr(torch, self.precision))
        return network.to(memory_format=torch.channels_last)

    def drift(self, images: NDArray[np.uint8]) -> float:
        """Measure what the precision does to features, on a sample of images.

        Returns:
            The root mean square of what differs from float32, relative to that of the features; 0 for float32.
        """
        if self.precision == "float32":
            return 0.0
        sample = images[:: max(1, len(images) // _SAMPLE)][:_SAMPLE]
        exact = Extractor(
            network=self.network,
            backbone=self.backbone,
            resolution=self.resolution,
            precision="float32",
            device=self.device,
            threads=self.threads,
        )
        here, there = (np.empty((len(sample), FEATURES[self.backbone]), np.float32) for _ in range(2))
        for extractor, out in ((self, here), (exact, there)):
            for _ in extractor.extract(sample, out):
                pass
        return float(np.linalg.norm(here - there) / np.linalg.norm(there))
