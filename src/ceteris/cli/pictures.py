"""Reads what was named to be predicted, several files at a time, and goes on where one cannot be read."""

import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.cli.picture_names import Named, printable
from ceteris.errors import DataError
from ceteris.execution.study import available_cores
from ceteris.report.user_image import MOST_BYTES, UserImage, read_user_image
from ceteris.study.shape import Shape

_AHEAD = 4  # images that each thread reads ahead


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """What became of an image that was named.

    Attributes:
        name: What to call it.
        pixels: Shape (height, width, channels), uint8; None if it could not be read.
        notes: What was done to it, one sentence each.
        trouble: Why it could not be read, in a sentence or two; empty if it could.
    """

    name: str
    pixels: NDArray[np.uint8] | None
    notes: tuple[str, ...] = ()
    trouble: str = ""


def read_pictures(images: Sequence[Named], shape: Shape, test_images: NDArray[np.uint8]) -> Iterator[Picture]:
    """Read images in their order, a few ahead of the one that is asked for.

    Args:
        images: What to read.
        shape: The size to bring them to.
        test_images: What the numbers count. Shape (n, height, width, channels).

    Yields:
        One picture an image, whatever became of it.
    """
    workers = available_cores()
    waiting: deque[Future[Picture]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for one in images:
            waiting.append(pool.submit(_read, one, shape, test_images))
            if len(waiting) > workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _read(one: Named, shape: Shape, test_images: NDArray[np.uint8]) -> Picture:
    if one.number is not None:
        if one.number < len(test_images):
            return Picture(name=one.name, pixels=test_images[one.number])
        return Picture(
            name=one.name,
            pixels=None,
            trouble=(
                f"there is no test image {one.number}; there are {len(test_images):,}, counted from 0. "
                f"For a file of that name write ./{one.number}."
            ),
        )
    try:
        read = read_user_image(one.path, shape) if one.path is not None else _standard_input(shape)
    except DataError as error:
        return Picture(name=one.name, pixels=None, trouble=printable(str(error)))
    return Picture(name=one.name, pixels=read.pixels, notes=read.notes)


def _standard_input(shape: Shape) -> UserImage:
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    with tempfile.TemporaryDirectory(prefix="ceteris-") as folder:
        file = Path(folder) / "standard input"
        file.write_bytes(content)
        try:
            return read_user_image(file, shape)
        except DataError as error:
            raise DataError(str(error).replace(str(file), file.name)) from None
