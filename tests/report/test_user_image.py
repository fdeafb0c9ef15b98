from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ceteris.errors import DataError
from ceteris.report import user_image
from ceteris.report.user_image import read_user_image
from ceteris.study.shape import Shape

COLOUR, GREY = Shape(32, 32, 3), Shape(32, 32, 1)


@pytest.fixture
def save(tmp_path):
    """Write an array or a Pillow image to a file, and give its path."""

    def write(picture, name="picture.png", **options):
        if isinstance(picture, np.ndarray):
            picture = Image.fromarray(picture)
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return write


def noise(*shape, dtype=np.uint8):
    """Give pixels of noise."""
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def test_an_image_of_the_right_size_is_taken_as_it_is(save):
    """Not one grey level changes, and there is nothing to tell."""
    pixels = noise(32, 32, 3)
    found = read_user_image(save(pixels), COLOUR)

    np.testing.assert_array_equal(found.pixels, pixels, strict=True)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("height", "width", "notes"),
    [
        (64, 64, ("It was scaled from 64 x 64 to 32 x 32 pixels.",)),
        (32, 40, ("Of its 40 x 32 pixels, the middle 32 x 32 were taken.",)),
        (
            48,
            100,
            (
                "Of its 100 x 48 pixels, the middle 48 x 48 were taken.",
                "It was scaled from 48 x 48 to 32 x 32 pixels.",
            ),
        ),
        (1, 1, ("It was scaled from 1 x 1 to 32 x 32 pixels.",)),
        (
            1,
            500,
            ("Of its 500 x 1 pixels, the middle 1 x 1 were taken.", "It was scaled from 1 x 1 to 32 x 32 pixels."),
        ),
    ],
)
def test_other_sizes_are_cut_and_scaled_and_that_is_said(save, height, width, notes):
    """The middle is cut out in the right proportions and scaled; each step is told with its numbers."""
    found = read_user_image(save(noise(height, width, 3)), COLOUR)

    assert found.pixels.shape == (32, 32, 3)
    assert found.notes == notes


def test_the_middle_is_what_is_kept(save):
    """What lies left and right of the middle square has no part in the picture."""
    pixels = np.zeros((32, 96, 3), np.uint8)
    pixels[:, 32:64] = noise(32, 32, 3)

    np.testing.assert_array_equal(read_user_image(save(pixels), COLOUR).pixels, pixels[:, 32:64])


def test_a_jpeg_is_read(save):
    """What JPEG loses is small."""
    pixels = np.full((32, 32, 3), (200, 100, 50), np.uint8)

    found = read_user_image(save(pixels, "picture.jpg", quality=95), COLOUR).pixels
    assert abs(found.astype(int) - pixels).max() <= 3


def test_a_photograph_is_turned_upright(save):
    """Cameras store how they were held; the picture is shown as a person would see it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn right
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16] = 255

    found = read_user_image(save(pixels, exif=exif), COLOUR).pixels
    np.testing.assert_array_equal(found, np.rot90(pixels, -1))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"])
def test_every_kind_of_pixel_is_read(save, mode):
    """Black and white, grey, palettes, colour and print colours all become what the network has learnt from."""
    name = "picture.jpg" if mode == "CMYK" else "picture.png"
    picture = Image.fromarray(np.full((32, 32, 3), 255, np.uint8)).convert("LA" if mode == "PA" else mode)

    for shape in (COLOUR, GREY):
        found = read_user_image(save(picture, name), shape)
        assert found.pixels.shape == (32, 32, shape.channels)
        assert found.pixels.min() == 255
        assert found.notes == ()


def test_grey_becomes_three_equal_channels(save):
    """A grey picture is shown to a network of colour images as grey."""
    pixels = noise(32, 32)

    found = read_user_image(save(pixels), COLOUR).pixels
    for channel in range(3):
        np.testing.assert_array_equal(found[..., channel], pixels)


@pytest.mark.parametrize(("level", "expected"), [(65535, 255), (32896, 128), (257, 1), (128, 0), (129, 1), (0, 0)])
def test_sixteen_bits_become_eight(save, level, expected):
    """The scale is that of the file, not that of its brightest pixel: a dark picture stays dark."""
    found = read_user_image(save(np.full((32, 32), level, np.uint16)), COLOUR).pixels

    assert (found == expected).all()


def test_what_is_transparent_becomes_white(save):
    """Transparent pixels have no colour of their own; whatever hides in them is not shown, and that is said."""
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:16] = (10, 20, 30, 255)
    found = read_user_image(save(pixels), COLOUR)

    assert (found.pixels[:16] == (10, 20, 30)).all()
    assert (found.pixels[16:] == 255).all()
    assert found.notes == ("What is transparent was made white.",)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", b"not an image at all"])
def test_another_format_is_refused(tmp_path, content):
    """Only PNG and JPEG are decoded, whatever the file is called."""
    (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_user_image(tmp_path / "picture.png", COLOUR)

    where = tmp_path / "picture.png"
    assert str(error.value) == f"{where} is neither a PNG nor a JPEG file. Save the picture as one of these."


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
def test_a_damaged_file_is_one_sentence(save, name):
    """A file that ends early is said to be damaged, and no half picture is shown."""
    path = save(noise(64, 64, 3), name)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError) as error:
        read_user_image(path, COLOUR)

    assert str(error.value) == f"{path} cannot be decoded: it is cut short or damaged. Save the picture anew."


def test_whatever_bytes_there_are_end_in_a_picture_or_one_sentence(save):
    """Two hundred files with bytes changed at random: never another error than ours."""
    generator = np.random.default_rng(2)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("picture.png", "picture.jpg"):
        path = save(noise(20, 30, 3), name, exif=exif)
        whole = path.read_bytes()
        for _ in range(100):
            changed = bytearray(whole)
            for place in generator.integers(0, min(len(whole), 300), 5):
                changed[place] = generator.integers(0, 256)
            path.write_bytes(bytes(changed))
            with suppress(DataError):
                assert read_user_image(path, COLOUR).pixels.shape == (32, 32, 3)


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path):
    """The message says what to give instead."""
    for path, found in (
        (tmp_path / "none.png", ": no such file or directory"),
        (tmp_path, " is no file"),
        (tmp_path / "x" / "..", ": no such file or directory"),
    ):
        with pytest.raises(DataError) as error:
            read_user_image(path, COLOUR)
        assert str(error.value) == f"{path}{found}. Give the number of a test image, or a PNG or JPEG file."


def test_a_large_file_is_refused_unread(tmp_path, monkeypatch):
    """A file above the limit is not read into memory."""
    monkeypatch.setattr(user_image, "MOST_BYTES", 3_000_000)
    path = tmp_path / "picture.png"
    path.write_bytes(bytes(4_000_000))
    with pytest.raises(DataError) as error:
        read_user_image(path, COLOUR)

    assert str(error.value) == f"{path} has 4 MB, expected at most 3 MB. Give a smaller picture."


@pytest.mark.parametrize("side", [10_001, 20_000])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, side):
    """A few bytes that claim a hundred million pixels are refused by what they claim; the pixels do not exist here."""
    header = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    content = BytesIO()
    content.write(b"\x89PNG\r\n\x1a\n")
    PngImagePlugin.putchunk(content, b"IHDR", header)
    PngImagePlugin.putchunk(content, b"IDAT", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(content.getvalue())
    with pytest.raises(DataError) as error:
        read_user_image(path, COLOUR)

    assert str(error.value) == f"{path}: the picture has more than 100 million pixels. Give a smaller one."
