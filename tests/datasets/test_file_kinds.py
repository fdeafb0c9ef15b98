"""Photographs of phones: read with the extra, named without it."""

import sys
from types import ModuleType

import pytest
from PIL import Image, UnidentifiedImageError

from ceteris.datasets import file_kinds, folder_cache
from ceteris.datasets.file_kinds import MISSING, is_readable
from ceteris.datasets.folder_cache import entry_key
from ceteris.datasets.picture import Frame, UnreadableError, decode_picture
from tests.datasets.picture_files import saved, scene

FRAME = Frame(height=16, width=16)
OTHERS = "not a JPEG, PNG, WebP, BMP, GIF or TIFF image"


@pytest.fixture(autouse=True)
def asked_anew():
    """Have every test ask for the extra, and none remember the answer of another."""
    is_readable.cache_clear()
    yield
    is_readable.cache_clear()


def boxes(major, *compatible):
    """Begin a file in boxes, with its brands."""
    brands = major.encode() + bytes(4) + b"".join(brand.encode() for brand in compatible)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + bytes(400)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (boxes("heic", "mif1", "heic"), MISSING),
        (boxes("mif1", "heic", "miaf", "MiHB", "MiPr"), MISSING),
        (boxes("heix"), MISSING),
        (boxes("mif1", "avif", "miaf"), f"is an AVIF image, {OTHERS}"),
        (boxes("avif"), f"is an AVIF image, {OTHERS}"),
        (boxes("qt  "), f"is a video, {OTHERS}"),
        (boxes("isom", "mp42"), f"is a video, {OTHERS}"),
    ],
)
def test_what_is_in_boxes_is_named(monkeypatch, content, reason):
    """However large its first box is, and whatever brand comes first."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(UnreadableError) as raised:
        decode_picture(content, FRAME)

    assert str(raised.value) == reason


def test_the_message_names_both_ways():
    """To install what reads it, or to convert it."""
    assert MISSING == "is a HEIC image: run `pip install pillow-heif` to have such images read, or convert it to JPEG"


def test_heic_is_read_where_the_extra_is_installed(monkeypatch):
    """Pillow's plugin is registered before the first picture; a damaged file is damaged, and no extra is asked for."""
    opened = []

    def opener(file, _name):
        content = file.read()
        opened.append(content)
        if b"damaged" in content:
            raise UnidentifiedImageError
        return Image.fromarray(scene())

    plugin = ModuleType("pillow_heif")
    plugin.register_heif_opener = lambda **_: Image.register_open("HEIF", opener, lambda head: head[4:8] == b"ftyp")
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    content = boxes("heic")

    assert decode_picture(content, FRAME).pixels.shape == (16, 16, 3)
    assert opened == [content]
    with pytest.raises(UnreadableError, match=r"^is cut short or damaged$"):
        decode_picture(boxes("heic") + b"damaged", FRAME)


def test_real_heic_is_read():
    """With the library itself, where it is installed."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()

    picture = decode_picture(saved(Image.fromarray(scene()), "HEIF"), FRAME)

    assert (picture.format, picture.pixels.shape) == ("HEIF", (16, 16, 3))


def test_a_folder_is_decoded_anew_when_the_extra_comes(monkeypatch):
    """Pictures that were left out are then there; without the extra, keys are as they were before it existed."""
    monkeypatch.setattr(folder_cache, "library_version", lambda: None)
    before = entry_key(FRAME, {}, [])
    monkeypatch.setattr(folder_cache, "library_version", lambda: "1.0.0")

    assert entry_key(FRAME, {}, []) != before


def test_the_version_is_that_of_the_package(monkeypatch):
    """Another version may decode otherwise."""
    monkeypatch.setattr(file_kinds, "version", lambda name: {"pillow-heif": "1.2.3"}[name])

    assert file_kinds.library_version() == "1.2.3"
