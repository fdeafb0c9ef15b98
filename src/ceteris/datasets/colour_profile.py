"""Brings the colours of a picture to sRGB, as the colour profile in its file says."""

from io import BytesIO

from PIL import Image, ImageCms

MOST_BYTES = 4_000_000
"""How large a profile may be: the largest in use, of printing presses, have two or three megabytes."""

_UNUSED = "Its colour profile cannot be used: its colours were taken as they are."
_WITHOUT_ALPHA = {"LA": "L", "RGBA": "RGB"}


def in_srgb(picture: Image.Image, profile: object, notes: list[str]) -> Image.Image:
    """Give a picture the colours that its profile means.

    A profile that calls itself sRGB is taken at its word: what most cameras write costs no level of any pixel. One
    that is damaged, or made for other pixels, costs no picture: the colours are taken as they are.

    Args:
        picture: Grey, colour or inks (CMYK) in 8 bits, perhaps with transparency, which stays as it is.
        profile: What Pillow found in the file: bytes, or nothing.
        notes: What was done is added.

    Returns:
        The picture as it was, or one in colour.
    """
    if not isinstance(profile, bytes) or not profile:
        return picture
    if len(profile) > MOST_BYTES:
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
