"""What a study says of one arm: images, network and training; everything but the seed that decides what a run does."""

from ceteris.datasets.choice import DataChoice
from ceteris.networks.backbone import NetworkField
from ceteris.training.training import Training
from ceteris.values.frozen import Frozen


class Baseline(Frozen):
    """The network and the training that every variation changes one thing of.

    Attributes:
        network: Its layers, or a pretrained backbone with a head.
        training: How it learns.
    """

    network: NetworkField
    training: Training


class Specification(Frozen):
    """Data, network and training of one arm of a study, complete: no default is left to be filled in."""

    data: DataChoice
    network: NetworkField
    training: Training
