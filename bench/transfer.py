"""Measure transfer learning on a frozen backbone: features kept once, against computing them in every epoch.

    python bench/transfer.py --data PATH --weights mobilenet_v2.pth

Both train 16 seeds of a linear head for 10 epochs on CIFAR-10 at 96 x 96. The loop is PyTorch as in its tutorials on
transfer learning: one model a seed, the backbone in evaluation mode without gradients, float32, all cores. It is
measured on a part of one epoch and scaled, for all of it would take hours.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from host import host_lines, others_at_work
from torch.nn import functional

from ceteris.datasets.cache import file_sha256
from ceteris.datasets.choice import DataChoice, load_dataset
from ceteris.datasets.dataset import Split, split_dataset
from ceteris.datasets.features import FeatureCache
from ceteris.datasets.weights import find_weights
from ceteris.engines.transfer.backbone import load_backbone, pooled
from ceteris.engines.transfer.engine import TransferEngine
from ceteris.engines.transfer.extraction import prepared
from ceteris.networks.backbone import Backbone, BackboneNetwork
from ceteris.resources import available_cores
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

SEEDS, EPOCHS, BATCH_SIZE, RESOLUTION = 16, 10, 32, 96
LOOP_SECONDS = 20.0


def main() -> None:
    """Measure both, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a copy of CIFAR-10; else CETERIS_DATA, else the cache")
    parser.add_argument("--weights", type=Path, help="of MobileNetV2; else CETERIS_WEIGHTS, else the cache")
    arguments = parser.parse_args()
    weights = arguments.weights or _own_weights()
    if weights is None:
        print("- Transfer was not measured: there are no weights of MobileNetV2. Name some with --weights.")
        return
    data = DataChoice()
    split = split_dataset(load_dataset(data, location=arguments.data), data)
    load = others_at_work()
    for line in host_lines():
        print(f"- {line}")
    if load is not None:
        print(f"- Others at work when it began: {load:.2f} cores busy")
    extraction, heads, accuracy = kept(split, data, weights)
    loop, images = every_epoch(split, weights)
    whole = SEEDS * EPOCHS * (len(split.training) + len(split.validation)) + SEEDS * len(split.test)
    scaled = loop * whole / images
    print(f"- Features of 60,000 images, once: {extraction:.1f} s")
    print(f"- {SEEDS} seeds x {EPOCHS} epochs of the head on {len(split.training):,} images: {heads:.1f} s")
    print(f"- Mean test accuracy of the heads: {accuracy:.2%}")
    print(f"- The loop: {images:,} images in {loop:.1f} s; all {whole:,} would take {scaled:,.0f} s, scaled")
    print(f"- Kept features are faster by {scaled / (extraction + heads):,.0f}")


def _own_weights() -> Path | None:
    found = find_weights(BackboneNetwork(backbone=Backbone.MOBILENET_V2), base=Path())
    return None if found is None else found.path


def kept(split: Split, data: DataChoice, weights: Path) -> tuple[float, float, float]:
    """Give the seconds of the extraction, those of the training, and the mean test accuracy."""
    sha256 = file_sha256(weights)
    network = BackboneNetwork(backbone=Backbone.MOBILENET_V2, weights_sha256=sha256, resolution=RESOLUTION)
    training = Training(learning_rate=0.0003, batch_size=BATCH_SIZE, epochs=EPOCHS)
    specification = Specification(data=data, network=network, training=training)
    runs = [
        Run(factor="bench", variation="bench", seed=seed, specification=specification, data_digest="0" * 64)
        for seed in range(SEEDS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        cache = FeatureCache(Path(folder))
        engine = TransferEngine(weights=((sha256, weights),), cache=cache, threads=available_cores())
        began = time.perf_counter()
        for _ in engine.prepare(runs, split):
            pass
        prepared_at = time.perf_counter()
        packed = engine.start(runs, split)
        while packed.position.epoch < EPOCHS:
            packed.advance()
        outcomes = packed.outcomes()
        ended = time.perf_counter()
    accuracy = sum(outcome.test_accuracy for outcome in outcomes) / SEEDS
    return prepared_at - began, ended - prepared_at, accuracy


def every_epoch(split: Split, weights: Path) -> tuple[float, int]:
    """Train one head for a while with the backbone in the loop; give the seconds and the images."""
    torch.set_num_threads(available_cores())
    network = load_backbone(weights, Backbone.MOBILENET_V2)
    head = torch.nn.Linear(1280, split.classes)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.0003)
    order = torch.randperm(len(split.training), generator=torch.Generator().manual_seed(0)).numpy()
    images, began = 0, 0.0
    for start in range(0, len(order) - BATCH_SIZE, BATCH_SIZE):
        if start == 4 * BATCH_SIZE:  # the first ones warm up
            images, began = 0, time.perf_counter()
        chosen = order[start : start + BATCH_SIZE]
        pixels = torch.from_numpy(split.training.images[chosen])
        with torch.no_grad():
            features = pooled(network(prepared(pixels, Backbone.MOBILENET_V2, RESOLUTION, torch.float32)))
        labels = torch.from_numpy(split.training.labels[chosen].astype("int64"))
        loss = functional.cross_entropy(head(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        images += len(chosen)
        if began and time.perf_counter() - began > LOOP_SECONDS:
            break
    return time.perf_counter() - began, images


if __name__ == "__main__":
    main()
