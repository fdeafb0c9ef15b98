"""Data sets in the IDX format of MNIST (LeCun et al. 1998): a file of grey images and a file of labels for each part.

A file of images begins with the number 0x00000803 and three sizes (images, rows, columns), a file of labels with
0x00000801 and one size; all are big-endian 32-bit numbers, and bytes without delimiters follow.
"""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import LabelledImages, as_labels, sealed
from ceteris.datasets.file_kinds import GZIP_MAGIC, kind_of
from ceteris.datasets.published import Contents, PublishedCopy, PublishedSource
from ceteris.errors import DataError, reason
from ceteris.networks.shape import Shape

PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PACKED = tuple(f"{part}.gz" for part in PARTS)
SIDE = 28
_KINDS = {1: (0x801, "labels"), 3: (0x803, "images")}

MNIST_IMAGES = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
FASHION_IMAGES = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
"""SHA-256 of the unpacked training images, which distinguishes the two data sets: their files have the same names."""
_OWNERS = {MNIST_IMAGES: "MNIST", FASHION_IMAGES: "Fashion-MNIST"}


class IdxSource(PublishedSource):
    """A data set of grey images of 28 x 28 pixels in ten classes, packed with gzip or not."""

    shape = Shape(SIDE, SIDE, 1)
    layouts = (PACKED, PARTS)
    begins = (GZIP_MAGIC,)

    def contents(self, copy: PublishedCopy) -> Contents:
        """Read the four files."""
        read, digests = [], {}
        counts = (self.release.training, self.release.training, self.release.test, self.release.test)
        for part, path, count in zip(PARTS, copy.files, counts, strict=True):
            sides = (count, SIDE, SIDE) if "images" in part else (count,)
            array, digests[part] = read_idx(path, sides, remedy=self.remedy)
            owner = _OWNERS.get(digests[part], self.label)
            if owner != self.label:
                raise DataError(
                    f"{path}: holds the images of {owner}, expected {self.label}. Name the folder of {self.label}, or "
                    "change data.name in the study."
                )
            read.append(array)
            if array.ndim == 1 and (wrong := np.flatnonzero(array >= len(self.class_names)).tolist()):
                raise DataError(
                    f"{path}: label {wrong[0]} is {array[wrong[0]]}, expected 0 to {len(self.class_names) - 1}"
                    f"{f' ({len(wrong)} such labels)' if len(wrong) > 1 else ''}. {self.remedy}"
                )
        training, test = (
            sealed(LabelledImages(images=images[..., None], labels=as_labels(labels)))
            for images, labels in (read[:2], read[2:])
        )
        return Contents(training=training, test=test, digests=digests)


def read_idx(path: Path, sides: tuple[int, ...], *, remedy: str) -> tuple[NDArray[np.uint8], str]:
    """Read an IDX file of bytes, packed with gzip or not, of which the sizes are known.

    No more is unpacked than such a file has, whatever the archive would unpack to.

    Returns:
        The array, and the SHA-256 of the unpacked file.

    Raises:
        DataError: If the file is damaged, or something else.
    """
    header = np.array([_KINDS[len(sides)][0], *sides], ">u4").tobytes()
    length = len(header) + int(np.prod(sides))
    content = _unpacked(path, length + 1, remedy)
    found = np.frombuffer(content[: len(content) // 4 * 4][: len(header)], ">u4").tolist()
    magic, what = _KINDS[len(sides)]
    if not found or found[0] != magic:
        begins = f"begins with {content[:4].hex(' ')}" if content else "is empty"
        raise DataError(f"{path}: {begins}, expected {header[:4].hex(' ')}, an IDX file of {what}. {remedy}")
    if tuple(found[1:]) != sides:
        raise DataError(f"{path}: its header says {_sizes(found[1:])} {what}, expected {_sizes(sides)}. {remedy}")
    if len(content) != length:
        amount = f"{len(content)} bytes" if len(content) < length else f"more than {length} bytes"
        raise DataError(f"{path}: {amount} found, expected {length} for {_sizes(sides)} {what}. {remedy}")
    array = np.frombuffer(content, np.uint8, offset=len(header)).reshape(sides)
    return array, hashlib.sha256(content).hexdigest()


def _sizes(sides: object) -> str:
    return " x ".join(str(side) for side in sides) if isinstance(sides, list | tuple) and sides else "no"


def _unpacked(path: Path, most: int, remedy: str) -> bytes:
    """Read at most so many bytes of what a file holds."""
    try:
        if not path.is_file():
            raise DataError(f"{path}: not a plain file. {remedy}")
        with path.open("rb") as file:
            head = file.read(512)
            file.seek(0)
            if head.startswith(GZIP_MAGIC):
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return unpacked.read(most)
            if path.suffix == ".gz":
                raise DataError(f"{path}: {kind_of(head)}, expected an IDX file packed with gzip. {remedy}")
            return file.read(most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: the file is damaged or cut short ({error}). {remedy}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)}). Check the file and its permissions.") from error
