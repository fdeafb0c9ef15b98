"""Which images a study looks at, and how; and what is known of them before any are read."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ceteris.datasets.cifar10 import BATCHES, Cifar10
from ceteris.datasets.cifar100 import Cifar100
from ceteris.datasets.dataset import Dataset, Fit, ImageKind, Scaling
from ceteris.datasets.fashion_mnist import FashionMnist
from ceteris.datasets.folder import Folder
from ceteris.datasets.mnist import Mnist
from ceteris.datasets.npz import Npz
from ceteris.datasets.shapes import Shapes
from ceteris.datasets.source import Ahead, Source, finished
from ceteris.datasets.svhn import Svhn
from ceteris.errors import DataError
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.dense import Dense
from ceteris.values.frozen import Frozen

SOURCES: tuple[Source, ...] = (
    Cifar10(),
    Cifar100(),
    Mnist(),
    FashionMnist(),
    Svhn(),
    Shapes(),
    Npz(),
    Folder(),
)
"""Every data set, and every way to keep images of one's own; the first that takes a name is meant by it."""

KNOWN = tuple(source for source in SOURCES if not source.is_own)
KNOWN_NAMES = tuple(source.name for source in KNOWN)
"""The data sets that a study may name in `[data]`; anything else is the path of the user's own images."""

_OWN_KEYS = frozenset[str]().union(*(source.keys for source in SOURCES))
"""The keys of `[data]` that do not apply to every data set."""


class DataChoice(Frozen):
    """Which images a study looks at, and how.

    Attributes:
        name: `cifar10`, `cifar100`, `mnist`, `fashion_mnist` or `svhn`; `shapes`, the data set that is built in; or the
            path of a folder of images, seen from the study file, with a folder for each class, or with train,
            validation and test folders that have them; or the path of an `.npz` file with the arrays `images` and
            `labels`, or `x_train`, `y_train`, `x_test` and `y_test`.
        batches: Of `cifar10` and `shapes`: how many of the five training batches, from the first; 1 is data_batch_1
            only.
        validation: Share of the training images, stratified by class, that watches convergence and trains nothing; of a
            folder without validation images.
        scaling: What a pixel becomes before the first layer; a pretrained backbone has its own.
        fraction: Share of the training images that a run learns from, stratified by class and drawn by its seed: the
            same images for every arm of a seed. The images for validation are all there.
        size: Of a folder: height and width in pixels that every image is brought to; 64 if not given.
        fit: Of a folder: how an image becomes square; `crop` if not given.
        test: Of a folder or an `.npz` file without test images: the share of each class, chosen by content, that is
            held out for them; 0.2 if not given.
    """

    name: str = "cifar10"
    batches: Annotated[int, Field(ge=1, le=BATCHES)] = BATCHES
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
    def source(self) -> Source | None:
        """The data set, or the way to keep images of one's own; None if nothing is called so."""
        return next((source for source in SOURCES if source.takes(self.name)), None)

    @property
    def is_own(self) -> bool:
        """Whether the images are the user's own."""
        return self.source is not None and self.source.is_own

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        """Fill in what a data set leaves to its own defaults, so that a specification is complete."""
        if not isinstance(value, Mapping) or not isinstance(name := value.get("name"), str):
            return value
        defaults = next((source.defaults for source in SOURCES if source.takes(name)), {})
        return {**defaults, **{key: entry for key, entry in value.items() if entry is not None or key not in defaults}}

    @model_serializer(mode="wrap")
    def _applicable(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what does not apply, and a fraction of 1, so that runs from before keep their digests."""
        idle = set(self.idle)
        if self.fraction == 1:
            idle.add("fraction")
        return {key: entry for key, entry in handler(self).items() if key not in idle}

    @property
    def idle(self) -> tuple[str, ...]:
        """Keys that do not apply to these images, in their order."""
        keys = KNOWN[0].keys if self.source is None else self.source.keys  # of a misspelt name the known ones are meant
        return tuple(key for key in type(self).model_fields if key in _OWN_KEYS - keys)


def share(images: int, fraction: float) -> int:
    """Take a share of so many images, a decimal fraction as it is written: 0.1 is a tenth."""
    return round(images * Fraction(str(fraction)))


def known_images(choice: DataChoice) -> ImageKind | None:
    """Say what the images are like as far as a study tells; None if only the images tell."""
    return None if choice.source is None else choice.source.known(choice)


def presumed_images(choice: DataChoice, network: AnyNetwork) -> ImageKind | None:
    """Say what the images are like, presuming that they have the classes that a network has, where only they tell.

    Returns:
        None if even then only the images tell. Nothing is counted in a folder.
    """
    last = network.layers[-1] if network.layers else None
    classes = last.dense if isinstance(last, Dense) and isinstance(last.dense, int) else 2
    return None if choice.source is None else choice.source.presumed(choice, classes)


def source_of(choice: DataChoice) -> Source:
    """Give the data set that a study names; that there is none of this name is a `DataError`."""
    if choice.source is None:
        names = listed((source.called if source.is_own else f"'{source.name}'" for source in SOURCES), "or")
        raise DataError(f"data.name is {choice.name!r}, expected {names}.")
    return choice.source


def load_dataset(choice: DataChoice, *, location: Path | None = None, download: bool = True) -> Dataset:
    """Get the images that a study asks for, and no others; see `Source.read`, which shows progress."""
    return finished(source_of(choice).read(choice, location=location, download=download))


def images_ahead(choice: DataChoice, *, location: Path | None = None) -> Ahead:
    """Say what the images of a study will be like, without reading one; see `Source.ahead`, which shows progress."""
    return finished(source_of(choice).ahead(choice, location=location))
