"""Which images a study looks at, and how; and what is known of them before any are read."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ceteris.datasets.dataset import ImageKind
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.dense import Dense
from ceteris.networks.shape import Shape
from ceteris.values.frozen import Frozen


class Scaling(StrEnum):
    """What a pixel becomes: from -1 to 1, from 0 to 1, or each channel with training mean 0 and deviation 1."""

    SYMMETRIC = "symmetric"
    UNIT = "unit"
    STANDARD = "standard"


class Fit(StrEnum):
    """How a picture becomes square: its middle cut out, black added around it, or its proportions given up."""

    CROP = "crop"
    PAD = "pad"
    SQUASH = "squash"


class DataChoice(Frozen):
    """Which images a study looks at, and how.

    Attributes:
        name: `cifar10`; `shapes`, the data set that is built in; or the path of a folder of images, seen from the study
            file, with a folder for each class, or with train, validation and test folders that have them.
        batches: Of `cifar10` and `shapes`: how many of the five training batches, from the first; 1 is data_batch_1
            only.
        validation: Share of the training images, stratified by class, that watches convergence and trains nothing; of a
            folder without validation images.
        scaling: What a pixel becomes before the first layer; a pretrained backbone has its own.
        fraction: Share of the training images that a run learns from, stratified by class and drawn by its seed: the
            same images for every arm of a seed. The images for validation are all there.
        size: Of a folder: height and width in pixels that every image is brought to; 64 if not given.
        fit: Of a folder: how an image becomes square; `crop` if not given.
        test: Of a folder without test images: the share of each class, chosen by content, that is set aside for them;
            0.2 if not given.
    """

    name: str = "cifar10"
    batches: Annotated[int, Field(ge=1, le=5)] = 5
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    scaling: Annotated[Scaling, Field(strict=False)] = Scaling.SYMMETRIC
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    size: Annotated[int, Field(ge=8, le=512)] | None = None
    fit: Annotated[Fit, Field(strict=False)] | None = None
    test: Annotated[float, Field(gt=0, lt=1)] | None = None

    @property
    def whole(self) -> "DataChoice":
        """The same images without regard to the fraction: what the arms of a study have in common."""
        return self.model_copy(update={"fraction": 1.0})

    @property
    def is_folder(self) -> bool:
        """Whether the images are the user's own."""
        return is_path(self.name)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        """Fill in what only folders have, so that a specification is complete."""
        if not isinstance(value, Mapping) or not isinstance(name := value.get("name"), str) or not is_path(name):
            return value
        given = {key: entry for key, entry in value.items() if entry is not None}
        return {"size": 64, "fit": Fit.CROP, "test": 0.2, **given}

    @model_serializer(mode="wrap")
    def _applicable(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what does not apply, and a fraction of 1, so that runs from before keep their digests."""
        idle = {"batches"} if self.is_folder else {"size", "fit", "test"}
        if self.fraction == 1:
            idle.add("fraction")
        return {key: entry for key, entry in handler(self).items() if key not in idle}


def is_path(name: str) -> bool:
    """Tell the path of a folder from the name of a known data set: it has a slash."""
    return "/" in name or "\\" in name


def share(images: int, fraction: float) -> int:
    """Take a share of so many images, a decimal fraction as it is written: 0.1 is a tenth."""
    return round(images * Fraction(str(fraction)))


KNOWN_NAMES = ("cifar10", "shapes")
"""The data sets that a study may name in `[data]`; anything else is the path of a folder."""

_BATCH = 10_000  # images in each of the five training batches, and in the test set


def known_images(choice: DataChoice) -> ImageKind | None:
    """Say what the images of a known data set are like; nothing is known of a folder before it is looked at."""
    if choice.name not in KNOWN_NAMES:
        return None
    validation = share(_BATCH * choice.batches, choice.validation)
    return ImageKind(
        shape=Shape(32, 32, 3),
        classes=10,
        training_images=_BATCH * choice.batches - validation,
        validation_images=validation,
        test_images=_BATCH,
    )


def presumed_images(choice: DataChoice, network: AnyNetwork) -> ImageKind | None:
    """Say what the images are like, as far as a study tells: a folder is taken to have the classes that a network has.

    Args:
        choice: The images.
        network: One that is made for them.

    Returns:
        None if the data is neither known nor a folder. Nothing is counted in a folder.
    """
    if choice.size is None:
        return known_images(choice)
    last = network.layers[-1] if network.layers else None
    classes = last.dense if isinstance(last, Dense) and isinstance(last.dense, int) else 2
    return ImageKind(
        shape=Shape(choice.size, choice.size, 3),
        classes=classes,
        training_images=0,
        validation_images=0,
        test_images=0,
    )
