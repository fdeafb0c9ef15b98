"""What the images of a study look like, so that it can be checked and planned before any are read."""

from dataclasses import dataclass

from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.dense import Dense
from ceteris.networks.shape import Shape
from ceteris.study.specification import DataChoice, share


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """The facts about images that decide which networks fit them, and how long these train.

    Attributes:
        shape: Size of every image.
        classes: How many classes there are.
        training_images: How many are learnt from.
        validation_images: How many watch convergence.
        test_images: How many the runs are scored on.
    """

    shape: Shape
    classes: int
    training_images: int
    validation_images: int
    test_images: int


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
