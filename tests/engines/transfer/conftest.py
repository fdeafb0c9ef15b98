"""A backbone with random weights in a file of its own, a few images, and runs that train a head on it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import models

from ceteris.datasets.cache import file_sha256
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.datasets.features import FeatureCache
from ceteris.engines.transfer.engine import TransferEngine
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training
from tests.engines.transfer.random_backbone import random_state


@pytest.fixture(autouse=True)
def _one_thread():
    """On a busy machine, threads that wait for each other take many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """Write a state dict of MobileNetV2 as torchvision names it, classifier and all."""
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    torch.save(random_state(models.mobilenet_v2()), path)
    return path


@pytest.fixture(scope="session")
def split() -> Split:
    """40 training, 20 validation and 20 test images of three classes, told apart by their colour."""

    def images(count: int, seed: int) -> LabelledImages:
        generator = np.random.default_rng(seed)
        labels = (np.arange(count) % 3).astype(np.int32)
        pixels = generator.integers(0, 120, (count, 32, 32, 3), np.uint8)
        pixels[np.arange(count), :, :16, labels] += 100
        pixels.flags.writeable = labels.flags.writeable = False
        return LabelledImages(images=pixels, labels=labels)

    return Split(
        training=images(40, 0),
        validation=images(20, 1),
        test=images(20, 2),
        classes=3,
        scale=np.full(3, 1 / 255, np.float32),
        offset=np.zeros(3, np.float32),
    )


@pytest.fixture(scope="session")
def engine(weights, tmp_path_factory) -> TransferEngine:
    """Give an engine that knows the weights and keeps the features of all tests."""
    cache = FeatureCache(tmp_path_factory.mktemp("features"))
    return TransferEngine(weights=((file_sha256(weights), weights),), cache=cache, precision="float32")


@pytest.fixture
def make_run(weights) -> Callable[..., Run]:
    """Build a run of a head on the backbone."""
    sha256 = file_sha256(weights)

    def make(seed: int = 7, head=({"dense": "classes"},), data=None, network=None, **training: object) -> Run:
        settings = Training.model_validate({"batch_size": 16, "epochs": 3, "learning_rate": 0.01} | training)
        backbone = {"backbone": "mobilenet_v2", "resolution": 32, "weights_sha256": sha256, "head": head}
        specification = Specification(
            data=DataChoice(**(data or {})), network=BackboneNetwork(**(backbone | (network or {}))), training=settings
        )
        return Run(factor="f", variation="v", seed=seed, specification=specification, data_digest="0" * 64)

    return make
