"""Everything but the seed that decides what a run does."""

from ceteris.datasets.choice import DataChoice
from ceteris.networks.backbone import NetworkField
from ceteris.study.training import Training
from ceteris.values.frozen import Frozen


class Specification(Frozen):
    """Data, network and training of one arm of a study, complete: no default is left to be filled in."""

    data: DataChoice
    network: NetworkField
    training: Training
