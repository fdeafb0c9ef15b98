"""A study of heads on a backbone with random weights, really trained, in a second or two."""

from pathlib import Path
from unittest import mock

import torch
from torchvision import models

from ceteris.engines.streams import initial_weights
from ceteris.execution.engines import choose_engines, find_backbones
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.inference.ensemble import Ensemble
from ceteris.inference.pretrained import Pretrained
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.shape import Shape
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


def fine_tuned(folder: Path, backbone: str, *, resolution: int, head: tuple[dict[str, object], ...]) -> Ensemble:
    """Give a network on random weights, its last block trained further: other numbers than the file has.

    Args:
        folder: Where to put the weights.
        backbone: Which one.
        resolution: Side that its images of 36 x 40 pixels are resized to.
        head: Its layers.
    """
    network = BackboneNetwork(backbone=backbone, resolution=resolution, train="last 1 block", head=head)
    pretrained = Pretrained(network=network, file=write_weights(folder, backbone), precisions=("float32",))
    image, class_names = Shape(36, 40, 3), ("ant", "bee", "cat", "dog")
    weights = dict(initial_weights(network, image, len(class_names), 3))
    last = len(pretrained.blocks) - 1
    for name, tensor in pretrained.blocks[last].named_parameters():
        weights[f"backbone.{last}.{name}"] = (1.1 * tensor.detach()).numpy()
    return Ensemble(
        arm="fine",
        seeds=(3,),
        network=network,
        weights=(weights,),
        image=image,
        scale=(1.0, 1.0, 1.0),
        offset=(0.0, 0.0, 0.0),
        class_names=class_names,
        pretrained=pretrained,
    )


def train_heads(folder: Path) -> Path:
    """Train heads on two backbones beside the baseline, and `tuned`, whose last block learns with its head.

    Weights are `weights/` beside the results.
    """
    weights = folder / "weights"
    weights.mkdir(parents=True)
    variations = []
    for backbone, head in HEADS.items():
        write_weights(weights, backbone)
        network = {"backbone": backbone, "weights": f"weights/{backbone}.pth", "resolution": 33, "head": head}
        variations.append({"factor": "transfer", "name": backbone, "network": network})
    variations.append({"factor": "transfer", "name": "tuned", "network": network | {"train": "last 1 block"}})
    study = trained_study(variation=variations, seeds=2, baseline_seeds=2)
    found = find_backbones(study, base=folder)
    assert not found.skipped
    # How long a prediction takes is measured all the same, for a shorter time.
    with mock.patch("ceteris.execution.prediction_time._SECONDS", 0.05):
        for _ in run_study(
            found.study,
            trained_dataset(),
            folder=folder / "results" / "study",
            engines=(*choose_engines().engines, *found.engines),
            executor=LocalExecutor(threads=1),
        ):
            pass
    return folder / "results" / "study"
