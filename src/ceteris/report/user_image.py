"""An image file of the user's, made as small as the images that a network has learnt from."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ceteris.errors import DataError
from ceteris.study.shape import Shape

MOST_BYTES, MOST_PIXELS = 50_000_000, 100_000_000
"""How large a file, and the image in it, may be: more than any camera makes, and decoded within a gigabyte."""

_FORMATS = ("PNG", "JPEG")
_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "F")


@dataclass(frozen=True, kw_only=True, eq=False)
class UserImage:
    """What a network is shown.

    Attributes:
        pixels: Shape (height, width, channels), uint8.
        notes: What was done to the file's image, one sentence each.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...]


def read_user_image(path: Path, shape: Shape) -> UserImage:
    """Read a PNG or JPEG file, turn it upright, cut its middle out and scale it to a network's size.

    Args:
        path: The file.
        shape: The size that the network is made for, with 1 or 3 channels.

    Raises:
        DataError: If the file is missing, too large, damaged, or of another format.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise DataError(f"{path}: {reason}. Give the number of a test image, or a PNG or JPEG file.") from None
    if size > MOST_BYTES:
        raise DataError(
            f"{path} has {size / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:.0f} MB. Give a smaller picture."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is checked here, or does not matter to a picture
            return _read(path, shape)
    except UnidentifiedImageError:
        raise DataError(f"{path} is neither a PNG nor a JPEG file. Save the picture as one of these.") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path}: {_too_large()}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be decoded: it is cut short or damaged. Save the picture anew.") from error


def _read(path: Path, shape: Shape) -> UserImage:
    notes: list[str] = []
    with Image.open(path, formats=_FORMATS) as opened:
        width, height = opened.size
        if width * height > MOST_PIXELS:
            raise DataError(f"{path}: {_too_large()}")
        picture = ImageOps.exif_transpose(opened)
        picture.load()
    if picture.mode in _GREY_MODES[3:]:
        levels = np.asarray(picture, np.float64)
        top = 65535 if levels.max(initial=0) > 255 else 255
        picture = Image.fromarray(np.rint(np.clip(levels / top, 0, 1) * 255).astype(np.uint8))
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
        notes.append("What is transparent was made white.")
    picture = picture.convert("RGB" if shape.channels == 3 else "L")
    picture = _fitted(picture, shape, notes)
    pixels = np.asarray(picture, np.uint8).reshape(shape.height, shape.width, shape.channels)
    return UserImage(pixels=np.ascontiguousarray(pixels), notes=tuple(notes))


def _fitted(picture: Image.Image, shape: Shape, notes: list[str]) -> Image.Image:
    """Cut out the largest middle part of the right proportions, and scale it."""
    width, height = picture.size
    scale = min(width / shape.width, height / shape.height)
    wide, high = max(1, round(shape.width * scale)), max(1, round(shape.height * scale))
    if (wide, high) != (width, height):
        left, top = (width - wide) // 2, (height - high) // 2
        picture = picture.crop((left, top, left + wide, top + high))
        notes.append(f"Of its {width} x {height} pixels, the middle {wide} x {high} were taken.")
    if picture.size != (shape.width, shape.height):
        notes.append(f"It was scaled from {wide} x {high} to {shape.width} x {shape.height} pixels.")
        picture = picture.resize((shape.width, shape.height), Image.Resampling.LANCZOS)
    return picture


def _too_large() -> str:
    return f"the picture has more than {MOST_PIXELS / 1e6:.0f} million pixels. Give a smaller one."
