"""`report.html`: one file, no request, no surprise: everything that comes from a study is text there, not markup."""

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ceteris.report.content import Content
from ceteris.report.figures.first_layer import tile_png
from ceteris.report.figures.image_grid import Tile
from ceteris.report.figures.style import COLOURS_CSS
from ceteris.report.quantities import NOTHING
from ceteris.report.sections.pictures import Gallery
from ceteris.report.sections.verdicts import TAGS, TERMS

_MOST_PIXELS = 128  # of a side of a tile on the page; larger ones would make it heavy
_TEMPLATES = Path(__file__).parent / "templates"
_UNITS = re.compile(r"(?<=\d) (?=(%|pp|epochs?|runs?|seeds?|pairs?)\b|%)")


def render_page(content: Content, gallery: Gallery, *, kicker: str) -> str:
    """Set a report as a page.

    Args:
        content: Its words and tables.
        gallery: Its pictures.
        kicker: A line above the title: what the page is.

    Returns:
        All of an HTML file. It needs nothing from anywhere; its security policy forbids every request, and lets only
        the script that we wrote run.
    """
    script = read_template("script.js")
    return (
        page_environment()
        .get_template("report.html")
        .render(
            content=content,
            gallery=gallery,
            kicker=kicker,
            contents=_contents(content, gallery),
            terms=TERMS,
            glossary=_glossary(content),
            tags=[(tag, str(finding)) for finding, tag in TAGS.items()],
            nothing=NOTHING,
            policy=page_policy(script),
            style=Markup(read_template("style.css") + COLOURS_CSS),  # noqa: S704 - written by us, nothing of a study in it
            script=Markup(script),  # noqa: S704 - likewise
        )
    )


def page_environment() -> Environment:
    """Give the templates of our pages, which write everything as text that is not marked as ours."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"typeset": typeset, "drawing": _drawing, "tile": _tile_address}
    return environment


def page_policy(script: str) -> str:
    """Write the security policy of a page: no request, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def read_template(name: str) -> str:
    """Read a file that belongs to our pages."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def typeset(text: str) -> str:
    r"""Keep a number and its unit on one line.

    Example:
        >>> typeset("5 % of 3 runs")
        '5\xa0% of 3\xa0runs'
    """
    return _UNITS.sub("\N{NO-BREAK SPACE}", text)


def _contents(content: Content, gallery: Gallery) -> list[tuple[str, str]]:
    has_pictures = gallery.layers or gallery.images or gallery.classes or gallery.gaps
    entries = [
        ("verdicts-heading", "Verdicts", True),
        ("differences", "All differences", gallery.forest is not None or gallery.seeds is not None),
        ("factors", "Factor by factor", bool(content.cards)),
        ("pictures", "Pictures", bool(has_pictures)),
        ("speed", "How soon they learn", content.convergence is not None),
        ("images", "How many images they need", content.efficiency is not None),
        ("pretrained", "Pretrained and not", content.costs is not None),
        ("tests", "Every test", content.details is not None),
        ("the-runs", "The runs", True),
        ("methods", "Methods", True),
        ("caveats", "What to keep in mind", True),
        ("what-with", "Images, machines, versions", True),
    ]
    return [(anchor, words) for anchor, words, is_there in entries if is_there]


def _glossary(content: Content) -> list[tuple[str, str]]:
    """Gather the words that the page explains where a reader unfolds them: paper has them once, at its end."""
    tables = (
        content.verdicts,
        *(card.convergence for card in content.cards),
        content.convergence,
        content.efficiency,
        content.costs,
        content.details,
        content.runs,
        content.circumstances,
    )
    columns = [column for table in tables if table is not None for column in table.columns if column.meaning]
    return list(
        dict.fromkeys([(one.word, one.meaning) for one in TERMS] + [(one.title, one.meaning) for one in columns])
    )


def _tile_address(tile: Tile) -> str:
    """Give a tile as a data address, which holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(tile_png(tile, _MOST_PIXELS)).decode()}"


def _drawing(svg: str) -> Markup:
    """Put a figure's element into the page; the drawing library has escaped every text in it."""
    return Markup(svg)  # noqa: S704
