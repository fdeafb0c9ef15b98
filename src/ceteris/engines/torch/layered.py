"""A study's own layers with PyTorch: in training, and as one network that predicts."""

# b = images of a batch, always 1, h, w, c = height, width, channels, k = classes

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import RunState
from ceteris.engines.initial import initial_weights
from ceteris.engines.torch.batches import pixel_table, scaled
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.engines.torch.state import fill, optimizer_of, weight_tensors
from ceteris.engines.torch.training import TorchTraining, processor_threads, usable_device
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.study.run import Run

VALUES_AT_ONCE = 2**22
"""Values that the widest layer may hold while scoring: 16 MiB in float32, so that scoring needs less than training."""


class LayeredTraining(TorchTraining):
    """One run whose network is the study's layers, from initial weights or from where it stopped."""

    def __init__(
        self,
        *,
        run: Run,
        split: Split,
        device: str,
        precision: Literal["float32", "float64"],
        threads: int,
        state: RunState | None,
    ) -> None:
        choice, settings = run.specification.network, run.specification.training
        assert not isinstance(choice, BackboneNetwork), "the PyTorch engine has said that it cannot train this"
        place, dtype = usable_device(device), torch.float64 if precision == "float64" else torch.float32
        image = Shape(*split.training.images.shape[1:])
        layers = every_layer(choice, image, split.classes)
        widest = max(image.values, *(layer.after.values for layer in layers))
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(place, dtype)
        network = LayeredNetwork(choice, image, split.classes, run.seed).to(place, dtype)
        super().__init__(
            run=run,
            split=split,
            device=place,
            threads=threads,
            network=network,
            optimizer=optimizer_of(settings, [(list(network.parameters()), settings.learning_rate)]),
            at_once=max(1, VALUES_AT_ONCE // widest),
        )
        if state is None:
            fill(self._learnt(), initial_weights(choice, image, split.classes, run.seed))
        else:
            self._restore(state, run)

    def _inputs(self, pixels: Tensor) -> Tensor:
        return scaled(pixels, self._table)

    def _learnt(self) -> dict[str, Tensor]:
        return weight_tensors(self._network)


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
