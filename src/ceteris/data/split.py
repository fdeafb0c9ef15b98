"""The three sets of images that the runs of a study look at: one split, the same for every run."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ceteris.data.dataset import Dataset, LabelledImages, Split
from ceteris.errors import DataError
from ceteris.study.specification import DataChoice, Scaling

Scalar = TypeVar("Scalar", bound=np.generic)

_KEY = 0x63657465726973  # "ceteris" in ASCII
_GREY_LEVELS = 255


def split_dataset(dataset: Dataset, choice: DataChoice) -> Split:
    """Set a stratified share of the training images aside for validation, and say what a pixel becomes.

    The split has one fixed key of its own and knows no seed: every run of every study on the same images has the same,
    so that arms differ by what they declare. Images keep their order within each part.

    Args:
        dataset: The images.
        choice: The share for validation, and the scaling.

    Raises:
        DataError: If the share leaves the training or the validation set without an image of some class.
    """
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
    learnt = _take(dataset.training, training)
    scale, offset = _scaling(learnt.images, choice.scaling)
    return Split(
        training=learnt,
        validation=_take(dataset.training, validation),
        test=dataset.test,
        classes=len(dataset.class_names),
        scale=_read_only(scale),
        offset=_read_only(offset),
    )


def validation_places(labels: NDArray[np.uint8], share: float, *, classes: int) -> NDArray[np.intp]:
    """Choose the images for validation: from each class its share, rounded by largest remainder.

    Images are ranked by 64-bit words of NumPy's Philox4x64 under a fixed key, word i for image i: a pure function of
    the place, stable across platforms and versions.

    Args:
        labels: Class of each training image. Shape (images,).
        share: Share for validation, in (0, 1).
        classes: How many classes there are.

    Returns:
        Places of the chosen images, rising. Shape (round(images * share),).
    """
    counts = np.bincount(labels, minlength=classes)
    exact = counts * share
    taken = np.floor(exact).astype(np.intp)
    # Largest remainder first; of equal ones the smaller class number.
    extra = round(len(labels) * share) - int(taken.sum())
    taken[np.argsort(taken - exact, kind="stable")[:extra]] += 1
    ranks = np.random.Philox(key=_KEY).random_raw(len(labels))
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
    planes = [images[..., channel].reshape(-1) for channel in range(channels)]
    histograms = [np.bincount(plane, minlength=_GREY_LEVELS + 1) for plane in planes]
    levels = np.arange(_GREY_LEVELS + 1)
    pixels = images.size // channels
    means = np.array([int(counts @ levels) / pixels for counts in histograms])
    squares = np.array([int(counts @ levels**2) / pixels for counts in histograms])
    deviations = np.sqrt(np.maximum(squares - means**2, 1e-12))
    return (1 / deviations).astype(np.float32), (-means / deviations).astype(np.float32)


def _take(images: LabelledImages, places: NDArray[np.intp]) -> LabelledImages:
    return LabelledImages(images=_read_only(images.images[places]), labels=_read_only(images.labels[places]))


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
