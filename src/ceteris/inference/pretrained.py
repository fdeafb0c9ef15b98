"""The pretrained backbone of networks that were trained on it: found again, and asked once for all of them."""

# s = seeds of a variation, n = images, h, w, c = height, width, channels, k = classes

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.weights import find_same_weights
from ceteris.engines.transfer.engine import Precision, features_of
from ceteris.errors import DataError, ResultsError
from ceteris.inference.forward import Weights, class_probabilities
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.resources import available_cores
from ceteris.results.record import RunRecord
from ceteris.results.results import Results

if TYPE_CHECKING:
    from torch import nn

    from ceteris.engines.transfer.extraction import Extractor


@dataclass(frozen=True, kw_only=True, eq=False)
class Pretrained:
    """The backbone of networks that differ in their seed only.

    Attributes:
        file: Its pretrained weights: the very bytes of the training.
        precisions: In which numbers the backbone of each seed computes.
        note: What a reader must know of how it computes here; empty if it computes as in training.
    """

    network: BackboneNetwork
    file: Path
    precisions: tuple[Precision, ...]
    note: str = ""

    def probabilities(self, weights: Sequence[Weights], images_nhwc: NDArray[np.uint8]) -> Values:
        """Show images to every network: prepared as in training, through the backbone, then through each head.

        What all networks share is computed once for all: the whole backbone where the heads alone were trained, else
        the blocks before the first one that was.

        Args:
            weights: Of each seed, what was trained, as `weights.safetensors` names it.
            images_nhwc: Shape (n, h, w, c), with one channel or three; the backbone sees them at its own resolution.

        Returns:
            Shape (s, n, k), float32, as `class_probabilities` gives it.
        """
        from ceteris.inference import backbone  # noqa: PLC0415 - torch is optional, and slow to load

        if self.network.is_frozen:
            kinds = {kind: backbone.frozen_features(one, images_nhwc) for kind, one in self._extractors.items()}
            features = [kinds[kind] for kind in self.precisions]
        else:
            features = backbone.fine_tuned_features(
                self.network, self.blocks, weights, images_nhwc, threads=available_cores()
            )
        head = Network(layers=self.network.head)  # sees features as images of one pixel
        answers = [
            class_probabilities(head, head_weights(own), features_nf[:, :, None, None])
            for own, features_nf in zip(weights, features, strict=True)
        ]
        return np.stack(answers)

    def alone(self, place: int) -> "Pretrained":
        """Give the backbone of one of the networks, by its place; the weights are read once for all of them."""
        one = replace(self, precisions=(self.precisions[place],))
        vars(one)["blocks"] = self.blocks
        return one

    @cached_property
    def blocks(self) -> "nn.Sequential":
        """The backbone with its pretrained weights, as `load_backbone` gives it; do not change it."""
        from ceteris.engines.transfer.backbone import load_backbone  # noqa: PLC0415 - torch is optional, slow to load

        return load_backbone(self.file, self.network.backbone)

    @cached_property
    def _extractors(self) -> "dict[Precision, Extractor]":
        """One for each precision in which features were computed."""
        from ceteris.engines.transfer.extraction import Extractor  # noqa: PLC0415 - torch is optional, slow to load

        return {
            precision: Extractor(
                network=self.blocks,
                backbone=self.network.backbone,
                resolution=self.network.resolution,
                precision=precision,
                device="cpu",
                threads=available_cores(),
            )
            for precision in dict.fromkeys(self.precisions)
        }


def find_pretrained(results: Results, records: Sequence[RunRecord]) -> Pretrained:
    """Find the backbone of finished runs of one variation.

    Raises:
        ResultsError: If PyTorch is missing, or the weights are not here.
    """
    network, arm = records[0].run.specification.network, records[0].run.variation
    assert isinstance(network, BackboneNetwork)
    file = find_backbone_file(results, arm, network)
    if not network.is_frozen:
        return Pretrained(network=network, file=file, precisions=tuple[Precision, ...]("float32" for _ in records))
    computed = [features_of(one.arithmetic) for one in records]
    elsewhere = sorted({kind for _, kind in computed} - {"cpu"})
    note = (
        f"The features of '{arm}' were computed on {elsewhere[0]} in training, and are computed on cpu here: "
        "probabilities differ in their last digits."
        if elsewhere
        else ""
    )
    return Pretrained(network=network, file=file, precisions=tuple(kind for kind, _ in computed), note=note)


def find_backbone_file(results: Results, arm: str, network: BackboneNetwork) -> Path:
    """Find the pretrained weights of a variation, trained already or not.

    Raises:
        ResultsError: If PyTorch is missing, or the weights are not here.
    """
    if any(importlib.util.find_spec(name) is None for name in ("torch", "torchvision")):
        raise ResultsError(
            f"'{arm}' begins with a pretrained {network.backbone}, which needs PyTorch and torchvision, and they are "
            "not installed. Install them with `pip install torch torchvision`, or name another variation."
        )
    try:
        return find_same_weights(network, bases=(Path(), *results.folder.path.resolve().parents[:2]))
    except DataError as error:
        raise ResultsError(f"'{arm}': {error}") from error


def head_weights(weights: Weights) -> Mapping[str, Values]:
    """Give the weights of the head under the names that they have in a network of its own."""
    heads = {name: array for name, array in weights.items() if name.startswith("head.")}
    return {f"layers.{name.removeprefix('head.')}": array for name, array in heads.items()}
