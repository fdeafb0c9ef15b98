"""Labelled images in memory, where they came from, and which are trained on, which validate and which test."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ceteris.errors import DataError
from ceteris.networks.shape import Shape

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice


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

    def kind(self, choice: "DataChoice") -> "ImageKind":
        """Say what the images are like, and how many there are of each part when they are divided as a study asks."""
        count = len(self.training)
        taken = 0 if self.validation is not None else round(count * Fraction(str(choice.validation)))
        return ImageKind(
            shape=Shape(*self.training.images.shape[1:]),
            classes=len(self.class_names),
            training_images=count - taken,
            validation_images=taken if self.validation is None else len(self.validation),
            test_images=len(self.test),
        )


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


Scalar = TypeVar("Scalar", bound=np.generic)

_KEY = 0x63657465726973  # "ceteris" in ASCII
_GREY_LEVELS = 255


def split_dataset(dataset: Dataset, choice: "DataChoice") -> Split:
    """Set a stratified share of the training images aside for validation, and say what a pixel becomes.

    The split has one fixed key of its own and knows no seed: every run of every study on the same images has the same,
    so that arms differ by what they declare. Images keep their order within each part.

    Raises:
        DataError: If the share leaves the training or the validation set without an image of some class, or a channel
            that is the same everywhere is to be standardised.
    """
    training, validation = _divided(dataset, choice)
    scale, offset = _scaling(training.images, choice.scaling)
    return Split(
        training=training,
        validation=validation,
        test=dataset.test,
        classes=len(dataset.class_names),
        scale=_read_only(scale),
        offset=_read_only(offset),
    )


def _divided(dataset: Dataset, choice: "DataChoice") -> tuple[LabelledImages, LabelledImages]:
    """Give the training and the validation images, unless they are divided already."""
    if dataset.validation is not None:
        return dataset.training, dataset.validation
    validation = validation_places(dataset.training.labels, choice.validation, classes=len(dataset.class_names))
    training = np.setdiff1d(np.arange(len(dataset.training)), validation)
    for places, what in ((training, "training"), (validation, "validation")):
        present = set(dataset.training.labels[places].tolist())
        missing = sorted(set(dataset.training.labels.tolist()) - present)
        if missing:
            raise DataError(
                f"validation = {choice.validation} leaves the {what} set of {len(places)} images without class "
                f"'{dataset.class_names[missing[0]]}'. Choose a share that gives every class an image in both sets."
            )
    return _take(dataset.training, training), _take(dataset.training, validation)


def validation_places(labels: Labels, share: float, *, classes: int) -> NDArray[np.intp]:
    """Choose the images for validation: from each class its share, in (0, 1), rounded by largest remainder.

    Images are ranked by 64-bit words of NumPy's Philox4x64 under a fixed key, word i for image i: a pure function of
    the place, stable across platforms and versions. Labels have the shape (images,).

    Returns:
        Places of the chosen images, rising. Shape (round(images * share),).
    """
    return stratified_places(labels, share, np.random.Philox(key=_KEY).random_raw(len(labels)), classes=classes)


def stratified_places(labels: Labels, share: float, ranks: NDArray[np.uint64], *, classes: int) -> NDArray[np.intp]:
    """Choose from each class its share of images, in (0, 1], those of the lowest rank, rounded by largest remainder.

    Labels and ranks, one word for each image, have the shape (images,).

    Returns:
        Places of the chosen images, rising. Shape (round(images * share),).
    """
    exact = Fraction(str(share))  # 0.1 means a tenth, not the binary number next to it
    quotas = [exact * count for count in np.bincount(labels, minlength=classes).tolist()]
    taken = [math.floor(quota) for quota in quotas]
    # Largest remainder first; of equal ones the smaller class number.
    by_remainder = sorted(range(classes), key=lambda label: taken[label] - quotas[label])
    for label in by_remainder[: round(len(labels) * exact) - sum(taken)]:
        taken[label] += 1
    order = np.argsort(ranks, kind="stable")
    chosen = [order[labels[order] == label][: taken[label]] for label in range(classes)]
    return np.sort(np.concatenate(chosen))


def _scaling(images: NDArray[np.uint8], scaling: Scaling) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give scale and offset per channel; sums are of whole numbers, so they are exact."""
    channels = images.shape[-1]
    if scaling is Scaling.SYMMETRIC:
        return np.full(channels, 2 / _GREY_LEVELS, np.float32), np.full(channels, -1, np.float32)
    if scaling is Scaling.UNIT:
        return np.full(channels, 1 / _GREY_LEVELS, np.float32), np.zeros(channels, np.float32)
    scale, offset = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for channel, counts in enumerate(_histograms(images)):
        pixels = sum(counts)
        total = sum(count * level for level, count in enumerate(counts))
        squares = sum(count * level**2 for level, count in enumerate(counts))
        # In whole numbers: pixels**2 times the variance. Only the root and the two quotients round.
        spread = pixels * squares - total**2
        if spread == 0:
            raise DataError(
                f"channel {channel} is the same in all {len(images)} training images, so it cannot be scaled to "
                'deviation 1. Use scaling = "unit".'
            )
        scale[channel], offset[channel] = pixels / math.sqrt(spread), -total / math.sqrt(spread)
    return scale, offset


