"""What a network says of an image and of its mirror image, averaged: test-time augmentation."""

# b = images of a minibatch, h, w, c = height, width, channels, k = classes

import math
from collections.abc import Callable

import torch
from torch import Tensor


def mean_logits(logits: Tensor, of_mirrored: Tensor) -> Tensor:
    """Give logits whose softmax is the mean of the softmax of both, classes last: the logarithms of that mean.

    Example:
        >>> sure, unsure = torch.tensor([0.9, 0.1]).log(), torch.tensor([0.5, 0.5]).log()
        >>> mean_logits(sure, unsure).softmax(0)
        tensor([0.7000, 0.3000])
    """
    return torch.logaddexp(logits.log_softmax(-1), of_mirrored.log_softmax(-1)) - math.log(2)


def scored_logits(
    network: Callable[[Tensor], Tensor], pixels_bhwc: Tensor, inputs: Callable[[Tensor], Tensor], *, flip: bool
) -> Tensor:
    """Ask a network about images as `training.test_time_flip` says.

    Args:
        network: It gives logits, shape (b, k), of its inputs.
        pixels_bhwc: Grey levels, uint8.
        inputs: It turns them into what the network sees.
        flip: Whether the mirror image counts as much as the image.

    Returns:
        Logits, or what stands for them: their softmax are the class probabilities. Shape (b, k).
    """
    logits_bk = network(inputs(pixels_bhwc))
    return mean_logits(logits_bk, network(inputs(pixels_bhwc.flip(2)))) if flip else logits_bk
