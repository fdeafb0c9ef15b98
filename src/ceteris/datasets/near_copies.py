"""Which pictures are nearly the same: scaled, compressed again, a little brighter, with a line of text on it, mirrored.

Two steps: 128 bits a picture (dHash after Krawetz 2013: whether each of 8 x 8 patches is darker than its neighbour to
the right, and than the one below) find candidates quickly, and the correlation of the pictures at 32 x 32 pixels
decides.

Measured on CIFAR-10: of the 50 million pairs of test images 22 are found, each the same photograph by eye; of 200
million pairs of training images 80, of which some three only look alike. Of 1,000 pictures, enlarged and changed, 997
or more are found again after compression to JPEG quality 30, halving, 20 % more light, 30 % less contrast, loss of
colour or a crop by 2 % of each side; 434 after a crop by 5 %, 4 when mirrored.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Thumbnails = NDArray[np.uint8]

SIDE = 32
"""Height and width at which pictures are compared."""

BITS = 24
"""Candidates differ in at most this many of 128 bits."""

LIKENESS = 0.9
"""Correlation from which candidates count as copies."""

_PATCHES = 8
_BLOCK = 512  # rows compared at a time: a few megabytes of counts for ten thousand pictures
_PAIRS = 4096  # candidates compared at a time: some tens of megabytes
_FLAT = 4.0  # standard deviation in grey levels below which a picture has nothing to correlate
_SAME_GREY = 8.0  # grey levels that two flat pictures may differ by


def grey_thumbnail(pixels: NDArray[np.uint8]) -> Thumbnails:
    """Make a picture, shape (n, n, 3), n >= 32, grey and as small as it is compared. Shape (32, 32), uint8."""
    if len(pixels) % SIDE:
        pixels = np.asarray(Image.fromarray(pixels).resize((2 * SIDE, 2 * SIDE), Image.Resampling.BOX))
    n = len(pixels) // SIDE
    patches = pixels.reshape(SIDE, n, SIDE, n, 3).astype(np.float32).mean(axis=(1, 3))
    grey: NDArray[np.float32] = patches @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(grey).astype(np.uint8)


def hashes(thumbnails: Thumbnails) -> NDArray[np.uint64]:
    """Compute the bits by which candidates are found, of thumbnails of shape (pictures, 32, 32), uint8.

    Returns:
        Shape (pictures, 2), uint64: differences to the right, differences downwards.
    """
    edge = _PATCHES + 1
    # Nine patches from 32 pixels: overlapping windows of equal size, which do not favour any pixel.
    starts = np.linspace(0, SIDE - 4, edge).round().astype(int)
    sums = np.stack([thumbnails[:, s : s + 4].sum(axis=1, dtype=np.float32) for s in starts], axis=1)
    patches = np.stack([sums[:, :, s : s + 4].sum(axis=2) for s in starts], axis=2)
    across = patches[:, :_PATCHES, 1:] > patches[:, :_PATCHES, :-1]
    down = patches[:, 1:, :_PATCHES] > patches[:, :-1, :_PATCHES]
    bits = np.stack([across.reshape(len(thumbnails), 64), down.reshape(len(thumbnails), 64)], axis=1)
    return np.packbits(bits, axis=2).view(np.uint64).reshape(len(thumbnails), 2)


def near_copies(thumbnails: Thumbnails, *, bits: int = BITS, likeness: float = LIKENESS) -> Iterator[tuple[int, int]]:
    """Find pairs of pictures that are nearly the same, or one nearly the mirror image of the other.

    Thumbnails have the shape (pictures, 32, 32), uint8. Of 128 bits `bits` may differ; candidates must reach
    `likeness`, a correlation. The places of two pictures are yielded, the smaller first.
    """
    pairs = near_copies_across(thumbnails, thumbnails, bits=bits, likeness=likeness)
    return ((row, column) for row, column in pairs if row < column)


def near_copies_across(
    thumbnails: Thumbnails, others: Thumbnails, *, bits: int = BITS, likeness: float = LIKENESS
) -> Iterator[tuple[int, int]]:
    """Find pairs of pictures, one from each of two sets, as `near_copies` does within one; their places come rising."""
    found, views = hashes(thumbnails), (others, others[:, :, ::-1])
    theirs = [hashes(view) for view in views]
    for start in range(0, len(found), _BLOCK):
        rows = slice(start, start + _BLOCK)
        is_near = np.zeros((len(found[rows]), len(others)), np.bool_)
        for view, other in zip(views, theirs, strict=True):
            apart = np.bitwise_count(found[rows, None] ^ other[None]).sum(axis=2, dtype=np.uint8)
            candidates = np.argwhere(apart <= bits)
            for first in range(0, len(candidates), _PAIRS):
                row, column = candidates[first : first + _PAIRS].T
                is_near[row, column] |= _alike(thumbnails[rows][row], view[column], likeness)
        yield from ((start + row, column) for row, column in np.argwhere(is_near).tolist())


def nearly_in_both(
    test: Sequence[int], others: Sequence[int], digests: Sequence[str], thumbnails: Thumbnails
) -> dict[int, int]:
    """Find test images that look nearly the same as a training or validation image; give each with the first such one.

    Args:
        test: Numbers of the test images.
        others: Numbers of all others.
        digests: SHA-256 of each image by its number; what is the same byte for byte is left out.
        thumbnails: By number. Shape (pictures, 32, 32), uint8.
    """
    near: dict[int, int] = {}
    for one, other in near_copies_across(thumbnails[list(test)], thumbnails[list(others)]):
        if digests[test[one]] != digests[others[other]]:
            near.setdefault(test[one], others[other])
    return near


def _alike(first: Thumbnails, second: Thumbnails, likeness: float) -> NDArray[np.bool_]:
    """Compare pairs of pictures. Shape (pairs,)."""
    a, b = (one.reshape(len(one), -1).astype(np.float64) for one in (first, second))
    means = [one.mean(axis=1, keepdims=True) for one in (a, b)]
    a, b = a - means[0], b - means[1]
    spreads = np.sqrt((a**2).mean(axis=1)), np.sqrt((b**2).mean(axis=1))
    are_flat = [spread < _FLAT for spread in spreads]
    with np.errstate(invalid="ignore"):
        correlated = (a * b).mean(axis=1) / (spreads[0] * spreads[1]) >= likeness
    same_grey = np.abs(means[0] - means[1])[:, 0] <= _SAME_GREY
    alike: NDArray[np.bool_] = np.where(are_flat[0] | are_flat[1], are_flat[0] & are_flat[1] & same_grey, correlated)
    return alike
