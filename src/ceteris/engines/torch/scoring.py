"""How well a network does on images that it does not learn from."""

# b = images of a batch, k = classes

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ceteris.engines.engine import mean_loss_and_accuracy
from ceteris.engines.torch.batches import DeviceImages
from ceteris.engines.torch.state import epoch_sums


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
def score(network: nn.Module, images: DeviceImages, inputs: Callable[[Tensor], Tensor], *, at_once: int) -> Scores:
    """Score a network in evaluation mode, and put it back into the mode it was in.

    Args:
        network: Gives logits, shape (b, k), of what `inputs` gives.
        images: What to look at.
        inputs: Turns pixels, uint8, into what the network sees.
        at_once: How many images are looked at together.
    """
    was_training = network.training
    network.eval()
    sums, probabilities = epoch_sums(images.labels.device), []
    for pixels, labels in zip(torch.split(images.pixels, at_once), torch.split(images.labels, at_once), strict=True):
        logits_bk = network(inputs(pixels))
        sums.loss.add_(functional.cross_entropy(logits_bk, labels, reduction="sum").to(torch.float64))
        sums.correct.add_((logits_bk.argmax(1) == labels).sum())
        probabilities.append(logits_bk.softmax(1).to(torch.float32))
    network.train(was_training)
    loss, accuracy = mean_loss_and_accuracy(float(sums.loss), int(sums.correct), len(images))
    return Scores(probabilities=torch.cat(probabilities).cpu().numpy(), loss=loss, accuracy=accuracy)
