"""The page that `ceteris data check` writes."""

import re
from html.parser import HTMLParser

import pytest

from ceteris.datasets.inspection import inspect_folder
from ceteris.datasets.locate import finished
from ceteris.report.inspection_page import render_inspection
from tests.datasets.photographs import write_photographs

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
    assert re.findall(r'<h2 id="(\w+)">', page) == ["known", "counts", *_optional(page), "unreadable", "sheet"]
    assert "cannot be read; a study leaves" in page


def _optional(page):
    return [name for name in ("crossing", "copies") if f'<h2 id="{name}">' in page]
