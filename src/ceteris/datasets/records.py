"""Images as CIFAR-10's binary release stores them: a label, then the red, the green and the blue plane, row by row."""

import hashlib
from collections.abc import Iterator

import numpy as np

from ceteris.datasets.dataset import LabelledImages
from ceteris.datasets.labels import as_labels
from ceteris.errors import DataError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
RECORD = 1 + PIXELS
REMEDY = "Replace it, or run `ceteris data fetch` and name no copy to use an intact one."

_CHUNK = 1000


def decode(content: bytes, where: str, *, records: int, classes: int) -> LabelledImages:
    """Turn the records of one file into images, and refuse what is not exactly that.

    Args:
        content: The bytes of the file.
        where: The file, for messages.
        records: How many records there must be.
        classes: Labels must be below this.

    Returns:
        The images in the order of the file, read-only.

    Raises:
        DataError: If the length or a label is wrong.
    """
    if len(content) != records * RECORD:
        raise DataError(f"{where}: {_wrong_length(len(content), records)} {REMEDY}")
    table = np.frombuffer(content, np.uint8).reshape(records, RECORD)
    labels = table[:, 0]
    if wrong := np.flatnonzero(labels >= classes).tolist():
        raise DataError(
            f"{where}: record {wrong[0]} has label {labels[wrong[0]]}, expected 0 to {classes - 1}"
            f"{f' ({len(wrong)} such records)' if len(wrong) > 1 else ''}. {REMEDY}"
        )
    images = np.ascontiguousarray(table[:, 1:].reshape(records, 3, SIDE, SIDE).transpose(0, 2, 3, 1))
    return sealed(LabelledImages(images=images, labels=as_labels(labels)))


def encode(images: LabelledImages) -> Iterator[bytes]:
    """Yield the records of images, a thousand at a time.

    Args:
        images: Of shape (N, 32, 32, 3).
    """
    for start in range(0, len(images), _CHUNK):
        planes = images.images[start : start + _CHUNK].transpose(0, 3, 1, 2).reshape(-1, PIXELS)
        labels = images.labels[start : start + _CHUNK, None].astype(np.uint8)
        yield np.concatenate([labels, planes], axis=1).tobytes()


def content_digest(training: LabelledImages, test: LabelledImages) -> str:
    """Compute `Dataset.digest`: SHA-256 over the records of the training images, then the test images."""
    digest = hashlib.sha256()
    for images in (training, test):
        for block in encode(images):
            digest.update(block)
    return digest.hexdigest()


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


def _wrong_length(found: int, records: int) -> str:
    expected = f"expected {records * RECORD} bytes ({records} records of {RECORD})"
    return f"the file is empty, {expected}." if found == 0 else f"{found} bytes found, {expected}."
