"""An `.npz` file of NumPy with images and labels of the user's own, as a data set."""

# ruff: noqa: PLC0415 - reading loads libraries that a study does not need

import hashlib
import zipfile
import zlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Dataset, ImageKind, Labels, allot, as_labels
from ceteris.datasets.source import Ahead, Event, FileProgress, Source, is_path
from ceteris.errors import DataError, reason
from ceteris.formatting.wording import listed
from ceteris.networks.shape import Shape
from ceteris.paths import expanded, shown

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice

_WHOLE, _DIVIDED = ("images", "labels"), ("x_train", "y_train", "x_test", "y_test")
_NAMES = "class_names"
_LEAST, _MOST = 8, 512  # pixels of a side, as of the images of a folder
_EXPECTED = "expected the arrays 'images' and 'labels', or 'x_train', 'y_train', 'x_test' and 'y_test'"
_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


class Npz(Source):
    """Images in NumPy's own format: nothing in the file is ever unpickled, and all of it stays as it is."""

    name = "npz"
    called = "an .npz file"
    several = ".npz files"
    keys = frozenset({"test"})
    defaults: ClassVar[Mapping[str, Any]] = {"test": 0.2}
    is_own = True

    def takes(self, name: str) -> bool:
        """A path that ends in `.npz` is that of such a file."""
        return is_path(name) and name.casefold().endswith(".npz")

    def ahead(self, choice: "DataChoice", *, location: Path | None) -> Generator[Event, None, Ahead]:
        """Read the file, which is quick where nothing is decoded."""
        dataset = yield from self.read(choice, location=location, download=False)
        validation = round(choice.validation * len(dataset.training))
        kind = ImageKind(
            shape=Shape(*dataset.training.images.shape[1:]),
            classes=len(dataset.class_names),
            training_images=len(dataset.training) - validation,
            validation_images=validation,
            test_images=len(dataset.test),
        )
        return Ahead(images=kind, notes=dataset.notes)

    def title(self, choice: "DataChoice", classes: int) -> str:
        """Give the name of the file."""
        return f"{shown(Path(choice.name).name)} in {classes} classes"

    def read(self, choice: "DataChoice", *, location: Path | None, download: bool) -> Generator[Event, None, Dataset]:
        """Read the file that the study names, or the one that the user names in its place; see `read_npz`."""
        return (yield from read_npz(location or expanded(choice.name, error=DataError), test=choice.test or 0.0))


def read_npz(path: Path, *, test: float) -> Generator[Event, None, Dataset]:
    """Read images and labels, and set a share of each class aside for the test where the file has no test images.

    Images are uint8, of shape (images, height, width), or with 1 or 3 channels at the end; grey images stay
    grey. Labels are whole numbers from 0. `class_names`, an array of texts, may name them; else they are numbers.

    Raises:
        DataError: If there is no such file, or it holds something else.
    """
    from ceteris.datasets.folder_cache import CachedFolder
    from ceteris.datasets.near_copies import SIDE, grey_thumbnail, nearly_in_both
    from ceteris.datasets.own_images import own_dataset

    where = shown(path)
    parts, class_names = _given(path)
    names = [f"{part.name}[{place}]" for part in parts for place in range(len(part.labels))]
    images, labels = np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts])
    digests: list[str] = []
    thumbnails = np.zeros((len(images), SIDE, SIDE), np.uint8)
    is_compared = min(images.shape[1:3]) >= SIDE
    for number, pixels in enumerate(images):
        digests.append(hashlib.sha256(pixels.data).hexdigest())
        if is_compared:
            thumbnails[number] = grey_thumbnail(_square(pixels, SIDE))
        if number % 1000 == 0 or number == len(images) - 1:
            yield FileProgress(doing="looking at", done=number + 1, total=len(images))
    is_divided = len(parts) > 1
    held = range(len(parts[0].labels), len(images)) if is_divided else allot(labels.tolist(), digests, test, "test")
    lacking = set(range(len(class_names))) - {int(labels[place]) for place in held}
    if lacking and not is_divided:
        raise DataError(
            f"{where}: test = {test:g} would take every image of class '{class_names[min(lacking)]}': too few of them "
            "differ. Add images of it, or give 'x_test' and 'y_test'."
        )
    training: list[int] = np.setdiff1d(np.arange(len(images)), held).tolist()
    near = nearly_in_both(held, training, digests, thumbnails) if is_compared else {}
    order = [*training, *held]
    found = CachedFolder(
        images=images[order],
        labels=labels[order],
        counts=(len(training), 0, len(held)),
        files=tuple(names[number] for number in order),
        left_out=(),
        near=tuple((names[one], names[other]) for one, other in near.items()),
        images_sha256=hashlib.sha256(images[order].data).hexdigest(),
    )
    aside = "" if is_divided else f", {100 * test:g} % of each class set aside for testing"
    return own_dataset(
        found,
        kind="npz",
        name=shown(path.name),
        source=f"file {shown(path.name)}{aside}",
        class_names=class_names,
        digests=dict(zip(names, digests, strict=True)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _ArrayPair:
    """Images and labels of a file, and the name of the array that the images are in."""

    name: str
    images: NDArray[np.uint8]
    labels: Labels


def _given(path: Path) -> tuple[list[_ArrayPair], tuple[str, ...]]:
    """Read what a file holds: one part to be divided, or a training and a test part; and the names of the classes."""
    where, arrays = shown(path), _arrays(path)
    wanted = _DIVIDED if "x_train" in arrays else _WHOLE
    if missing := [name for name in wanted if name not in arrays]:
        raise DataError(f"{where} has no array {_quoted(missing)}, but {_quoted(arrays) or 'nothing'}; {_EXPECTED}.")
    parts = []
    for x, y in zip(wanted[::2], wanted[1::2], strict=True):
        images = _images(arrays[x], f"{where}: '{x}'")
        labels = _labels(arrays[y], f"{where}: '{y}'", len(images))
        parts.append(_ArrayPair(name=x, images=images, labels=labels))
    if len({part.images.shape[1:] for part in parts}) > 1:
        sizes = listed(" x ".join(map(str, part.images.shape[1:])) for part in parts)
        raise DataError(
            f"{where}: images to train on and to test are of {sizes} (height, width, channels). Bring them to one size."
        )
    class_names = _class_names(arrays.get(_NAMES), where, 1 + max(int(part.labels.max()) for part in parts))
    if empty := sorted(set(range(len(class_names))) - set(parts[0].labels.tolist())):
        raise DataError(
            f"{where}: class '{class_names[empty[0]]}' has no image to train on. Number classes from 0 without gaps, "
            "and give images of each."
        )
    return parts, class_names


def _arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """Read the arrays that are looked for, and give the others by their names only."""
    where = shown(path)
    wanted = {*_WHOLE, *_DIVIDED, _NAMES}
    try:
        with path.open("rb"):
            is_archive = zipfile.is_zipfile(path)
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file. Check the path; a study's is seen from its file.") from None
    except OSError as error:
        raise DataError(f"{where} cannot be read: {reason(error)}. Check the path and its permissions.") from None
    if not is_archive:
        raise DataError(f"{where} is no .npz file. Write one with numpy.savez_compressed; {_EXPECTED}.")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] if name in wanted else np.empty(0) for name in file.files}
    except MemoryError:
        raise DataError(f"{where}: its arrays do not fit into the memory. Use fewer or smaller images.") from None
    except _BROKEN as error:
        if "pickle" in str(error):
            raise DataError(f"{where} holds Python objects, which are never loaded; {_EXPECTED} of numbers.") from None
        raise DataError(f"{where} is cut short or damaged. Write it again with numpy.savez_compressed.") from error


