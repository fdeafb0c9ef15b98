"""What every variation is compared with."""

from ceteris.study.backbone import NetworkField
from ceteris.study.frozen import Frozen
from ceteris.study.training import Training


class Baseline(Frozen):
    """The network and the training that every variation changes one thing of.

    Attributes:
        network: Its layers, or a pretrained backbone with a head.
        training: How it learns.
    """

    network: NetworkField
    training: Training
