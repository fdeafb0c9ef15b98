import numpy as np
import pytest
from PIL import Image, ImageCms

from ceteris.datasets.dataset import Fit
from ceteris.datasets.picture import MOST_BYTES, Frame, UnreadableError, decode_picture, in_srgb
from tests.datasets.picture_files import HEIGHT, WIDTH, exchanging_profile, hard_files, in_every_mode, saved, scene

AS_IT_IS = Frame(height=HEIGHT, width=WIDTH)
GREY = np.asarray(Image.fromarray(scene()).convert("L"))[..., None].repeat(3, axis=-1)
ON_WHITE = np.rint(255 + (scene() - 255.0) * scene()[..., :1] / 255).astype(np.uint8)
NO_IMAGE = "not a JPEG, PNG, WebP, BMP, GIF or TIFF image"
LOSSLESS = {
    "png colour": scene(),
    "png with a profile": scene()[..., [1, 0, 2]],
    "png alpha": ON_WHITE,
    "png 16 bits": GREY,
    "webp with a profile": scene()[..., [1, 0, 2]],
    "webp lossless alpha": ON_WHITE,
    "bmp": scene(),
    "tiff": scene(),
    "tiff with a profile": ON_WHITE[..., [1, 0, 2]],
    "tiff lzw": scene(),
    "tiff 16 bits": GREY,
    "tiff real numbers": GREY,
    "tiff cmyk": scene(),
    "tiff pages": scene(),
}
LOSSY = {
    "jpeg colour": scene(),
    "jpeg with a profile": scene()[..., [1, 0, 2]],
    "jpeg grey": GREY,
    "jpeg cmyk": scene(),
    "jpeg progressive": scene(),
    "png palette": scene(),
    "webp": scene(),
    "webp animated": scene(),
    "bmp palette": scene(),
    "gif": scene(),
    "gif animated": scene(),
}


@pytest.fixture(scope="module")
def files():
    """Give a file of every format and mode."""
    return in_every_mode()


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_files_give_back_their_pixels(files, name):
    """Colour, grey, 16 bits, real numbers and CMYK come out as they went in, transparency over white."""
    pixels = decode_picture(files[name], AS_IT_IS).pixels

    np.testing.assert_allclose(pixels.astype(int), LOSSLESS[name], atol=1)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_files_come_close(files, name):
    """JPEG, WebP and palettes lose a few levels; the first frame is taken of several."""
    pixels = decode_picture(files[name], AS_IT_IS).pixels

    assert np.abs(pixels.astype(int) - LOSSY[name]).mean() < 6


def test_neutral_lab_is_grey(files):
    """A TIFF file in CIE Lab is turned to red, green and blue."""
    pixels = decode_picture(files["tiff lab"], AS_IT_IS).pixels.astype(int)

    assert np.ptp(pixels, axis=-1).max() <= 2
    assert np.corrcoef(pixels[..., 0].ravel(), GREY[..., 0].ravel())[0, 1] > 0.99


