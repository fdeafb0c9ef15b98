"""Everything but the seed that decides what a run does."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ceteris.study.frozen import Frozen
from ceteris.study.network import Network
from ceteris.study.training import Training


class Scaling(StrEnum):
    """What a pixel becomes: from -1 to 1, from 0 to 1, or each channel with training mean 0 and deviation 1."""

    SYMMETRIC = "symmetric"
    UNIT = "unit"
    STANDARD = "standard"


class DataChoice(Frozen):
    """Which images a study looks at, and how.

    Attributes:
        name: `cifar10`, or `shapes`, the data set that is built in.
        batches: How many of the five training batches, from the first; 1 is data_batch_1 only.
        validation: Share of the training images, stratified by class, that watches convergence and trains nothing.
        scaling: What a pixel becomes before the first layer.
    """

    name: str = "cifar10"
    batches: Annotated[int, Field(ge=1, le=5)] = 5
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    scaling: Annotated[Scaling, Field(strict=False)] = Scaling.SYMMETRIC


class Specification(Frozen):
    """Data, network and training of one arm of a study, complete: no default is left to be filled in."""

    data: DataChoice
    network: Network
    training: Training
