"""HEIC photographs, as phones take them: read where pillow-heif is installed, recognised where it is not."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

FORMAT = "HEIF"
"""As pillow-heif names it to Pillow."""

MISSING = "is a HEIC image: run `pip install pillow-heif` to have such images read, or convert it to JPEG"

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

    Args:
        head: Its first bytes, some hundred.

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
