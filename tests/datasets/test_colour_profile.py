import numpy as np
import pytest
from picture_files import HEIGHT, WIDTH, exchanging_profile, saved, scene
from PIL import Image, ImageCms

from ceteris.datasets import colour_profile
from ceteris.datasets.colour_profile import in_srgb
from ceteris.datasets.picture import Frame, decode_picture
from ceteris.study.specification import Fit

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
        monkeypatch.setattr(colour_profile, "MOST_BYTES", 100)
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
