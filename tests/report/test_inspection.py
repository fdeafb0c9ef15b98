"""What is said about a folder of images."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ceteris.datasets.folder_listing import FolderFile, FolderListing
from ceteris.datasets.inspection import Inspection, PictureFile, inspect_folder
from ceteris.datasets.source import finished
from ceteris.report.inspection import class_table, findings, format_table, render_inspection
from tests.datasets.photographs import write_photographs

NAMES = ("cat", "dog")


def picture(name, *, part="training", size=(100, 80), kind="JPEG"):
    """Give a file that can be read; its class is its folder's."""
    return PictureFile(file=file(name), part=part, width=size[0], height=size[1], format=kind, sha256=name)


def file(name):
    """Give a file of a class."""
    return FolderFile(path=Path(name), name=name, label=NAMES.index(name.split("/")[0]))


def inspection(pictures, *, unreadable=(), copies=(), near_copies=(), is_divided=False, passed_over=()):
    """Give what was found in a folder."""
    listing = FolderListing(
        path=Path("mine"), class_names=NAMES, training=(), validation=None, test=None, passed_over=passed_over
    )
    return Inspection(
        listing=listing,
        is_divided=is_divided,
        pictures=tuple(pictures),
        unreadable=tuple(unreadable),
        copies=tuple(copies),
        near_copies=tuple(near_copies),
    )


SOUND = [picture(f"{name}/{number}.jpg") for name in NAMES for number in range(3)]


def test_a_folder_in_order_is_called_so():
    """Every sentence says what is well, and none warns."""
    test = [picture(f"{name}/{number}.jpg", part="test") for name in NAMES for number in range(50)]
    assert findings(inspection([*SOUND, *test], is_divided=True)) == (
        "The folder has test images of its own.",
        "No image is the same as another, or nearly the same.",
        "Every file can be read.",
        "The classes are of similar size, 53 to 53 images.",
        "The median image has 80 pixels on its shorter side; the smallest has 80.",
    )
    assert [one.code.value for one in findings(inspection([*SOUND, *test], is_divided=True))] == [
        "own_test", "no_copies", "all_readable", "even", "sizes",
    ]  # fmt: skip


def test_everything_that_is_wrong_is_told():
    """The gravest first: copies across the test, labels that contradict each other, files, balance, sizes."""
    cat, dog, test = picture("cat/0.jpg"), picture("dog/0.jpg"), picture("cat/t.jpg", part="test", size=(30, 90))
    misnamed = [picture(f"cat/{number}.png") for number in range(2)]
    found = inspection(
        [cat, dog, test, *misnamed],
        unreadable=[(file("dog/bad.jpg"), "is empty")],
        copies=[(cat, dog)],
        near_copies=[(cat, test)],
        passed_over=("'x' is in mine and not in a class folder.",),
    )

    assert findings(found) == (
        (
            "The folder has no test images of its own: a study sets them aside by content, 20 % of each class unless "
            "it says otherwise, and keeps files that are the same on one side."
        ),
        "1 of 2 classes has no test image: 'dog'; test accuracies say nothing about it.",
        (
            "1 test image is too few for a margin of 1 pp: one image is worth 100 pp of accuracy. Use at least 100 "
            "test images, or declare a larger margin."
        ),
        (
            "1 group of copies has images on both sides of the test: accuracies come out too high. Remove the copies, "
            "or keep each group in one part."
        ),
        "1 group of copies is in more than one class: at most one of the labels can be right.",
        "1 file is the same as another, byte for byte.",
        "1 image is nearly the same as another: scaled, compressed again, lighter, mirrored.",
        "1 file cannot be read; a study leaves it out, with a note above the results.",
        "2 images have names that say another format than the bytes have, which does no harm here.",
        "'x' is in mine and not in a class folder.",
        (
            "The classes are uneven: 'cat' has 4 times as many images as 'dog'. A network that always answers 'cat' is "
            "right in 80.0 % of them."
        ),
        "The median image has 80 pixels on its shorter side; the smallest has 30.",
        "1 image is smaller than 64 pixels on a side, and enlarged at size = 64.",
        (
            '1 image is more than twice as long as wide: fit = "crop" takes less than half of such an image, "pad" and '
            '"squash" all of it.'
        ),
    )
    assert [one.code.value for one in findings(found)] == [
        "no_own_test", "missing_classes", "few_test_images", "leakage", "contradictory_labels", "copies", "near_copies",
        "unreadable", "misnamed", "passed_over", "uneven", "sizes", "small", "long",
    ]  # fmt: skip


def test_a_class_without_images_is_told():
    """Nothing is divided by zero."""
    assert "Class 'dog' has no image that can be read: a study cannot use it." in findings(inspection(SOUND[:3]))


def test_the_tables_count():
    """Rows are classes and formats; the title says whose division it is."""
    table = class_table(
        inspection([*SOUND, picture("dog/t.jpg", part="test")], unreadable=[(file("cat/bad"), "is empty")])
    )
    assert table.title == "Images of each class, as a study with the usual shares divides them"
    assert [[cell.plain for cell in row] for row in table.rows] == [
        ["cat", "3", "0", "0", "1", "42.9 %"],
        ["dog", "3", "0", "1", "0", "57.1 %"],
    ]
    table = format_table(inspection([*SOUND, picture("dog/t.png", size=(8, 9), kind="PNG")]))
    assert [[cell.plain for cell in row] for row in table.rows] == [
        ["JPEG", "6", "100 x 80", "100 x 80", "100 x 80"],
        ["PNG", "1", "8 x 9", "8 x 9", "8 x 9"],
    ]


HOSTILE = "<img src=x onerror=alert(1)>"


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Inspect a folder with a hostile name for a class, faults and copies, and set it as a page."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    write_photographs(folder, 60, largest=300)
    (folder / "leaf").rename(folder / HOSTILE)
    return render_inspection(finished(inspect_folder(folder, workers=1)), workers=1)


def test_the_page_asks_nothing_of_anybody(page):
    """Its policy forbids every request; every picture is in it, and no address leads anywhere."""
    tags = _Tags()
    tags.feed(page)
    sources = [attributes[key] for _, attributes in tags.found for key in ("src", "href") if attributes.get(key)]

    policy = next(attributes["content"] for _, attributes in tags.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert len(sources) > 10
    assert all(source.startswith(("data:", "#")) for source in sources)


def test_names_are_text(page):
    """The name of a class is written, and never becomes markup."""
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_all_parts_are_there(page):
    """Findings, counts, copies, files that cannot be read and some of each class have their sections, in this order."""
    assert re.findall(r'<h2 id="(\w+)">', page) == [
        *("known", "counts", *_optional(page)),
        *("unreadable", "sheet", "glossary"),
    ]
    assert "cannot be read; a study leaves" in page


def _optional(page):
    return [name for name in ("crossing", "copies") if f'<h2 id="{name}">' in page]
