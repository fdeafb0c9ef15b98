"""One picture from bytes that nobody vouches for: pixels of the size asked for, or one reason why there are none.

Runs inside a worker process (`decoder.py`), which bounds time and memory; `decoding.py` is what other rooms call.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from ceteris.datasets.dataset import Fit
from ceteris.datasets.file_kinds import DAMAGED, HEIF, is_readable, no_image
from ceteris.networks.shape import Shape

MOST_PROFILE_BYTES = 4_000_000
"""How large a profile may be: the largest in use, of printing presses, have two or three megabytes."""

_UNUSED = "Its colour profile cannot be used: its colours were taken as they are."
_WITHOUT_ALPHA = {"LA": "L", "RGBA": "RGB"}


def in_srgb(picture: Image.Image, profile: object, notes: list[str]) -> Image.Image:
    """Give a picture in 8 bits the colours that its profile means, and note that; transparency stays as it is.

    A profile that calls itself sRGB is taken at its word: what most cameras write costs no level of any pixel. One
    that is damaged, or made for other pixels, costs no picture: the colours are taken as they are.
    """
    if not isinstance(profile, bytes) or not profile:
        return picture
    if len(profile) > MOST_PROFILE_BYTES:
        notes.append(_UNUSED)
        return picture
    kept = picture.getchannel("A") if picture.mode in _WITHOUT_ALPHA else None
    try:
        meant = ImageCms.getOpenProfile(BytesIO(profile))
        if (meant.profile.profile_description or "").startswith("sRGB"):
            return picture
        plain = picture.convert(_WITHOUT_ALPHA[picture.mode]) if kept else picture
        transform = ImageCms.buildTransform(meant, ImageCms.createProfile("sRGB"), plain.mode, "RGB")
        converted = ImageCms.applyTransform(plain, transform)
    except Exception:  # noqa: BLE001 - the parser of profiles raises nearly every exception there is on damaged bytes
        converted = None
    if converted is None:
        notes.append(_UNUSED)
        return picture
    notes.append("Its colours were brought to sRGB, as its colour profile says.")
    if kept:
        converted.putalpha(kept)
    return converted


def from_lab(picture: Image.Image) -> Image.Image:
    """Turn lightness and two opponent colours (CIELAB) into red, green and blue."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    return ImageCms.applyTransform(picture, transform) or picture


DECODER = 2
"""Raised whenever the same file would give other pixels, so that no cache holds what an older version made."""

MOST_BYTES, MOST_PIXELS = 50_000_000, 100_000_000
"""How large a file, and the picture in it, may be: more than nearly any camera makes, and decoded within a gigabyte."""

TOO_MANY_BYTES = f"has more than {MOST_BYTES / 1e6:.0f} MB"

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
"""As Pillow names them; HEIF is read too where pillow-heif is installed."""

ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif")
"""How the names of images end, in small letters; where all files of a folder are taken, endings do not matter."""

_ORIENTATION = 0x0112
# What the EXIF orientation says has been done to the camera, undone; 5 to 8 exchange width and height.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MADE_GREY = "Its colours were made grey."
"""The note of a picture in colour that is brought to one channel."""

_PLAIN_MODES = ("L", "LA", "RGB", "RGBA")
_ROWS = 256  # turned to 8 bits at a time


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a picture is to become: pixels, with 3 channels for red, green and blue or 1 for grey."""

    height: int
    width: int
    channels: int = 3
    fit: Fit = Fit.CROP

    @classmethod
    def of(cls, shape: Shape, fit: Fit | None) -> Self:
        """Give the frame of images of a size; where proportions are as they were, the middle is cut out."""
        return cls(height=shape.height, width=shape.width, channels=shape.channels, fit=fit or Fit.CROP)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """An image file, decoded.

    Attributes:
        pixels: Shape (height, width, channels), uint8.
        width: Of the picture in the file, upright, in pixels.
        format: What the bytes are, whatever the name says: one of `NAMES`.
        mode: How Pillow names its pixels: `RGB`, `L`, `P`, `CMYK`, `I;16` and others.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    mode: str
    notes: tuple[str, ...]


