"""A pretrained backbone and a trained head as one network that predicts."""

# b = images of a batch, always 1, h, w, c = height, width, channels, k = classes

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ceteris.datasets.dataset import Split
from ceteris.engines.torch.training import processor_threads
from ceteris.engines.transfer.backbone import folded
from ceteris.engines.transfer.finetuned import FineTunedNetwork
from ceteris.engines.transfer.preparation import prepared
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


class BackbonePredictor:
    """A backbone, frozen or fine-tuned, with the head of a run; see `ceteris.engines.engine.Predictor`.

    It computes in float32 throughout, also where a head was trained on features in half precision; batch norms are
    folded into the convolutions before them.
    """

    def __init__(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split, *, pretrained: Path) -> None:
        choice, image = run.specification.network, Shape(*split.training.images.shape[1:])
        assert isinstance(choice, BackboneNetwork)
        self._choice, self._pretrained = choice, pretrained
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
            pixels = torch.from_numpy(image[None].copy())
            inputs = prepared(pixels, self._choice.backbone, self._choice.resolution, torch.float32)
            probabilities: NDArray[np.float32] = self._network(inputs).softmax(1)[0].numpy()
            return probabilities
