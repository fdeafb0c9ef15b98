"""How each training image is changed in an epoch: counted random numbers, and integers from there on.

All engines see the same bytes. An image is changed in this order; what comes from outside of it, and what is cut out,
is black, byte 0:

1. brightness and contrast: each byte v becomes (v * gain + 128 * (4096 - contrast) + 2048) >> 12, held within 0 to 255,
   where gain = (brightness * contrast) >> 12; 4096 is a factor of 1;
2. flip: left and right change places;
3. rotation, clockwise: with X = 2 x - (width - 1) and Y = 2 y - (height - 1), pixel (y, x) is the one at column
   (cosine * X + sine * Y + (width << 14)) >> 15 and row (cosine * Y - sine * X + (height << 14)) >> 15;
4. crop: pixel (y, x) is the one at (y + down, x + right);
5. cutout: rows from `top` and columns from `left` are black, as many as the side of the square.

`>>` rounds down.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.streams import Words, shifts, words
from ceteris.networks.shape import Shape
from ceteris.training.cosine import cosine_of_half_turns
from ceteris.training.training import Training

Views = NDArray[np.int16]

FACTOR_OF_ONE = 2**12
WHOLE_COSINE = 2**14
_STEPS_OF_A_TURN = 2**16


class View(IntEnum):
    """The numbers that say how an image is seen, in the order of `struct View` in `gather.hpp`."""

    MIRRORED = 0
    DOWN = 1
    RIGHT = 2
    COSINE = 3
    SINE = 4
    TOP = 5
    LEFT = 6
    SIDE = 7
    BRIGHTNESS = 8
    CONTRAST = 9


def views(seed: int, epoch: int, images: int, training: Training, image: Shape) -> Views | None:
    """Say how a run sees each training image in an epoch, in the epoch's order.

    What one augmentation draws does not depend on the others, nor on their strengths.

    Returns:
        Columns as in `View`. Shape (images, 10); None if no image is changed.
    """
    if not any(one.is_active for one in training.augmentations):
        return None
    rows = plain_views(images)
    rows[:, : View.COSINE] = shifts(seed, epoch, images, flip=training.flip, crop=training.crop)
    if training.rotation:
        largest = round(training.rotation / 360 * _STEPS_OF_A_TURN)
        turns = _either_way(words(seed, "rotation", images, epoch=epoch), largest) / _STEPS_OF_A_TURN
        half_turns = np.abs(2 * turns)
        sine = np.copysign(cosine_of_half_turns(np.abs(half_turns - 0.5)), turns)
        rows[:, View.COSINE] = np.rint(WHOLE_COSINE * cosine_of_half_turns(half_turns))
        rows[:, View.SINE] = np.rint(WHOLE_COSINE * sine)
    if training.cutout:
        centres = words(seed, "cutout", 2 * images, epoch=epoch).reshape(images, 2)
        sides = np.array([image.height, image.width])
        rows[:, View.TOP : View.SIDE] = _below(centres, sides) - training.cutout // 2
        rows[:, View.SIDE] = training.cutout
    for column, strength in ((View.BRIGHTNESS, training.brightness), (View.CONTRAST, training.contrast)):
        if strength:
            drawn = words(seed, column.name.lower(), images, epoch=epoch)
            rows[:, column] += _either_way(drawn, round(strength * FACTOR_OF_ONE)).astype(np.int16)
    return rows


def plain_views(images: int) -> Views:
    """Say that images are seen as they are. Shape (images, 10)."""
    rows = np.zeros((images, len(View)), np.int16)
    rows[:, View.COSINE], rows[:, View.BRIGHTNESS :] = WHOLE_COSINE, FACTOR_OF_ONE
    return rows


def augmented(image: NDArray[np.uint8], view: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Change one image, shape (height, width, channels), as a row of `views` says; engines do the same in bulk."""
    mirrored, down, right, cosine, sine, top, left, side, brightness, contrast = (int(number) for number in view)
    height, width = image.shape[:2]
    gain, offset = (brightness * contrast) >> 12, 128 * (FACTOR_OF_ONE - contrast) + FACTOR_OF_ONE // 2
    toned = np.clip((image.astype(np.int64) * gain + offset) >> 12, 0, 255).astype(np.uint8)
    toned = toned[:, ::-1] if mirrored else toned
    y, x = np.ogrid[down : down + height, right : right + width]
    across, along = 2 * x - (width - 1), 2 * y - (height - 1)
    column = (cosine * across + sine * along + (width << 14)) >> 15
    row = (cosine * along - sine * across + (height << 14)) >> 15
    is_inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    is_inside &= (row >= 0) & (row < height) & (column >= 0) & (column < width)
    result = np.where(is_inside[..., None], toned[row.clip(0, height - 1), column.clip(0, width - 1)], 0)
    result[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return result.astype(np.uint8)


def _below(drawn: Words, bound: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn words into whole numbers from 0 to below a bound, evenly but for one part in 2**32 / bound."""
    return ((drawn.astype(np.uint64) * np.asarray(bound, np.uint64)) >> np.uint64(32)).astype(np.int64)


def _either_way(drawn: Words, largest: int) -> NDArray[np.int64]:
    """Turn words into whole numbers from -largest to largest."""
    return _below(drawn, 2 * largest + 1) - largest
