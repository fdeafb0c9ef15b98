"""An image file of the user's, made as small as the images that a network has learnt from."""

import math
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ceteris.errors import DataError
from ceteris.study.shape import Shape

MOST_BYTES, MOST_PIXELS = 50_000_000, 100_000_000
"""How large a file, and the image in it, may be; the largest was seen to take 1.2 GB of memory."""

_FORMATS = ("PNG", "JPEG")
_SIXTEEN_BITS = ("I", "I;16", "I;16B")
_EIGHT_OF_SIXTEEN = ((np.arange(65536) + 128) // 257).astype(np.uint8)  # 65535 becomes 255


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
        DataError: If the file is missing, too large, damaged, or of another format; or if it is no file.
    """
    content = _content(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is checked here, or does not matter to a picture
            return _read(path, content, shape)
    except UnidentifiedImageError:
        raise DataError(f"{path} is neither a PNG nor a JPEG file. Save the picture as one of these.") from None
    except Image.DecompressionBombError:
        raise DataError(_too_large(path)) from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be decoded: it is cut short or damaged. Save the picture anew.") from error


def _content(path: Path) -> bytes:
    advice = "Give the number of a test image, or a PNG or JPEG file."
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise DataError(f"{path} is no file. {advice}")
        if size > MOST_BYTES:
            raise DataError(
                f"{path} has {size / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:.0f} MB. Give a smaller picture."
            )
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise DataError(f"{path}: {reason}. {advice}") from None


def _read(path: Path, content: bytes, shape: Shape) -> UserImage:
    notes: list[str] = []
    with Image.open(BytesIO(content), formats=_FORMATS) as opened:
        if math.prod(opened.size) > MOST_PIXELS:
            raise DataError(_too_large(path))
        ImageOps.exif_transpose(opened, in_place=True)
        opened.load()
        picture: Image.Image = opened
        if picture.mode in _SIXTEEN_BITS:
            picture = Image.fromarray(_EIGHT_OF_SIXTEEN[np.asarray(picture)])
        # A palette cannot be scaled; what is transparent must not bleed into what is not.
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        picture = picture if picture.mode == mode else picture.convert(mode)
        picture = _fitted(picture, shape, notes)
    if picture.mode == "RGBA":
        if picture.getchannel("A").getextrema() != (255, 255):
            notes.append("What is transparent was made white.")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB" if shape.channels == 3 else "L")
    pixels = np.array(picture, np.uint8).reshape(shape.height, shape.width, shape.channels)
    return UserImage(pixels=pixels, notes=tuple(notes))


def _fitted(picture: Image.Image, shape: Shape, notes: list[str]) -> Image.Image:
    """Cut out the largest middle part of the right proportions, and scale it."""
    width, height = picture.size
    scale = min(width / shape.width, height / shape.height)
    wide, high = max(1, round(shape.width * scale)), max(1, round(shape.height * scale))
    left, top = (width - wide) // 2, (height - high) // 2
    if (wide, high) != (width, height):
        notes.append(f"Of its {width} x {height} pixels, the middle {wide} x {high} were taken.")
    if (wide, high) != (shape.width, shape.height):
        notes.append(f"It was scaled from {wide} x {high} to {shape.width} x {shape.height} pixels.")
    box = (left, top, left + wide, top + high)
    return picture.resize((shape.width, shape.height), Image.Resampling.LANCZOS, box=box)


def _too_large(path: Path) -> str:
    return f"{path}: the picture has more than {MOST_PIXELS / 1e6:.0f} million pixels. Give a smaller one."
