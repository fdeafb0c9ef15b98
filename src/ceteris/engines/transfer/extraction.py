"""What a frozen backbone makes of images: how they are prepared, shown to it, and their features kept."""

# n = images, b = images of a minibatch, h, w, c = height, width, channels, r = resolution, f = features

import copy
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.datasets.features import FeatureCache, FeatureKey, Features, images_digest
from ceteris.engines.engine import Places, Preparation
from ceteris.engines.transfer.backbone import folded, load_backbone, pooled
from ceteris.engines.transfer.carried import as_file, content_of
from ceteris.engines.transfer.engine import Precision
from ceteris.networks.backbone import FEATURES, Backbone, BackboneNetwork
from ceteris.resources import Requirements

VERSION = 1
"""Raised whenever the same image would be prepared differently, so that features kept before are not taken for new."""

# Mean and standard deviation of ImageNet's channels, by which torchvision normalises for all its weights.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

_INTERPOLATION = {
    Backbone.MOBILENET_V2: InterpolationMode.BILINEAR,
    Backbone.RESNET18: InterpolationMode.BILINEAR,
    Backbone.EFFICIENTNET_B0: InterpolationMode.BICUBIC,
}


def prepared(pixels_bhwc: Tensor, backbone: Backbone, resolution: int, dtype: torch.dtype) -> Tensor:
    """Resize whole images, shape (b, h, w, 1 or 3), and normalise them. Shape (b, 3, r, r), in memory channels last.

    The level of a grey pixel becomes that of each of the three channels.
    """
    resized = resized_images(pixels_bhwc, backbone, resolution).expand(-1, len(MEAN), -1, -1)
    mean = 255 * torch.tensor(MEAN, device=pixels_bhwc.device)[:, None, None]
    deviation = 255 * torch.tensor(DEVIATION, device=pixels_bhwc.device)[:, None, None]
    return ((resized.float() - mean) / deviation).to(dtype, memory_format=torch.channels_last)


def resized_images(pixels_bhwc: Tensor, backbone: Backbone, resolution: int) -> Tensor:
    """Resize whole images to the square that a backbone sees. Shape (b, 1 or 3, r, r), uint8, as the images have."""
    sides = [resolution, resolution]
    resized: Tensor = resize(pixels_bhwc.permute(0, 3, 1, 2), sides, _INTERPOLATION[backbone], antialias=True)
    return resized


# Images at once. On two AMX cores 32 was fastest of 16 to 128 (1,486 images a second at 96 x 96, 807 with 128), because
# what a block hands to the next then stays in the cache of the core.
_BATCH = {"cpu": 32}
_BATCH_ELSEWHERE = 256
_SAMPLE = 256
"""Images by which the error of a precision is measured."""


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A frozen backbone, ready to look.

    Attributes:
        network: From `load_backbone`; it is not changed.
        precision: In which numbers it computes; averages over the image are float32 always.
        threads: Minibatches computed side by side, each on one core, so that this number changes no bit.
    """

    network: nn.Sequential
    backbone: Backbone
    resolution: int
    precision: Precision
    device: str
    threads: int

    def extract(self, images: NDArray[np.uint8], out: NDArray[np.float32], *, mirrored: bool = False) -> Iterator[int]:
        """Fill `out`, shape (n, f), with the features of images, shape (n, h, w, 1 or 3); yield how many are done."""
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

    def precision_error(self, images: NDArray[np.uint8]) -> float:
        """Measure, on a sample, the root mean square error of the features to float32, relative to theirs."""
        if self.precision == "float32":
            return 0.0
        sample = images[:: max(1, len(images) // _SAMPLE)][:_SAMPLE]
        here, there = (np.empty((len(sample), FEATURES[self.backbone]), np.float32) for _ in range(2))
        for extractor, out in ((self, here), (replace(self, precision="float32"), there)):
            for _ in extractor.extract(sample, out):
                pass
        return float(np.linalg.norm(here - there) / np.linalg.norm(there))


_MOST_IN_A_PIECE = 4096
_PIECE_MEMORY = 1_000_000_000
"""Of a process that loads PyTorch and a backbone and looks at a piece."""


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Images and the frozen backbone that is to look at them, in any place.

    Attributes:
        weights: The content of the file.
        images: Shape (n, h, w, 1 or 3).
    """

    network: BackboneNetwork
    weights: NDArray[np.uint8]
    precision: Precision
    device: str
    images: NDArray[np.uint8]
    mirrored: bool


def extract_piece(work: Extraction, piece: tuple[int, int]) -> NDArray[np.float32]:
    """Give the features of the images from one index to another. Shape (images of the piece, f)."""
    first, last = piece
    with as_file(work.weights) as file:
        network = load_backbone(file, work.network.backbone)
    extractor = Extractor(
        network=network,
        backbone=work.network.backbone,
        resolution=work.network.resolution,
        precision=work.precision,
        device=work.device,
        threads=1,
    )
    values = np.empty((last - first, FEATURES[work.network.backbone]), np.float32)
    for _ in extractor.extract(work.images[first:last], values, mirrored=work.mirrored):
        pass
    return values


