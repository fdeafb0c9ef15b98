"""The features that a frozen backbone gives for the images of a split: looked up, or computed and kept."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.datasets.features import FeatureCache, FeatureKey, Features, images_digest
from ceteris.engines.engine import Preparation
from ceteris.engines.transfer.backbone import load_backbone
from ceteris.engines.transfer.extraction import Extractor
from ceteris.engines.transfer.precision import Precision
from ceteris.engines.transfer.preparation import VERSION
from ceteris.networks.backbone import FEATURES, BackboneNetwork


@dataclass(frozen=True, kw_only=True)
class ViewMaker:
    """Knows how to get features.

    Attributes:
        network: What the study says of the backbone.
        weights: The file of its weights.
        precision: In which numbers it computes.
        device: Where.
        threads: Minibatches side by side.
        cache: Where features are kept; nowhere if there is none.
    """

    network: BackboneNetwork
    weights: Path
    precision: Precision
    device: str
    threads: int
    cache: FeatureCache | None

    def prepare(self, split: Split, *, mirrored: bool) -> Iterator[Preparation]:
        """Compute what the cache lacks for a split, and tell how far it is."""
        for images, is_mirrored in self._needed(split, mirrored=mirrored):
            if self.cache is not None and self.cache.read(self._key(images, mirrored=is_mirrored)) is None:
                yield from self._keep(images, mirrored=is_mirrored)

    def rehearse(self, split: Split, *, mirrored: bool) -> Iterator[Preparation]:
        """Compute features for a split and keep none."""
        for images, is_mirrored in self._needed(split, mirrored=mirrored):
            values = np.empty((len(images), FEATURES[self.network.backbone]), np.float32)
            yield from self._fill(images, values, mirrored=is_mirrored)

    def get(self, images: LabelledImages, *, mirrored: bool = False) -> Features:
        """Give the features of images, computed now if need be."""
        if self.cache is None:
            return self._compute(images, mirrored=mirrored)
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

    def _keep(self, images: LabelledImages, *, mirrored: bool) -> Iterator[Preparation]:
        assert self.cache is not None
        key = self._key(images, mirrored=mirrored)
        with self.cache.held(key):
            if self.cache.read(key) is not None:  # another process has made it meanwhile
                return
            values = self.cache.room(key, len(images), FEATURES[self.network.backbone])
            began = time.perf_counter()
            yield from self._fill(images, values, mirrored=mirrored)
            seconds = time.perf_counter() - began
            self.cache.keep(key, values, seconds=seconds, drift=self._drift(images))

    def _compute(self, images: LabelledImages, *, mirrored: bool) -> Features:
        values = np.empty((len(images), FEATURES[self.network.backbone]), np.float32)
        began = time.perf_counter()
        for _ in self._fill(images, values, mirrored=mirrored):
            pass
        return Features(values=values, seconds=time.perf_counter() - began, drift=0.0)

    def _fill(self, images: LabelledImages, values: NDArray[np.float32], *, mirrored: bool) -> Iterator[Preparation]:
        total = len(images)
        for done in self._extractor.extract(images.images, values, mirrored=mirrored):
            yield Preparation(what=f"features of {self.network.backbone}", done=done, total=total)

    def _drift(self, images: LabelledImages) -> float:
        return self._extractor.drift(images.images)

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
