"""One run that trains the last blocks of a pretrained network."""

from pathlib import Path

import torch
from torch import Tensor

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import RunState
from ceteris.engines.torch.optimizer import optimizer_of
from ceteris.engines.torch.training import TorchTraining, usable_device
from ceteris.engines.transfer.finetuned import FineTunedNetwork
from ceteris.engines.transfer.preparation import prepared
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.shape import Shape
from ceteris.study.run import Run

_SCORED_AT_ONCE = 64


class FineTuning(TorchTraining):
    """One run in training; blocks that do not learn are in no state, and are read from their file again."""

    def __init__(
        self, *, run: Run, split: Split, weights: Path, device: str, threads: int, state: RunState | None
    ) -> None:
        choice, settings = run.specification.network, run.specification.training
        assert isinstance(choice, BackboneNetwork)
        place, image = usable_device(device), Shape(*split.training.images.shape[1:])
        network = FineTunedNetwork(run, weights, image, split.classes).to(place)
        network.to(memory_format=torch.channels_last)
        self._choice, self._fine_tuned = choice, network
        rate = choice.backbone_learning_rate or settings.learning_rate
        groups = [
            (list(network.backbone.parameters()), rate),
            (list(network.head.parameters()), settings.learning_rate),
        ]
        super().__init__(
            run=run,
            split=split,
            device=place,
            threads=threads,
            network=network,
            optimizer=optimizer_of(settings, groups),
            at_once=_SCORED_AT_ONCE,
        )
        if state is not None:
            self._restore(state, run)

    def _inputs(self, pixels: Tensor) -> Tensor:
        return prepared(pixels, self._choice.backbone, self._choice.resolution, torch.float32)

    def _learnt(self) -> dict[str, Tensor]:
        return self._fine_tuned.learnt()
