"""A pretrained network whose last blocks learn with its head, as a PyTorch module."""

# b = images of a minibatch, c = channels, h, w = height, width, f = features, k = classes

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from ceteris.engines.initial import initial_weights
from ceteris.engines.torch.dropout import Place
from ceteris.engines.torch.network import LayerModules
from ceteris.engines.transfer.backbone import folded, load_backbone, pooled
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

    def forward(self, images_bchw: Tensor, place: Place | None = None) -> Tensor:
        """Give the logits, shape (b, k).

        Args:
            images_bchw: As `prepared` gives them.
            place: Where the images stand in training; without, nothing is dropped and no statistics are updated.
        """
        for norm in self._norms():
            norm.train(place is not None and self.updates_statistics)
        with torch.no_grad():
            values: Tensor = self.frozen(images_bchw)
        for block in self.backbone.values():
            values = block(values)
        values = pooled(values)[:, :, None, None]
        logits: Tensor = self.head(values, place)
        return logits

    def learnt(self) -> dict[str, Tensor]:
        """Name what changes in training: parameters, and statistics if they are updated."""
        state = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("frozen.")}
        if self.updates_statistics:
            return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
        parameters = dict(self.named_parameters())
        return {name: tensor for name, tensor in state.items() if name in parameters}

    def _norms(self) -> Iterator[nn.Module]:
        return (module for module in self.backbone.modules() if isinstance(module, nn.BatchNorm2d))
