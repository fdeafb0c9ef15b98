"""What every variation is compared with."""

from ceteris.study.frozen import Frozen
from ceteris.study.network import Network
from ceteris.study.training import Training


class Baseline(Frozen):
    """The network and the training that every variation changes one thing of.

    Attributes:
        network: Its layers.
        training: How it learns.
    """

    network: Network
    training: Training
