"""The features that a pretrained backbone gives for images, frozen or with the blocks that were trained further."""

# n = images, h, w = height and width, f = features

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ceteris.engines.torch.training import processor_threads
from ceteris.engines.transfer.backbone import folded, pooled
from ceteris.engines.transfer.extraction import Extractor, prepared
from ceteris.inference.forward import Weights
from ceteris.networks.backbone import FEATURES, BackboneNetwork
from ceteris.networks.layer import Values

_AT_ONCE = 64
"""Images that a fine-tuned backbone looks at together, as when its run was scored."""


def frozen_features(extractor: Extractor, images_nhwc: NDArray[np.uint8]) -> Values:
    """Compute features as for the training of heads, by the same code.

    Args:
        extractor: Of the backbone.
        images_nhwc: Shape (n, h, w, 3).

    Returns:
        Shape (n, f), float32.
    """
    features = np.empty((len(images_nhwc), FEATURES[extractor.backbone]), np.float32)
    for _ in extractor.extract(images_nhwc, features):
        pass
    return features


def fine_tuned_features(
    network: BackboneNetwork,
    blocks: nn.Sequential,
    weights: Sequence[Weights],
    images_nhwc: NDArray[np.uint8],
    *,
    threads: int,
) -> list[Values]:
    """Compute the features of runs that trained the last blocks each for itself; what comes before them once.

    Args:
        network: Says how many blocks were trained.
        blocks: From `load_backbone`.
        weights: Of each run.
        images_nhwc: Shape (n, h, w, 3).
        threads: For each operation.

    Returns:
        One array for each run. Shape (n, f), float32.
    """
    first = len(blocks) - network.trained_blocks
    layout = torch.channels_last
    shared = folded(copy.deepcopy(blocks[:first])).to(memory_format=layout)
    own = [trained_blocks(blocks, each)[first:].to(memory_format=layout) for each in weights]
    parts: list[list[Values]] = [[] for _ in weights]
    with torch.inference_mode(), processor_threads(threads):
        for start in range(0, len(images_nhwc), _AT_ONCE):
            pixels = torch.from_numpy(images_nhwc[start : start + _AT_ONCE].copy())
            values = shared(prepared(pixels, network.backbone, network.resolution, torch.float32))
            for part, last in zip(parts, own, strict=True):
                part.append(pooled(last(values)).numpy())
    return [np.concatenate(part) for part in parts]


def trained_blocks(blocks: nn.Sequential, weights: Weights) -> nn.Sequential:
    """Copy a backbone, and give the blocks that a run has trained the weights that it left.

    Args:
        blocks: From `load_backbone`.
        weights: Of the run.
    """
    changed = copy.deepcopy(blocks)
    state = changed.state_dict()
    for name, array in weights.items():
        part, _, place = name.partition(".")
        if part == "backbone":
            state[place].copy_(torch.from_numpy(array))
    return changed
