"""What a file holds, by its first bytes; and whether HEIC photographs, as phones take them, can be read."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

GZIP_MAGIC = b"\x1f\x8b"

NAMES = "JPEG, PNG, WebP, BMP, GIF or TIFF"

HEIF = "HEIF"
"""As pillow-heif names it to Pillow."""

MISSING = "is a HEIC image: run `pip install pillow-heif` to have such images read, or convert it to JPEG"

DAMAGED = "is cut short or damaged"

_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_OTHER_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\x1f\x8b": "a gzip archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"8BPS": "a Photoshop document",
}
_TEXT = bytes(range(32, 127)) + b"\t\r\n"
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"heif", b"mif1", b"mif2", b"msf1"}
_AVIF = {b"avif", b"avis"}


@cache
def is_readable() -> bool:
    """Register pillow-heif with Pillow, once in a process, and say whether it is installed."""
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - an extra
    except ImportError:
        return False
    register_heif_opener(decode_threads=1, thumbnails=False)  # each thread would reserve memory of its own
    return True


def library_version() -> str | None:
    """Say which pillow-heif would decode; None if it is not installed."""
    try:
        return version("pillow-heif")
    except PackageNotFoundError:
        return None


def kind_of_box(head: bytes) -> str:
    """Say what a file in boxes (ISO/IEC 14496-12) holds: `HEIC`, `AVIF` or `video`; empty if it is no such file.

    Example:
        >>> kind_of_box(bytes([0, 0, 0, 24]) + b"ftypmif1" + bytes(4) + b"mif1heic")
        'HEIC'
    """
    if head[4:8] != b"ftyp":
        return ""
    end = min(len(head), int.from_bytes(head[:4], "big"))
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
    if brands & _AVIF:
        return "AVIF"
    return "HEIC" if brands & _HEIC else "video"


def kind_of(head: bytes) -> str:
    """Say what a file is that should have been an archive, from its first bytes.

    Example:
        >>> kind_of(b"<!DOCTYPE html><title>503 Service Unavailable</title>")
        'a web page'
    """
    if not head:
        return "an empty file"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page"
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive"
    return "no archive"


def no_image(content: bytes) -> str:
    """Say what is in a file that is no picture."""
    head = content[:512]
    if head.startswith(_IMAGE_SIGNATURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return DAMAGED
    match kind_of_box(head):
        case "HEIC":
            return DAMAGED if is_readable() else MISSING
        case "AVIF":
            return f"is an AVIF image, not a {NAMES} image"
        case "video":
            return f"is a video, not a {NAMES} image"
    if b"<svg" in head:
        found = "an SVG drawing"
    elif (kind := kind_of(head)) != "no archive":
        found = kind
    else:
        others = (name for signature, name in _OTHER_SIGNATURES.items() if head.startswith(signature))
        found = next(others, "text" if not head.translate(None, _TEXT) else "")
    return f"is {found}, not a {NAMES} image" if found else f"is not a {NAMES} image"
