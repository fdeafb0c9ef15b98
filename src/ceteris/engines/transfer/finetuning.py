"""A pretrained network whose last blocks learn with its head: as a module, in training, and to predict."""

# b = images of a minibatch, c = channels, h, w = height, width, f = features, k = classes

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import RunState
from ceteris.engines.streams import initial_weights
from ceteris.engines.torch.batches import optimizer_of
from ceteris.engines.torch.mirrored import scored_logits
from ceteris.engines.torch.network import BatchPosition, LayerModules
from ceteris.engines.torch.training import TorchTraining, processor_threads, usable_device
from ceteris.engines.transfer.backbone import folded, load_backbone, pooled
from ceteris.engines.transfer.extraction import prepared
from ceteris.networks.backbone import BackboneNetwork, Statistics
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


class FineTunedNetwork(nn.Module):
    """Blocks that stay as they came, blocks that learn, and a head; named as in `weights.safetensors`.

    Whatever a backbone does at random while it learns (EfficientNet leaves out blocks) is switched off, so that a run
    is decided by its seed alone.

    Attributes:
        frozen: The first blocks, batch norm folded into their convolutions.
        backbone: The blocks that learn, under the numbers they have in the whole.
        head: Dense layers and dropout.
    """

    def __init__(self, run: Run, weights: Path, image: Shape, classes: int) -> None:
        super().__init__()
        network = run.specification.network
        assert isinstance(network, BackboneNetwork)
        blocks = list(load_backbone(weights, network.backbone))
        first = len(blocks) - network.trained_blocks
        self.frozen = folded(nn.Sequential(*blocks[:first])).requires_grad_(requires_grad=False)
        self.backbone = nn.ModuleDict({str(first + index): block for index, block in enumerate(blocks[first:])})
        self.head = LayerModules(placed_layers(network, image, classes), run.seed)
        self.updates_statistics = network.batch_norm is Statistics.UPDATED
        state = self.state_dict()
        for name, array in initial_weights(network, image, classes, run.seed).items():
            state[name].copy_(torch.from_numpy(array))
        self.eval()

    def forward(self, images_bchw: Tensor, place: BatchPosition | None = None) -> Tensor:
        """Give the logits, shape (b, k), of images as `prepared` gives them.

        Without their place in training nothing is dropped and no statistics are updated.
        """
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train(place is not None and self.updates_statistics)
        with torch.no_grad():
            values: Tensor = self.frozen(images_bchw)
        for block in self.backbone.values():
            values = block(values)
        values = pooled(values)[:, :, None, None]
        logits: Tensor = self.head(values, place)
        return logits

    def trained(self) -> dict[str, Tensor]:
        """Name what changes in training: parameters, and statistics if they are updated."""
        state = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("frozen.")}
        if self.updates_statistics:
            return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
        parameters = dict(self.named_parameters())
        return {name: tensor for name, tensor in state.items() if name in parameters}


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

    def _trained(self) -> dict[str, Tensor]:
        return self._fine_tuned.trained()


class BackbonePredictor:
    """A backbone, frozen or fine-tuned, with the head of a run; see `ceteris.engines.engine.Predictor`.

    It computes in float32 throughout, also where a head was trained on features in half precision; batch norms are
    folded into the convolutions before them.
    """

    def __init__(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split, *, pretrained: Path) -> None:
        choice, image = run.specification.network, Shape(*split.training.images.shape[1:])
        assert isinstance(choice, BackboneNetwork)
        self._choice, self._pretrained = choice, pretrained
        self._flip = run.specification.training.test_time_flip
        network = FineTunedNetwork(run, pretrained, image, split.classes)
        state = network.state_dict()
        with torch.no_grad():
            for name, array in weights.items():
                state[name].copy_(torch.from_numpy(array))
        folded(nn.Sequential(*network.backbone.values()))
        self._network = network.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)

    @property
    def pretrained_bytes(self) -> int:
        """Size of the file that the backbone's weights came in, a classifier that is not used included."""
        return self._pretrained.stat().st_size

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Go from pixels, shape (h, w, c), to class probabilities, shape (k,), on one core."""
        with processor_threads(1), torch.inference_mode():
            pixels_bhwc = torch.from_numpy(image[None].copy())
            logits_bk = scored_logits(self._network, pixels_bhwc, self._inputs, flip=self._flip)
            probabilities: NDArray[np.float32] = logits_bk.softmax(1)[0].numpy()
            return probabilities

    def _inputs(self, pixels: Tensor) -> Tensor:
        return prepared(pixels, self._choice.backbone, self._choice.resolution, torch.float32)
