"""A study's own layers, trained, as one network that predicts."""

# b = images of a batch, always 1, h, w, c = height, width, channels, k = classes

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from ceteris.datasets.dataset import Split
from ceteris.engines.torch.batches import pixel_table, scaled
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.engines.torch.state import weight_tensors
from ceteris.engines.torch.training import processor_threads
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


class LayeredPredictor:
    """Layers with the weights of a run; see `ceteris.engines.engine.Predictor`."""

    pretrained_bytes = 0

    def __init__(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> None:
        choice, image = run.specification.network, Shape(*split.training.images.shape[1:])
        assert not isinstance(choice, BackboneNetwork), "the PyTorch engine has said that it knows no backbone"
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(torch.float32)
        self._network = LayeredNetwork(choice, image, split.classes, run.seed)
        with torch.no_grad():
            for name, tensor in weight_tensors(self._network).items():
                tensor.copy_(torch.from_numpy(weights[name]))
        self._network.eval()

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Go from pixels, shape (h, w, c), to class probabilities, shape (k,), on one core."""
        with processor_threads(1), torch.inference_mode():
            logits_bk = self._network(scaled(torch.from_numpy(image[None].copy()), self._table))
            probabilities: NDArray[np.float32] = logits_bk.softmax(1)[0].numpy()
            return probabilities