class UnreadableError(Exception):
    """A file is no picture that can be used; says why, to follow its name. Never reaches a user as it is."""


def decode_picture(content: bytes, frame: Frame) -> Picture:
    """Turn the bytes of an image file into pixels.

    The first frame is taken, turned upright as its EXIF data says, fitted and resampled with antialiasing (Lanczos),
    and brought to sRGB where it has a colour profile; what is transparent becomes white; 16 bits a channel are scaled
    to 8.

    Raises:
        UnreadableError: If it is not whole, too large, or no image of a known format.
    """
    if not content:
        raise UnreadableError("is empty")
    if len(content) > MOST_BYTES:
        raise UnreadableError(TOO_MANY_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is checked here, or does not matter to a picture
            return _decode(content, frame)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError(no_image(content)) from None
    except Image.DecompressionBombError:
        raise UnreadableError(_too_many_pixels()) from None
    except MemoryError:
        raise UnreadableError("needs more memory to decode than a picture may take") from None
    except Exception as error:  # the parsers of six formats raise nearly every exception there is on damaged bytes
        raise UnreadableError(DAMAGED) from error


def _decode(content: bytes, frame: Frame) -> Picture:
    notes: list[str] = []
    with Image.open(BytesIO(content), formats=(*FORMATS, *([HEIF] if is_readable() else []))) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise UnreadableError(_too_many_pixels())
        orientation = _orientation(picture, notes)
        is_turned = orientation >= 5
        if _has_more_frames(picture):
            notes.append("The first of its frames was taken.")
        width, height = picture.size
        wanted = (frame.height, frame.width) if is_turned else (frame.width, frame.height)
        # JPEG's own scaling by 2, 4 or 8 saves most of the work on photographs; twice the size wanted is left for
        # the resampling, so that nothing is blurred twice.
        picture.draft(None, (2 * wanted[0], 2 * wanted[1]))
        kind, mode = picture.format or "", picture.mode
        picture.load()
        profile = picture.info.get("icc_profile")
        inks = mode == "CMYK"  # become colours before anything else, and others when the picture is small already
        plain = _plain(in_srgb(picture, profile, notes) if inks else picture, notes)
    if plain.mode in {"LA", "RGBA"} and plain.getchannel("A").getextrema() != (255, 255):
        notes.append("What is transparent was made white.")
    fitted = _fitted(plain, wanted, frame.fit, (width, height), notes)
    fitted = _on_white(fitted if inks else in_srgb(fitted, profile, notes))
    if fitted.size != wanted:
        notes.append("Black was added around it.")
        fitted = _on_black(fitted, wanted)
    if frame.channels == 1:
        if _is_coloured(fitted):
            notes.append(MADE_GREY)
        fitted = fitted.convert("L")
    if orientation in _UPRIGHT:
        fitted = fitted.transpose(_UPRIGHT[orientation])
    pixels = np.asarray(fitted, np.uint8).reshape(frame.height, frame.width, frame.channels)
    return Picture(
        pixels=np.ascontiguousarray(pixels),
        width=height if is_turned else width,
        height=width if is_turned else height,
        format={"MPO": "JPEG", "WEBP": "WebP"}.get(kind, kind),
        mode=mode,
        notes=tuple(notes),
    )


def _orientation(picture: Image.Image, notes: list[str]) -> int:
    """Read how the camera was held; damaged EXIF data costs no picture."""
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as in `decode_picture`
        value = 1
    orientation = value if isinstance(value, int) and value in _UPRIGHT else 1
    if orientation != 1:
        notes.append("It was turned upright, as its EXIF data says.")
    return orientation


def _has_more_frames(picture: Image.Image) -> bool:
    """Say whether others follow the first frame; the second view that some cameras put into a JPEG file is none."""
    if picture.format == "MPO":
        return False
    try:
        return bool(getattr(picture, "is_animated", False))
    except Exception:  # noqa: BLE001 - the first frame may be whole where a later one is damaged
        return True


def _plain(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Give grey or colour, with or without transparency, in 8 bits a channel."""
    mode = picture.mode
    if mode in {"I", "F"} or mode.startswith("I;16"):
        return _from_wide(picture, notes)
    if mode == "LAB":
        return from_lab(picture)
    if picture.has_transparency_data:
        return picture if mode in _PLAIN_MODES and mode.endswith("A") else picture.convert("RGBA")
    if mode in _PLAIN_MODES:
        return picture
    return picture.convert("L" if mode == "1" else "RGB")


def _from_wide(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Scale more than 8 bits to 8: 16 bits from 0 to 65535; wider or real numbers as what they hold suggests."""
    levels = np.asarray(picture)
    low, high = 0.0, 65535.0
    if picture.mode in {"I", "F"}:
        known = levels[np.isfinite(levels)] if picture.mode == "F" else levels
        least, most = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        tops = (1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)
        high = next((top for top in tops if least >= 0 and most <= top), most)
        low = 0.0 if least >= 0 else least
        if high not in tops:
            notes.append(f"Its values, from {least:g} to {most:g}, were scaled to the range of a picture.")
    scaled = np.empty(levels.shape, np.uint8)
    scale = 255.0 / (high - low) if high > low else 0.0
    for start in range(0, len(levels), _ROWS):
        rows = levels[start : start + _ROWS].astype(np.float64)
        rows = np.nan_to_num(rows, nan=low, posinf=high, neginf=low)
        scaled[start : start + _ROWS] = np.rint(np.clip((rows - low) * scale, 0, 255))
    return Image.fromarray(scaled)


def _fitted(
    picture: Image.Image, wanted: tuple[int, int], fit: Fit, size: tuple[int, int], notes: list[str]
) -> Image.Image:
    """Resample to width and height, after taking the middle; to less in one of them where black is to be added.

    `size` is that in the file: a JPEG picture may have been scaled while it was decoded.
    """
    width, height = picture.size
    if fit is Fit.PAD:
        scale = min(wanted[0] / size[0], wanted[1] / size[1])
        inner = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
        return _resampled(picture, inner, (0, 0, width, height), size, notes)
    if fit is Fit.SQUASH:
        return _resampled(picture, wanted, (0, 0, width, height), size, notes)
    scale = min(size[0] / wanted[0], size[1] / wanted[1])
    taken = (wanted[0] * scale, wanted[1] * scale)
    if (shown := (max(1, round(taken[0])), max(1, round(taken[1])))) != size:
        notes.append(f"Of its {size[0]} x {size[1]} pixels, the middle {shown[0]} x {shown[1]} were taken.")
    across, down = taken[0] / size[0] * width, taken[1] / size[1] * height
    left, top = (width - across) / 2, (height - down) / 2
    box = (max(0.0, left), max(0.0, top), min(left + across, width), min(top + down, height))
    return _resampled(picture, wanted, box, shown, notes)


def _resampled(
    picture: Image.Image,
    wanted: tuple[int, int],
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    notes: list[str],
) -> Image.Image:
    if size != wanted:
        notes.append(f"It was scaled from {size[0]} x {size[1]} to {wanted[0]} x {wanted[1]} pixels.")
    return picture.resize(wanted, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _is_coloured(picture: Image.Image) -> bool:
    """Say whether red, green and blue differ anywhere."""
    channels = np.asarray(picture)
    return channels.ndim == 3 and bool((channels != channels[..., :1]).any())


def _on_white(picture: Image.Image) -> Image.Image:
    """Put what is transparent on white; done when the picture is small already."""
    if picture.mode not in {"LA", "RGBA"}:
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def _on_black(picture: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    """Put a picture into the middle of a black one."""
    ground = Image.new("RGB", wanted)
    ground.paste(picture, ((wanted[0] - picture.width) // 2, (wanted[1] - picture.height) // 2))
    return ground


def _too_many_pixels() -> str:
    return f"has more than {MOST_PIXELS / 1e6:.0f} million pixels"
