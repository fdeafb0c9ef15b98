import numpy as np
import pytest

from ceteris.report.figures import image_grid
from ceteris.report.figures.drawing import Format
from ceteris.report.figures.image_grid import GreyScale, GridRow, GridSection, colour, draw_image_grid, grey

SCALE = GreyScale(low=-1, high=1, words="weight")


def tile(value=0.0, side=4):
    """Give a tile of one grey."""
    return grey(np.full((side, side), value), SCALE)


def section(**changes):
    """Give a section of one row with two blocks of two tiles."""
    facts = {
        "title": "Kernels",
        "blocks": ("before", "after"),
        "tiles": ("1", "2"),
        "rows": (GridRow(name="baseline", blocks=((tile(-1), tile(1)), (tile(0), tile(0.5)))),),
        "zoom": 5.0,
        "scale": SCALE,
        "note": "Seed 0.",
    }
    return GridSection(**(facts | changes))


def test_grey_goes_from_black_to_white():
    """Lowest is black, highest white, what is beyond is cut, and what is no number is left open."""
    values = np.array([[-1.0, 0.0, 1.0], [-5.0, 5.0, np.nan]])

    assert grey(values, SCALE)[..., 0].tolist() == [[0, 128, 255], [0, 255, 0]]
    assert grey(values, SCALE)[..., 3].tolist() == [[255, 255, 255], [255, 255, 0]]


def test_colour_has_one_scale_for_three_numbers():
    """Red, green and blue are those of the three slices."""
    assert colour(np.array([[[1.0, 0.0, -1.0]]]), SCALE).tolist() == [[[255, 128, 0, 255]]]
    assert grey(np.full((1, 1), 3.0), GreyScale(low=3, high=3, words="")).tolist() == [[[0, 0, 0, 255]]]


def test_every_tile_is_where_its_place_is(drawn):
    """Tiles of a block stand side by side, blocks beside each other; a further line begins below."""
    figures = drawn(image_grid)
    draw_image_grid([section(columns=1)], title="Kernels", alt="Greys.", file_format=Format.SVG)
    tiles = [image for image in figures[-1].axes[0].images if image.get_array().shape == (4, 4, 4)]
    places = [(image.get_extent()[0], image.get_extent()[3]) for image in tiles]
    shades = [int(image.get_array()[0, 0, 0]) for image in tiles]

    assert shades == [0, 255, 128, 191]
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = places
    assert x1 == x2 < x3 == x4
    assert y1 == y3 < y2 == y4


def test_zero_is_marked_on_the_scale(texts_in):
    """The bar says what black, white and, where it lies between them, nothing is."""
    picture = draw_image_grid([section()], title="Kernels", alt="Greys.", file_format=Format.SVG)
    assert {"\N{MINUS SIGN}1", "0", "1", "weight"} <= set(texts_in(picture.svg))

    from_zero = section(scale=GreyScale(low=0, high=2, words="output"))
    picture = draw_image_grid([from_zero], title="Maps", alt="Greys.", file_format=Format.SVG)
    assert texts_in(picture.svg).count("0") == 1


def test_labels_of_the_scale_do_not_lie_on_each_other(texts_in):
    """Where nothing is next to black, its mark has no label."""
    close = section(scale=GreyScale(low=-0.1, high=5, words="output"))
    picture = draw_image_grid([close], title="Maps", alt="Greys.", file_format=Format.SVG)

    assert "0" not in texts_in(picture.svg)
    assert {"\N{MINUS SIGN}0.1", "5"} <= set(texts_in(picture.svg))


def test_a_reason_stands_in_place_of_tiles(texts_in):
    """A run without weights says why."""
    rows = (GridRow(name="baseline", blocks=((tile(),), "diverged in epoch 2")),)
    picture = draw_image_grid([section(rows=rows)], title="Kernels", alt="Greys.", file_format=Format.SVG)

    assert "diverged in epoch 2" in " ".join(texts_in(picture.svg))


@pytest.mark.parametrize("name", ["a name that is much longer than the room there is for it", "w" * 80])
def test_long_names_are_cut(texts_in, name):
    """Names get two lines at most."""
    rows = (GridRow(name=name, blocks=((tile(),), (tile(),))),)
    picture = draw_image_grid([section(rows=rows)], title="Kernels", alt="Greys.", file_format=Format.SVG)
    lines = [text for text in texts_in(picture.svg) if (text and text in f"{name}...") or (text or "").endswith("...")]

    assert 1 <= len(lines) <= 2
    assert lines[-1].endswith("...") or "".join(lines) == name
