"""The built-in shapes: the outline of each as a signed distance, below 0 inside and above 0 outside, and its tint.

Only +, -, *, absolute value, minimum, maximum and square root are used, each rounded exactly by every processor, so the
shapes are the same to the last bit everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Outline = Callable[[Floats, Floats], Floats]


def _box(u: Floats, v: Floats, width: float, height: float) -> Floats:
    return np.maximum(np.abs(u) - np.float32(width), np.abs(v) - np.float32(height))


def _disc(u: Floats, v: Floats, radius: float) -> Floats:
    return np.sqrt(u * u + v * v) - np.float32(radius)


def _band(distance: Floats, width: float) -> Floats:
    band: Floats = np.abs(distance) - np.float32(width)
    return band


def _triangle(u: Floats, v: Floats) -> Floats:
    slope = np.abs(u) * np.float32(0.875) - v * np.float32(0.5)
    triangle: Floats = np.maximum(slope - np.float32(0.5), v - np.float32(0.625))
    return triangle


def _star(u: Floats, v: Floats) -> Floats:
    roots = np.sqrt(np.abs(u)) + np.sqrt(np.abs(v))
    star: Floats = (roots - np.float32(1.125)) * np.float32(0.75)
    return star


def _hourglass(u: Floats, v: Floats) -> Floats:
    waist = (np.abs(u) - np.abs(v) - np.float32(0.0625)) * np.float32(0.75)
    hourglass: Floats = np.maximum(waist, np.abs(v) - np.float32(0.875))
    return hourglass


@dataclass(frozen=True)
class Shape:
    """One class of the built-in data set.

    Attributes:
        name: The name of the class.
        outline: Signed distance to the edge at (u, v). The unit is half the size of the shape; v points down.
        tint: Which of red, green and blue the shape tends to have more of (1) or less (-1).
    """

    name: str
    outline: Outline
    tint: tuple[int, int, int]


SHAPES = (
    Shape("disc", lambda u, v: _disc(u, v, 0.875), (1, -1, -1)),
    Shape("ring", lambda u, v: _band(_disc(u, v, 0.75), 0.1875), (-1, 1, -1)),
    Shape("square", lambda u, v: _box(u, v, 0.8125, 0.8125), (-1, -1, 1)),
    Shape("frame", lambda u, v: _band(_box(u, v, 0.6875, 0.6875), 0.1875), (1, 1, -1)),
    Shape("triangle", _triangle, (1, -1, 1)),
    Shape("cross", lambda u, v: np.minimum(_box(u, v, 0.25, 0.9375), _box(u, v, 0.9375, 0.25)), (-1, 1, 1)),
    Shape("star", _star, (1, 0, -1)),
    Shape("bar", lambda u, v: _box(u, v, 0.3125, 1.0), (-1, 0, 1)),
    Shape("crescent", lambda u, v: np.maximum(_disc(u, v, 0.9375), -_disc(u - np.float32(0.5), v, 0.75)), (0, 1, -1)),
    Shape("hourglass", _hourglass, (0, -1, 1)),
)
