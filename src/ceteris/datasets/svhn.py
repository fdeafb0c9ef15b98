"""SVHN (Netzer et al. 2011): 99,289 cropped house numbers in colour, 32 x 32 pixels; its extra images are left out.

Each of the two MATLAB 5 files holds the array `X` of shape (32, 32, 3, images) and the labels `y`, 1 to 10, where 10
is the digit 0.
"""

import hashlib
import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.cache import Archive
from ceteris.datasets.dataset import LabelledImages, as_labels, sealed
from ceteris.datasets.file_kinds import kind_of
from ceteris.datasets.published import Contents, PublishedCopy, PublishedSource, Release, read_bounded
from ceteris.errors import DataError
from ceteris.networks.shape import Shape

FILES = ("train_32x32.mat", "test_32x32.mat")
SIDE = 32
_MAGIC = b"MATLAB 5.0 MAT-file"
_HEADER, _TAG = 128, 8
_COMPRESSED = 15
_BLOCK = 1 << 20
_EXPECTED = "expected a MATLAB 5 file with the arrays X and y"

# Sizes and SHA-256 as in TensorFlow Datasets, and the same in torchvision's prototypes and in projects that share no
# code with either.
OFFICIAL = Release(
    files=(
        Archive(
            name=FILES[0], size=182_040_794, sha256="435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"
        ),
        Archive(
            name=FILES[1], size=64_275_384, sha256="cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"
        ),
    ),
    servers=("http://ufldl.stanford.edu/housenumbers/",),  # no mirror is known that serves these bytes
    training=73_257,
    test=26_032,
    contents={
        FILES[0]: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
        FILES[1]: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    },
)


class Svhn(PublishedSource):
    """House numbers."""

    name = "svhn"
    label = "SVHN"
    called = '"svhn"'
    several = "svhn"
    page = "http://ufldl.stanford.edu/housenumbers/"
    credit = (
        "SVHN is by Yuval Netzer, Tao Wang, Adam Coates, Alessandro Bissacco, Bo Wu and Andrew Ng (2011); its page, "
        f"{page}, allows non-commercial use only."
    )
    shape = Shape(SIDE, SIDE, 3)
    class_names = tuple("0123456789")
    release = OFFICIAL
    layouts = (FILES,)
    folders = ("svhn", "SVHN", "")
    begins = (_MAGIC,)

    def contents(self, copy: PublishedCopy) -> Contents:
        """Read the two files."""
        images, digests = [], {}
        for path, count in zip(copy.files, (self.release.training, self.release.test), strict=True):
            most = count * (SIDE * SIDE * 3 + 8) + _BLOCK  # a packed file is no larger; labels are doubles
            content = read_bounded(path, most, self.remedy)
            digests[path.name] = hashlib.sha256(content).hexdigest()
            if digests[path.name] != self.release.contents.get(path.name):
                _check_unpacked(content, most, str(path), self.remedy)
            images.append(self._decoded(content, str(path), count))
        return Contents(training=images[0], test=images[1], digests=digests)

    def _decoded(self, content: bytes, where: str, count: int) -> LabelledImages:
        arrays = _arrays(content, where, self.remedy)
        pixels, labels = arrays["X"], arrays["y"]
        if pixels.dtype != np.uint8 or pixels.shape != (SIDE, SIDE, 3, count):
            raise DataError(
                f"{where}: X is of {pixels.dtype} in the shape {pixels.shape}, expected uint8 in the shape "
                f"{(SIDE, SIDE, 3, count)}. {self.remedy}"
            )
        if labels.dtype.kind not in "iuf" or labels.shape not in {(count, 1), (1, count)}:
            raise DataError(
                f"{where}: y is of {labels.dtype} in the shape {labels.shape}, expected a number for each of {count} "
                f"images. {self.remedy}"
            )
        labels = labels.reshape(-1)
        if wrong := np.flatnonzero(~np.isin(labels, range(1, 11))).tolist():
            raise DataError(
                f"{where}: the label of image {wrong[0]} is {labels[wrong[0]]:g}, expected 1 to 10; 10 is the digit 0. "
                f"{self.remedy}"
            )
        images = np.ascontiguousarray(pixels.transpose(3, 0, 1, 2))
        return sealed(LabelledImages(images=images, labels=as_labels(labels.astype(np.int32) % 10)))


def _arrays(content: bytes, where: str, remedy: str) -> dict[str, NDArray[Any]]:
    """Read `X` and `y`, and nothing else, of a MATLAB file; numbers only, so that nothing is built from names."""
    from scipy.io import loadmat, whosmat  # noqa: PLC0415 - only this reader needs it
    from scipy.io.matlab import MatReadError  # noqa: PLC0415

    if not content.startswith(_MAGIC):
        raise DataError(f"{where}: {kind_of(content[:512])}, {_EXPECTED}. {remedy}")
    try:
        kinds = {name: kind for name, _, kind in whosmat(io.BytesIO(content))}
        if missing := [name for name in "Xy" if name not in kinds]:
            raise DataError(f"{where}: no array {' and '.join(missing)} in this file, {_EXPECTED}. {remedy}")
        if strange := [
            name for name in "Xy" if kinds[name] in {"cell", "struct", "object", "function", "opaque", "char"}
        ]:
            raise DataError(f"{where}: {strange[0]} is of the kind '{kinds[strange[0]]}', expected numbers. {remedy}")
        found = loadmat(io.BytesIO(content), variable_names=["X", "y"])
        return {name: np.asarray(found[name]) for name in "Xy"}
    except (ValueError, TypeError, KeyError, EOFError, OSError, zlib.error, MatReadError, MemoryError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{where}: the file is damaged or cut short, {_EXPECTED}. {remedy}") from error


def _check_unpacked(content: bytes, most: int, where: str, remedy: str) -> None:
    """Refuse a file that is cut short, or unpacks to more than the images have, before memory is taken."""
    place, left = _HEADER, most
    while place + _TAG <= len(content):
        kind, size = np.frombuffer(content, "<u4", count=2, offset=place).tolist()
        if place + _TAG + size > len(content):
            raise DataError(f"{where}: the file is damaged or cut short, {_EXPECTED}. {remedy}")
        if kind == _COMPRESSED:
            unpacking, piece = zlib.decompressobj(), content[place + _TAG : place + _TAG + size]
            while piece:
                try:
                    left -= len(unpacking.decompress(piece, _BLOCK))
                except zlib.error:
                    break  # reading it raises the error
                if left < 0:
                    raise DataError(f"{where}: unpacks to more than {most} bytes, which SVHN never does. {remedy}")
                piece = unpacking.unconsumed_tail
        place += _TAG + size