def _histograms(images: NDArray[np.uint8]) -> list[list[int]]:
    """Count the pixels of each grey level in each channel, a thousand images at a time to save memory."""
    counts = np.zeros((images.shape[-1], _GREY_LEVELS + 1), np.int64)
    for start in range(0, len(images), 1000):
        for channel in range(images.shape[-1]):
            counts[channel] += np.bincount(images[start : start + 1000, ..., channel].reshape(-1), minlength=256)
    return [[int(count) for count in row] for row in counts]


def _take(images: LabelledImages, places: NDArray[np.intp]) -> LabelledImages:
    return LabelledImages(images=_read_only(images.images[places]), labels=_read_only(images.labels[places]))


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def allot(labels: Sequence[int], digests: Sequence[str], share: float, purpose: str) -> tuple[int, ...]:
    """Choose a share of the pictures of each class, by what is in the files.

    A picture's turn comes with the SHA-256 of purpose and content, so that the choice is the same for every run and on
    every machine, whatever the files are called, and one more picture moves few others. Copies of a picture within a
    class go together: none is trained on while another is set aside.

    Args:
        labels: Class of each picture.
        digests: SHA-256 of each file, in hexadecimal.
        share: Of each class, in (0, 1); rounded to whole pictures, and at least one.
        purpose: What they are set aside for; another purpose chooses others.

    Returns:
        Places of the chosen pictures, rising. A class of which all would be chosen gives none.

    Example:
        >>> allot([0, 0, 0, 1, 1], ["aa", "bb", "cc", "dd", "ee"], 0.34, "test")
        (2, 4)
    """
    chosen: list[int] = []
    for label in set(labels):
        places = [place for place, its in enumerate(labels) if its == label]
        copies: dict[str, list[int]] = {}
        for place in places:
            copies.setdefault(digests[place], []).append(place)
        wanted = allotted(len(places), share)
        taken: list[int] = []
        turns = {digest: hashlib.sha256(f"ceteris/{purpose}/1/{digest}".encode()).digest() for digest in copies}
        for digest in sorted(copies, key=turns.__getitem__):
            if not taken or len(taken) + len(copies[digest]) <= wanted:
                taken += copies[digest]
        if len(taken) < len(places):
            chosen += taken
    return tuple(sorted(chosen))


def allotted(count: int, share: float) -> int:
    """Say how many of the pictures of a class are set aside, where no two are copies."""
    return max(1, round(Fraction(str(share)) * count))  # 0.1 means a tenth, not the binary number next to it
