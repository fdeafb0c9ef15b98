"""Sections as a page: one file that makes no request; whatever comes from a study is text there, not markup."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ceteris.report.blocks import Block, Section, walk
from ceteris.report.figures.first_layer import tile_png
from ceteris.report.figures.image_grid import Tile
from ceteris.report.figures.style import COLOURS_CSS
from ceteris.report.quantities import NOTHING

_MOST_PIXELS = 128  # of a side of a tile on the page; larger ones would make it heavy
_TEMPLATES = Path(__file__).parent / "templates"
_UNITS = re.compile(r"(?<=\d) (?=(%|pp|epochs?|runs?|seeds?|pairs?)\b|%)")


def render_page(sections: Iterable[Section], *, title: str, kicker: str, question: str = "", footer: str) -> str:
    """Write sections, at least one, as a page; those that are not listed stand above the table of contents.

    The kicker is a line above the title that says what the page is, the question stands below it.

    Returns:
        All of an HTML file. It needs nothing from anywhere; its security policy forbids every request, and lets only
        the script that we wrote run.
    """
    sections, script = tuple(sections), _read("script.js")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["nothing"] = NOTHING
    environment.filters |= {
        "typeset": typeset,
        "tile": _tile_address,
        "draw": partial(_draw, environment),
        "markup": Markup,  # for figures: the drawing library has escaped every text in them
    }
    return environment.get_template("page.html").render(
        sections=sections,
        title=title,
        kicker=kicker,
        question=question,
        footer=footer,
        # What is unfolded by a click on a screen stands at the end of the paper, once.
        terms=list(dict.fromkeys(term for section in sections for one in walk(section.blocks) for term in one.terms())),
        policy=_policy(script),
        style=Markup(_read("style.css") + COLOURS_CSS),  # noqa: S704 - written by us, nothing of a study in it
        script=Markup(script),  # noqa: S704 - likewise
    )


def macro_name(kind: type[Block]) -> str:
    """Name the macro of `blocks.html` that writes a kind of block.

    Example:
        >>> macro_name(Block)
        'block'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def typeset(text: str) -> str:
    r"""Keep a number and its unit on one line.

    Example:
        >>> typeset("5 % of 3 runs")
        '5\xa0% of 3\xa0runs'
    """
    return _UNITS.sub("\N{NO-BREAK SPACE}", text)


def _draw(environment: Environment, block: Block) -> Markup:
    """Write a block by its macro; what is in it is written by the same way."""
    written: Markup = getattr(environment.get_template("blocks.html").module, macro_name(type(block)))(block)
    return written


def _policy(script: str) -> str:
    """Write the security policy of a page: no request, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _tile_address(tile: Tile) -> str:
    """Give a tile as a data address, which holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(tile_png(tile, _MOST_PIXELS)).decode()}"
