"""Reads what was named to be predicted, several files at a time, and goes on where one cannot be read."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.cli.picture_names import Named, printable
from ceteris.datasets.decoding import Decoded, Unreadable, decode
from ceteris.datasets.picture import MOST_BYTES, Frame
from ceteris.resources import available_cores


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


def read_pictures(images: Sequence[Named], frame: Frame, test_images: NDArray[np.uint8]) -> Iterator[Picture]:
    """Read images in their order, in processes of their own.

    Args:
        images: What to read.
        frame: What to make of each, as for the training.
        test_images: What the numbers count. Shape (n, height, width, channels).

    Yields:
        One picture an image, whatever became of it.
    """
    files = (_standard_input() if one.path is None else one.path for one in images if one.number is None)
    waiting: dict[int, Decoded | Unreadable] = {}
    rank = 0
    with closing(decode(files, frame, workers=available_cores())) as answers:
        for one in images:
            if one.number is not None:
                yield _test_image(one.name, one.number, test_images)
                continue
            while rank not in waiting:
                place, answer = next(answers)
                waiting[place] = answer
            yield _picture(one.name, waiting.pop(rank))
            rank += 1


def _picture(name: str, answer: Decoded | Unreadable) -> Picture:
    if isinstance(answer, Unreadable):
        return Picture(name=name, pixels=None, trouble=printable(f"{name} {answer.reason}."))
    return Picture(name=name, pixels=answer.picture.pixels, notes=answer.picture.notes)


def _test_image(name: str, number: int, test_images: NDArray[np.uint8]) -> Picture:
    if number < len(test_images):
        return Picture(name=name, pixels=test_images[number])
    trouble = (
        f"there is no test image {number}; there are {len(test_images):,}, counted from 0. "
        f"For a file of that name write ./{number}."
    )
    return Picture(name=name, pixels=None, trouble=trouble)


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(MOST_BYTES + 1)