def _images(array: NDArray[Any], where: str) -> NDArray[np.uint8]:
    """Give images of shape (images, height, width, 1 or 3), uint8."""
    if array.dtype != np.uint8:
        raise DataError(f"{where} is of {array.dtype}, expected uint8, grey levels from 0 to 255. Convert it first.")
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[3] in {1, 3})) or not len(array):
        is_turned = array.ndim == 4 and array.shape[1] in {1, 3}
        raise DataError(
            f"{where} has the shape {array.shape}, expected (images, height, width), or with 1 or 3 channels at the "
            f"end.{' Write images.transpose(0, 2, 3, 1).' if is_turned else ''}"
        )
    if min(array.shape[1:3]) < _LEAST or max(array.shape[1:3]) > _MOST:
        raise DataError(
            f"{where} has images of {array.shape[1]} x {array.shape[2]} pixels, expected sides from {_LEAST} to "
            f"{_MOST}. Resize them first."
        )
    return np.ascontiguousarray(array if array.ndim == 4 else array[..., None])


def _labels(array: NDArray[Any], where: str, count: int) -> Labels:
    """Give labels of shape (images,)."""
    if array.shape not in {(count,), (count, 1)} or array.dtype.kind not in "iu":
        raise DataError(
            f"{where} is of {array.dtype} in the shape {array.shape}, expected one whole number for each of {count:,} "
            "images."
        )
    if array.min() < 0 or array.max() >= 2**16:
        raise DataError(f"{where} has labels from {array.min()} to {array.max()}, expected 0 to 65535.")
    return as_labels(array.reshape(-1))


def _class_names(array: NDArray[Any] | None, where: str, classes: int) -> tuple[str, ...]:
    if array is None:
        names = tuple(str(label) for label in range(classes))
    elif array.ndim != 1 or array.dtype.kind != "U" or len(array) < classes or len(set(array.tolist())) < len(array):
        raise DataError(f"{where}: '{_NAMES}' must be {classes} or more different texts, one for each label.")
    else:
        names = tuple(shown(name) for name in array.tolist())
    if len(names) < 2:
        raise DataError(f"{where} has images of one class, expected two or more.")
    return names


def _quoted(names: Iterable[str]) -> str:
    return listed(f"'{shown(name)}'" for name in names)


def _square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bring an image to a square in colour in which copies are looked for, unless it is one."""
    pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    if pixels.shape[0] == pixels.shape[1]:
        return pixels
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((2 * side, 2 * side), Image.Resampling.BOX))
