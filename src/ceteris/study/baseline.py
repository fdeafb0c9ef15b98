"""What every variation is compared with."""

from ceteris.networks.backbone import NetworkField
from ceteris.study.training import Training
from ceteris.values.frozen import Frozen


class Baseline(Frozen):
    """The network and the training that every variation changes one thing of.

    Attributes:
        network: Its layers, or a pretrained backbone with a head.
        training: How it learns.
    """

    network: NetworkField
    training: Training
