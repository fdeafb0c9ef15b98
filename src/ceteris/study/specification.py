"""Everything but the seed that decides what a run does."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ceteris.study.backbone import NetworkField
from ceteris.study.frozen import Frozen
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
        scaling: What a pixel becomes before the first layer; a pretrained backbone has its own.
        fraction: Share of the training images that a run learns from, stratified by class and drawn by its seed: the
            same images for every arm of a seed. The images for validation are all there.
    """

    name: str = "cifar10"
    batches: Annotated[int, Field(ge=1, le=5)] = 5
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    scaling: Annotated[Scaling, Field(strict=False)] = Scaling.SYMMETRIC
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0

    @property
    def whole(self) -> "DataChoice":
        """The same images without regard to the fraction: what the arms of a study have in common."""
        return self.model_copy(update={"fraction": 1.0})

    @model_serializer(mode="wrap")
    def _without_whole(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a fraction of 1, so that runs from before there were fractions keep their digests."""
        facts: dict[str, Any] = handler(self)
        if self.fraction == 1:
            del facts["fraction"]
        return facts


class Specification(Frozen):
    """Data, network and training of one arm of a study, complete: no default is left to be filled in."""

    data: DataChoice
    network: NetworkField
    training: Training


def validation_images(data: DataChoice, images: int) -> int:
    """Say how many of the training images are set aside for validation.

    Args:
        data: The choice of images.
        images: Training images of all batches that were chosen.
    """
    return round(images * Fraction(str(data.validation)))


def learnt_images(data: DataChoice, images: int) -> int:
    """Say how many images one epoch of one run learns from.

    Args:
        data: The choice of images.
        images: Training images of all batches that were chosen, those for validation among them.

    Example:
        >>> learnt_images(DataChoice(), 50_000), learnt_images(DataChoice(fraction=0.01), 50_000)
        (45000, 450)
    """
    return share(images - validation_images(data, images), data.fraction)


def share(images: int, fraction: float) -> int:
    """Take a share of so many images, a decimal fraction as it is written: 0.1 is a tenth."""
    return round(images * Fraction(str(fraction)))
