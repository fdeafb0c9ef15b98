"""Labelled images in memory, where they came from, and the part of them that each stage of a run may see."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ceteris.networks.shape import Shape

Labels = NDArray[np.int32]
"""Places of classes among their names, from 0; as the kernels take them."""


def as_labels(numbers: object) -> Labels:
    """Give labels as they are in memory, wherever they come from. Shape (images,)."""
    return np.asarray(numbers, np.int32, order="C")


def narrowed(labels: Labels) -> NDArray[np.unsignedinteger]:
    """Give labels as they are stored and named by their digest: one byte each up to 256 classes, two up to 65,536.

    Example:
        >>> narrowed(as_labels([0, 255])).dtype, narrowed(as_labels([0, 256])).dtype
        (dtype('uint8'), dtype('uint16'))
    """
    largest = int(labels.max(initial=0))
    return labels.astype("u1" if largest < 2**8 else "<u2" if largest < 2**16 else "<u4")


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


class Origin(StrEnum):
    """What is known about where images came from; said at the top of every table and report."""

    OFFICIAL = "official"
    MODIFIED = "modified copy"
    BUILT_IN = "built in"
    OWN = "your own"


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """Images with one class each.

    Attributes:
        images: Shape (images, height, width, channels), uint8, C-contiguous.
        labels: Shape (images,), int32, each below the number of classes.
    """

    images: NDArray[np.uint8]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Training and test images as they were read.

    Attributes:
        name: `cifar10`, `shapes`, or the name of a folder.
        training: The training images of the batches that were asked for.
        digest: SHA-256 in hexadecimal over the records (label, then red, green and blue plane) of training and test; of
            a folder, over digests of its labels and pixels.
        origin: Official, a modified copy, built in, or the user's own.
        source: Where the images came from, in words for the reader, without paths that name a person.
        notes: What a reader must know before believing a result, one sentence each; empty for official data.
        validation: The validation images, where they are not to be taken from the training images.
    """

    name: str
    training: LabelledImages
    test: LabelledImages
    class_names: tuple[str, ...]
    digest: str
    origin: Origin
    source: str
    notes: tuple[str, ...] = ()
    validation: LabelledImages | None = None


def joined(pieces: tuple[LabelledImages, ...]) -> LabelledImages:
    """Put images one after the other, read-only."""
    if len(pieces) == 1:
        return pieces[0]
    images = np.concatenate([piece.images for piece in pieces])
    return sealed(LabelledImages(images=images, labels=np.concatenate([piece.labels for piece in pieces])))


def sealed(images: LabelledImages) -> LabelledImages:
    """Make the arrays read-only, in place, and return them: no run may change what the next one sees."""
    images.images.setflags(write=False)
    images.labels.setflags(write=False)
    return images


@dataclass(frozen=True, kw_only=True)
class ImageKind:
    """Size and number of images: the facts that decide which networks fit them, and how long these train."""

    shape: Shape
    classes: int
    training_images: int
    validation_images: int
    test_images: int


@dataclass(frozen=True, kw_only=True)
class Split:
    """What the runs of a study look at: three disjoint sets of images, and what a pixel becomes.

    A network sees `image * scale + offset`, computed in float32 with one rounding (a fused multiply-add).

    Attributes:
        validation: What watches their convergence; stratified, the same for every run.
        scale: Shape (channels,), float32.
        offset: Shape (channels,), float32.
    """

    training: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    classes: int
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    @property
    def kind(self) -> ImageKind:
        """What decides which networks fit, and how long they train."""
        return ImageKind(
            shape=Shape(*self.training.images.shape[1:]),
            classes=self.classes,
            training_images=len(self.training),
            validation_images=len(self.validation),
            test_images=len(self.test),
        )
