"""What the images of each known data set look like, so that a study can be checked before any are read."""

from dataclasses import dataclass

from ceteris.study.shape import Shape


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """The facts about a data set that decide which networks fit it, and how long they train.

    Attributes:
        shape: Size of every image.
        classes: How many classes there are.
        batch_images: Images in each of the five training batches.
        test_images: Images in the test set.
    """

    shape: Shape
    classes: int
    batch_images: int = 10_000
    test_images: int = 10_000


KNOWN_IMAGES = {
    "cifar10": ImageKind(shape=Shape(32, 32, 3), classes=10),
    "shapes": ImageKind(shape=Shape(32, 32, 3), classes=10),
}
"""By the name that a study gives in `[data]`."""
