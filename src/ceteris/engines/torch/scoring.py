"""How well a network does on images that it does not learn from."""

# b = images of a batch, k = classes

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ceteris.engines.engine import mean_loss_and_accuracy
from ceteris.engines.torch.batches import DeviceImages, scaled
from ceteris.engines.torch.network import LayeredNetwork

VALUES_AT_ONCE = 2**22
"""Values that the widest layer may hold while scoring: 16 MiB in float32, so that scoring needs less than training."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a network makes of labelled images; loss and accuracy are not-a-number where the loss is not finite.

    Attributes:
        probabilities: Shape (images, k), float32.
        loss: Mean cross-entropy in nats.
        accuracy: Share of the images classified correctly, in [0, 1].
    """

    probabilities: NDArray[np.float32]
    loss: float
    accuracy: float


@torch.no_grad()
def score(network: LayeredNetwork, images: DeviceImages, table: Tensor, widest: int) -> Scores:
    """Score a network in evaluation mode, and put it back into training mode.

    Args:
        network: The network.
        images: What to look at.
        table: From `pixel_table`.
        widest: Values per image in the widest layer, which bounds the images looked at together.
    """
    at_once = max(1, VALUES_AT_ONCE // widest)
    probabilities: list[Tensor] = []
    loss = torch.zeros((), dtype=torch.float64, device=table.device)
    correct = torch.zeros((), dtype=torch.int64, device=table.device)
    network.eval()
    for pixels, labels in zip(torch.split(images.pixels, at_once), torch.split(images.labels, at_once), strict=True):
        logits_bk = network(scaled(pixels, table))
        loss += functional.cross_entropy(logits_bk, labels, reduction="sum").to(torch.float64)
        correct += (logits_bk.argmax(1) == labels).sum()
        probabilities.append(logits_bk.softmax(1).to(torch.float32))
    network.train()
    mean_loss, accuracy = mean_loss_and_accuracy(float(loss), int(correct), len(images))
    return Scores(probabilities=torch.cat(probabilities).cpu().numpy(), loss=mean_loss, accuracy=accuracy)