def test_sixteen_bits_are_scaled_and_not_clipped():
    """Levels above 255 stay apart."""
    ramp = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)

    pixels = decode_picture(saved(Image.fromarray(ramp), "PNG"), AS_IT_IS).pixels

    np.testing.assert_array_equal(pixels[..., 0], np.rint(ramp / 257))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation):
    """However the camera was held, the picture is the same, also when it is fitted to a frame that is not square."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that a camera held so amounts to
    stored = Image.fromarray(scene())
    if orientation in undo:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    frame = Frame(height=20, width=40, fit=Fit.CROP)

    picture = decode_picture(saved(stored, "PNG", exif=exif), frame)

    expected = decode_picture(saved(Image.fromarray(scene()), "PNG"), frame).pixels
    # Rows before columns or columns before rows: what is clipped in between differs at sharp edges.
    apart = np.abs(picture.pixels.astype(int) - expected)
    assert apart.max() < 20
    assert apart.mean() < 0.1
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)


def test_crop_takes_the_middle():
    """The largest middle part of the right proportions remains."""
    picture = decode_picture(saved(Image.fromarray(scene()), "PNG"), Frame(height=40, width=40, fit=Fit.CROP))

    np.testing.assert_array_equal(picture.pixels, scene()[:, 10:50])
    assert picture.notes == ("Of its 60 x 40 pixels, the middle 40 x 40 were taken.",)


def test_pad_adds_black():
    """All of the picture remains, in the middle, with black above and below."""
    picture = decode_picture(saved(Image.fromarray(scene()), "PNG"), Frame(height=60, width=60, fit=Fit.PAD))

    np.testing.assert_array_equal(picture.pixels[10:50], scene())
    assert not picture.pixels[:10].any()
    assert not picture.pixels[50:].any()


def test_squash_keeps_all_and_no_proportions():
    """Both sides are scaled by themselves."""
    white_right = np.zeros((40, 60, 3), np.uint8)
    white_right[:, 30:] = 255

    pixels = decode_picture(
        saved(Image.fromarray(white_right), "PNG"), Frame(height=20, width=20, fit=Fit.SQUASH)
    ).pixels

    assert (pixels[:, :8] < 20).all()
    assert (pixels[:, 12:] > 235).all()


def test_making_small_averages():
    """A chequered pattern of single pixels becomes grey and not black or white."""
    chequers = (np.indices((240, 240)).sum(axis=0) % 2 * 255).astype(np.uint8)

    pixels = decode_picture(saved(Image.fromarray(chequers), "PNG"), Frame(height=16, width=16)).pixels

    assert np.abs(pixels.astype(int) - 127).max() < 6


def test_large_jpegs_look_as_if_decoded_in_full():
    """JPEG's own scaling is an economy, not another picture."""
    large = Image.fromarray(scene(800, 1200))

    quick = decode_picture(saved(large, "JPEG", quality=95), Frame(height=64, width=64)).pixels
    full = decode_picture(saved(large, "PNG"), Frame(height=64, width=64)).pixels

    assert np.abs(quick.astype(int) - full).mean() < 2


def test_grey_frames_have_one_channel():
    """A network for grey images is shown grey."""
    picture = decode_picture(saved(Image.fromarray(scene()), "PNG"), Frame(height=HEIGHT, width=WIDTH, channels=1))

    np.testing.assert_array_equal(picture.pixels, GREY[..., :1])
    assert picture.notes == ("Its colours were made grey.",)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_what_is_grey_already_keeps_its_levels(mode):
    """However it is stored; nothing is said of it."""
    pixels = (np.arange(HEIGHT * WIDTH) % 256).astype(np.uint8).reshape(HEIGHT, WIDTH)

    picture = decode_picture(
        saved(Image.fromarray(pixels).convert(mode), "PNG"), Frame(height=HEIGHT, width=WIDTH, channels=1)
    )

    np.testing.assert_array_equal(picture.pixels[..., 0], pixels)
    assert picture.notes == ()


