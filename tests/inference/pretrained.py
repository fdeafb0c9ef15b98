"""A study of heads on a backbone with random weights, really trained, in a second or two."""

import os
from pathlib import Path
from unittest import mock

import torch
from torchvision import models

from ceteris.execution.engines import choose_engines, find_backbones
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from tests.engines.transfer.random_backbone import random_state
from tests.inference.trained import trained_dataset, trained_study

HEADS = {
    "mobilenet_v2": ({"dropout": 0.1}, {"dense": 6, "activation": "tanh"}, {"dense": "classes"}),
    "resnet18": ({"dense": "classes"},),
}


def write_weights(folder: Path, backbone: str) -> Path:
    """Write a state dict as torchvision offers them."""
    path = folder / f"{backbone}.pth"
    torch.save(random_state(getattr(models, backbone)()), path)
    return path


def train_heads(folder: Path, *, seeds: int = 3, tuned: bool = False) -> Path:
    """Train heads on two backbones beside the baseline; their weights are `weights/` beside the results.

    Args:
        folder: Where to put weights and results.
        seeds: How many.
        tuned: Whether to train a third variation, `tuned`, whose last block learns with its head.
    """
    weights = folder / "weights"
    weights.mkdir(parents=True)
    variations = []
    for backbone, head in HEADS.items():
        write_weights(weights, backbone)
        network = {"backbone": backbone, "weights": f"weights/{backbone}.pth", "resolution": 33, "head": head}
        variations.append({"factor": "transfer", "name": backbone, "network": network})
    if tuned:
        variations.append({"factor": "transfer", "name": "tuned", "network": network | {"train": "last 1 block"}})
    study = trained_study(variation=variations, seeds=seeds)
    found = find_backbones(study, base=folder)
    assert not found.skipped
    with mock.patch.object(os, "fsync"):
        for _ in run_study(
            found.study,
            trained_dataset(),
            folder=folder / "results" / "study",
            engines=(*choose_engines().engines, *found.engines),
            executor=LocalExecutor(threads=1),
        ):
            pass
    return folder / "results" / "study"
