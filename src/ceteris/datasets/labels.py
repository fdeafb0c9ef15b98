"""The classes of images as numbers: wide in memory, and on the disk in as few bytes as hold them."""

import numpy as np
from numpy.typing import NDArray

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