@dataclass(frozen=True, kw_only=True)
class FeatureSource:
    """Gets the features of a backbone from a cache, if there is one, and computes what is not there."""

    network: BackboneNetwork
    weights: Path
    precision: Precision
    device: str
    threads: int
    cache: FeatureCache | None
    brought: tuple[tuple[str, Features], ...] = ()

    def prepare(self, split: Split, *, mirrored: bool, places: Places | None = None) -> Iterator[Preparation]:
        """Compute what the cache lacks for a split, in several places if there are, and tell how far it is."""
        for images, is_mirrored in self._needed(split, mirrored=mirrored):
            if self.cache is not None and self.cache.read(self._key(images, mirrored=is_mirrored)) is None:
                yield from self._keep(images, mirrored=is_mirrored, places=places)

    def all_of(self, split: Split, *, mirrored: bool) -> Iterator[tuple[FeatureKey, Features]]:
        """Give all features of a split, with the keys they are kept under."""
        for images, is_mirrored in self._needed(split, mirrored=mirrored):
            yield self._key(images, mirrored=is_mirrored), self.get(images, mirrored=is_mirrored)

    def rehearse(self, split: Split, *, mirrored: bool) -> Iterator[Preparation]:
        """Compute features for a split and keep none."""
        for images, is_mirrored in self._needed(split, mirrored=mirrored):
            values = np.empty((len(images), FEATURES[self.network.backbone]), np.float32)
            yield from self._fill(images, values, mirrored=is_mirrored)

    def get(self, images: LabelledImages, *, mirrored: bool = False) -> Features:
        """Give the features of images, computed now if need be."""
        if self.brought:
            return dict(self.brought)[self._key(images, mirrored=mirrored).digest]
        if self.cache is None:
            values = np.empty((len(images), FEATURES[self.network.backbone]), np.float32)
            began = time.perf_counter()
            for _ in self._fill(images, values, mirrored=mirrored):
                pass
            return Features(values=values, seconds=time.perf_counter() - began, precision_error=0.0)
        key = self._key(images, mirrored=mirrored)
        found = self.cache.read(key)
        if found is None:
            for _ in self._keep(images, mirrored=mirrored):
                pass
            found = self.cache.read(key)
        assert found is not None, "it was kept a moment ago"
        return found

    def _needed(self, split: Split, *, mirrored: bool) -> Iterator[tuple[LabelledImages, bool]]:
        for images in (split.test, split.validation, split.training):
            yield images, False
        if mirrored:
            yield split.training, True

    def _keep(self, images: LabelledImages, *, mirrored: bool, places: Places | None = None) -> Iterator[Preparation]:
        assert self.cache is not None
        key = self._key(images, mirrored=mirrored)
        with self.cache.held(key):
            if self.cache.read(key) is not None:  # another process has made it meanwhile
                return
            values = self.cache.room(key, len(images), FEATURES[self.network.backbone])
            began = time.perf_counter()
            if places is None:
                yield from self._fill(images, values, mirrored=mirrored)
            else:
                yield from self._spread(images, values, places, mirrored=mirrored)
            seconds = time.perf_counter() - began
            self.cache.keep(
                key, values, seconds=seconds, precision_error=self._extractor.precision_error(images.images)
            )

    def _fill(self, images: LabelledImages, values: NDArray[np.float32], *, mirrored: bool) -> Iterator[Preparation]:
        total = len(images)
        for done in self._extractor.extract(images.images, values, mirrored=mirrored):
            yield Preparation(what=f"features of {self.network.backbone}", done=done, total=total)

    def _spread(
        self, images: LabelledImages, values: NDArray[np.float32], places: Places, *, mirrored: bool
    ) -> Iterator[Preparation]:
        """Fill `values` by pieces of whole minibatches, so that where one is computed changes no bit."""
        size = _BATCH.get(self.device, _BATCH_ELSEWHERE)
        a_piece = size * max(1, min(_MOST_IN_A_PIECE, len(images) // (4 * places.cores())) // size)
        starts = range(0, len(images), a_piece)
        pieces = [(start, min(start + a_piece, len(images))) for start in starts]
        work = Extraction(
            network=self.network,
            weights=content_of(self.weights),
            precision=self.precision,
            device=self.device,
            images=images.images,
            mirrored=mirrored,
        )
        done, what = 0, f"features of {self.network.backbone}"
        needs = Requirements(memory=_PIECE_MEMORY, device=self.device)
        with closing(places.compute(extract_piece, work, pieces, needs=needs)) as computed:
            for (first, last), features in computed:
                values[first:last] = features
                done += last - first
                yield Preparation(what=what, done=done, total=len(images))

    @cached_property
    def _extractor(self) -> Extractor:
        return Extractor(
            network=load_backbone(self.weights, self.network.backbone),
            backbone=self.network.backbone,
            resolution=self.network.resolution,
            precision=self.precision,
            device=self.device,
            threads=self.threads,
        )

    def _key(self, images: LabelledImages, *, mirrored: bool) -> FeatureKey:
        return FeatureKey(
            backbone=self.network.backbone.value,
            weights=self.network.weights_sha256,
            images=images_digest(images.images),
            resolution=self.network.resolution,
            preparation=VERSION,
            precision=f"{self.precision} on {self.device.partition(':')[0]}",
            view="mirrored" if mirrored else "plain",
        )
