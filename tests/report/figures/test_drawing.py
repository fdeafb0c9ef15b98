import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure

from ceteris.report.figures.drawing import Format, finished, standalone
from ceteris.report.figures.layer_figure import layer_figure
from ceteris.report.figures.style import COLOURS_CSS, DARK, VARIABLES, drawing, panel
from ceteris.report.layer_view import layer_views
from ceteris.report.sections.differences import seed_accuracies
from ceteris.results.results import read_results
from tests.states import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"


def pictures(report):
    """Cut the pictures out of a page."""
    return re.findall(r"<svg.*?</svg>", report.page.read_text(encoding="utf-8"), re.DOTALL)


def test_every_picture_stands_by_itself(reports, state):
    """It is well-formed, says in words what it shows, keeps its proportions, and refers to nothing but itself."""
    for svg in pictures(reports(state)):
        root = ET.fromstring(svg)
        ids = {element.get("id") for element in root.iter()} - {None}
        references = re.findall(r'(?:href="|url\()([^")]*)', svg)

        assert root.get("role") == "img"
        assert root.get("viewBox")
        assert {"width", "height"}.isdisjoint(root.attrib)
        title, _, words = root.get("aria-label").partition(": ")
        assert title
        assert words.endswith(".")
        assert [one for one in references if not one.startswith(("#", "data:image/png;base64,"))] == []
        assert {one[1:] for one in references if one.startswith("#")} <= ids
        assert {element.tag for element in root.iter()} & {f"{SVG}script", f"{SVG}style", f"{SVG}metadata"} == set()


def test_every_colour_can_be_turned_dark(reports, state, colours_in):
    """Lines and letters take the page's colours; only white on a dark cell is white in the dark too."""
    for svg in pictures(reports(state)):
        assert colours_in(svg) <= {"#ffffff"}
        assert "currentColor" in svg


def test_the_dark_page_knows_every_colour():
    """Each variable that a picture may use has a value for dark pages, other than its light one."""
    assert set(VARIABLES.values()) == set(DARK)
    assert all(DARK[name] != colour for colour, name in VARIABLES.items())
    assert all(f"{name}: {colour};" in COLOURS_CSS for name, colour in DARK.items())


def test_no_two_pictures_of_a_page_share_an_id(reports):
    """A picture that clipped by the shape of another would be cut wrongly."""
    ids = [element.get("id") for svg in pictures(reports("complete")) for element in ET.fromstring(svg).iter()]
    known = [one for one in ids if one]

    assert known
    assert len(set(known)) == len(known)


def drawn_name(name, file_format):
    """Draw a name on an axis, and give the picture."""
    with drawing():
        figure = Figure(figsize=(3, 1))
        axes = panel(figure, 10, 10, 100, 30)
        axes.plot([0, 1], [0, 1])
        axes.text(0, 0.5, name)
        return finished(figure, title=f"Title {name}", alt="A line.", file_format=file_format)


@pytest.mark.parametrize("file_format", Format)
def test_the_same_numbers_give_the_same_bytes(file_format):
    """Neither a date nor a random id is in a picture, in either format."""
    assert drawn_name("a", file_format) == drawn_name("a", file_format)


def test_a_png_holds_its_words():
    """Title and description are in the file, for whoever cannot see it."""
    picture = drawn_name("a", Format.PNG)

    assert picture.svg is None
    assert picture.png.startswith(b"\x89PNG\r\n")
    assert picture.title.encode() in picture.png
    assert b"Description" in picture.png


def test_a_file_of_its_own_brings_its_colours(analyses):
    """An SVG file has a title, a ground and both sets of colours, and is well-formed whatever names are in it."""
    analysis = analyses("hostile")
    picture = seed_accuracies(analysis.summaries, analysis.accuracies)
    text = standalone(picture)
    root = ET.fromstring(text)

    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<svg ')
    assert root.find(f"{SVG}title").text == picture.title
    assert "prefers-color-scheme: dark" in root.find(f"{SVG}style").text
    left, top, width, height = map(float, root.get("viewBox").split())
    inner = [float(side) for side in ET.fromstring(picture.svg).get("viewBox").split()[2:]]
    assert [left, top, width, height] == [-9, -9, inner[0] + 18, inner[1] + 18]


def test_hostile_names_are_letters(reports):
    """Names with brackets, dollars and quotes are drawn and told as they are."""
    joined = " ".join(pictures(reports("hostile")))
    labels = " ".join(ET.fromstring(svg).get("aria-label") for svg in pictures(reports("hostile")))

    assert "<script" not in joined
    assert HOSTILE[:80].strip() in labels
    assert "</style><img src=http://example.com/x>" in labels


@pytest.mark.parametrize("file_format", Format)
@pytest.mark.parametrize("name", ["\N{FULLWIDTH LATIN SMALL LETTER A}", "\U0001f600", "\uffff", "\x85", "\u202e"])
def test_names_in_any_script_are_drawn(name, file_format):
    """What the drawing font lacks, and what XML forbids, ends in a picture all the same."""
    picture = drawn_name(f"a{name}b", file_format)

    assert picture.png or ET.fromstring(picture.svg).get("aria-label")


def test_numbers_are_rounded_and_text_stays_text(reports):
    """A picture is small, its words can be searched, and its letters come from the reader's fonts."""
    for svg in pictures(reports("complete")):
        outlines = re.findall(r' d="([^"]*)"', svg)
        assert not re.search(r"\d\.\d{3}", " ".join(outlines))
        assert "DejaVu Sans'" not in svg.split(">", 1)[1]
        assert "<text" in svg


def test_feature_maps_are_pictures_inside_the_page(folders):
    """Pixels are embedded, since a page may ask for nothing."""
    results = read_results(folders("one seed"))
    image = results.images()[0]
    picture = layer_figure(layer_views(results, image).views, image=image, image_name="test image 0")
    assert picture.svg.count("data:image/png;base64,") >= 2 * 3
