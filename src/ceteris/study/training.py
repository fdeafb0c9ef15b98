"""How a network learns: the optimiser, its settings, and for how long."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ceteris.values.frozen import Frozen


class Optimizer(StrEnum):
    """PyTorch's `torch.optim.Adam` (Kingma and Ba 2015, arXiv:1412.6980) or `torch.optim.SGD`."""

    ADAM = "adam"
    SGD = "sgd"


Fraction = Annotated[float, Field(ge=0, lt=1)]


class Training(Frozen):
    """Minibatch training on categorical cross-entropy; the last, smaller minibatch of an epoch counts too.

    Attributes:
        optimizer: `adam` or `sgd`, with PyTorch's definitions.
        learning_rate: Step size, above 0.
        batch_size: Images per minibatch.
        epochs: Passes over the training images.
        momentum: For `sgd` only.
        beta1: For `adam` only: decay of the mean gradient.
        beta2: For `adam` only: decay of the mean squared gradient.
        epsilon: For `adam` only: added to the root of the mean squared gradient.
        weight_decay: L2 penalty, added to the gradient as both optimisers of PyTorch do.
        flip: Whether each training image is mirrored left to right half of the time.
        crop: Largest random shift of a training image in pixels, each way; what moves in is black.
    """

    optimizer: Annotated[Optimizer, Field(strict=False)] = Optimizer.ADAM
    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 32
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    momentum: Fraction = 0.0
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    flip: bool = False
    crop: Annotated[int, Field(ge=0, le=16)] = 0