def test_what_is_transparent_is_told_and_what_could_be_is_not():
    """A picture with an alpha channel that is opaque everywhere has nothing to tell."""
    clear = Image.fromarray(scene()).convert("RGBA")
    opaque = decode_picture(saved(clear, "PNG"), AS_IT_IS)
    clear.putpixel((3, 3), (0, 0, 0, 0))
    pierced = decode_picture(saved(clear, "PNG"), AS_IT_IS)

    assert opaque.notes == ()
    assert pierced.notes == ("What is transparent was made white.",)
    assert pierced.pixels[3, 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", "is empty"),
        ("zeros", f"is {NO_IMAGE}"),
        ("web page as jpeg", f"is a web page, {NO_IMAGE}"),
        ("text as png", f"is text, {NO_IMAGE}"),
        ("zip archive", f"is a zip archive, {NO_IMAGE}"),
        ("postscript", f"is a PostScript document, {NO_IMAGE}"),
        ("pdf", f"is a PDF document, {NO_IMAGE}"),
        ("svg", f"is an SVG drawing, {NO_IMAGE}"),
        ("half a jpeg", "is cut short or damaged"),
        ("half a png", "is cut short or damaged"),
        ("half a webp", "is cut short or damaged"),
        ("half a tiff", "is cut short or damaged"),
        ("png of four gigapixels", "has more than 100 million pixels"),
        ("bmp of impossible size", "has more than 100 million pixels"),
        ("png with a text bomb", "is cut short or damaged"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_reason(name, reason):
    """The reason follows the name of the file in a sentence."""
    with pytest.raises(UnreadableError) as raised:
        decode_picture(hard_files()[name], AS_IT_IS)

    assert str(raised.value) == reason


def test_files_that_are_too_large_are_refused_unread():
    """More bytes than any camera writes are not decoded."""
    with pytest.raises(UnreadableError) as raised:
        decode_picture(bytes(MOST_BYTES + 1), AS_IT_IS)

    assert str(raised.value) == "has more than 50 MB"


@pytest.mark.parametrize(
    "name", ["one pixel", "one row", "one column", "damaged exif", "jpeg and more", "wholly clear"]
)
@pytest.mark.parametrize("fit", Fit)
def test_odd_but_whole_files_are_read(name, fit):
    """Extreme proportions, damaged metadata and a tail that belongs to nobody cost no picture."""
    picture = decode_picture(hard_files()[name], Frame(height=24, width=24, fit=fit))

    assert picture.pixels.shape == (24, 24, 3)


CONVERTED = ["Its colours were brought to sRGB, as its colour profile says."]
AS_THEY_ARE = ["Its colour profile cannot be used: its colours were taken as they are."]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def brought(picture, profile):
    """Give the picture after its profile was applied, and the notes."""
    notes = []
    return in_srgb(picture, profile, notes), notes


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_become_what_the_profile_means(mode):
    """Red and green are exchanged, as the profile says; transparency is no colour and stays."""
    picture = Image.new(mode, (2, 2), (200, 10, 30, 77)[: len(mode)])

    found, notes = brought(picture, exchanging_profile())

    assert (found.mode, found.getpixel((0, 0))) == (mode, (10, 200, 30, 77)[: len(mode)])
    assert notes == CONVERTED


@pytest.mark.parametrize("profile", [None, b"", SRGB])
def test_what_is_srgb_already_stays_as_it_is(profile):
    """Without a profile, and with that of sRGB, which most cameras write, no pixel changes and nothing is told."""
    picture = Image.fromarray(scene())

    found, notes = brought(picture, profile)

    assert found is picture
    assert notes == []


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("profile", ["noise", "half", "other pixels", "too large"])
def test_a_profile_that_cannot_be_used_costs_no_picture(monkeypatch, mode, profile):
    """Damaged, cut, larger than any in use or made for other pixels: a note, and the colours as they are."""
    if profile == "too large":
        monkeypatch.setattr("ceteris.datasets.picture.MOST_PROFILE_BYTES", 100)
    elif profile == "other pixels" and mode.startswith("RGB"):
        pytest.skip("the profile is made for these")
    bad = {"noise": b"\x80\xff" * 300, "half": exchanging_profile()[:300]}.get(profile, exchanging_profile())
    picture = Image.fromarray(scene()).convert(mode)

    found, notes = brought(picture, bad)

    assert found is picture
    assert notes == AS_THEY_ARE


def test_bars_and_transparency_stay_black_and_white():
    """A profile changes the colours of the picture only: not what is added around it, and not the ground below it."""
    picture = Image.fromarray(scene()).convert("RGBA")
    picture.putalpha(0)
    content = saved(picture, "PNG", icc_profile=exchanging_profile())

    found = decode_picture(content, Frame(height=WIDTH, width=WIDTH, fit=Fit.PAD))

    bar = (WIDTH - HEIGHT) // 2
    assert np.unique(found.pixels[:bar]).tolist() == [0]
    assert np.unique(found.pixels[bar : bar + HEIGHT]).tolist() == [255]
    assert found.notes == ("What is transparent was made white.", *CONVERTED, "Black was added around it.")
