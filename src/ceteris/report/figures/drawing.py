"""What a figure function gives: a picture with the words that stand for it."""

import hashlib
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from xml.sax.saxutils import escape

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ceteris.report.blocks import Visual
from ceteris.report.figures.style import DARK, INK, VARIABLES, drawing


class Format(StrEnum):
    """How a picture is drawn.

    `svg` is meant for a page: text stays text, lines take the page's colours, also dark ones. `png` is meant for
    everything else: dark on white, 200 pixels per inch.
    """

    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, kw_only=True)
class Drawing(Visual):
    """A drawing, and what it shows in words computed from the same numbers.

    Attributes:
        title: What it shows, in a few words.
        alt: What there is to see, in sentences, for whoever cannot see it.
        svg: One `<svg>` element to put into a page as it is, if that format was asked for; its ids are its own.
        figure: What was drawn, from which `pdf` is made when an article asks for it.
    """

    title: str
    alt: str
    svg: str | None = None
    png: bytes | None = None
    figure: Figure | None = field(default=None, repr=False, compare=False)

    def pdf(self) -> bytes:
        """Save it for an article: dark on nothing, text as text (Type 42 fonts), the same bytes at any time."""
        assert self.figure is not None, self.title
        content = BytesIO()
        with drawing():
            self.figure.savefig(content, format="pdf", transparent=True, metadata=_NO_PDF_METADATA)
        return content.getvalue()

    @property
    def width(self) -> float:
        """Its natural width in points; 0 where only its text is left."""
        return 0.0 if self.figure is None else 72 * float(self.figure.get_figwidth())


_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NO_PDF_METADATA = dict.fromkeys(("CreationDate", "Creator", "Producer"))
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_HEX = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"#([A-Za-z_][\w-]*)")
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONT = re.compile(r"font: (?:(\w+) )?([\d.]+px) 'DejaVu Sans'[^;]*")
_FAMILY = re.compile(r"font-family: 'DejaVu Sans'[^;]*(?:; )?")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML, though a name may hold them
_PAPER = "#ffffff"
_BORDER = 9.0  # points around a picture that is a file of its own


def finished(figure: Figure, *, title: str, alt: str, file_format: Format = Format.SVG) -> Drawing:
    """Save a figure, inside the `drawing` that it was made in."""
    title, alt = _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", title), _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", alt)
    content = BytesIO()
    if file_format is Format.PNG:
        metadata = {"Software": None, "Title": title, "Description": alt}
        width, height = figure.get_size_inches()
        whole = Bbox.from_extents(-_BORDER / 72, -_BORDER / 72, width + _BORDER / 72, height + _BORDER / 72)
        figure.savefig(content, format="png", facecolor=_PAPER, bbox_inches=whole, metadata=metadata)
        return Drawing(title=title, alt=alt, png=content.getvalue())
    figure.savefig(content, format="svg", transparent=True, metadata=_NO_METADATA)
    return Drawing(title=title, alt=alt, svg=_for_page(content.getvalue(), f"{title}: {alt}"), figure=figure)


def standalone(picture: Drawing) -> str:
    """Give the text of an `.svg` file: with a ground of its own, light or dark as the reader's system is."""
    assert picture.svg is not None, "a PNG needs nothing more"
    dark = " ".join(f"{name}: {colour};" for name, colour in DARK.items())
    style = (
        f"svg {{ color: {INK}; background: {_PAPER}; }} @media screen and (prefers-color-scheme: dark) "
        f"{{ svg {{ color: #e6e9ed; background: {DARK['--picture-paper']}; {dark} }} }}"
    )
    svg = _VIEW.sub(_with_border, picture.svg, count=1)
    start = svg.index(">") + 1
    title = f"<title>{escape(picture.title)}</title>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg[:start]}{title}<style>{style}</style>{svg[start:]}\n'


def _with_border(match: re.Match[str]) -> str:
    width, height = (float(side) + 2 * _BORDER for side in match.groups())
    return f'viewBox="{-_BORDER:g} {-_BORDER:g} {width:g} {height:g}"'


def _for_page(content: bytes, label: str) -> str:
    text = _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", content.decode())
    root = ET.fromstring(text)  # noqa: S314 - Matplotlib wrote it a moment ago
    width = float(root.attrib.pop("width").removesuffix("pt"))
    del root.attrib["height"]
    for parent in root.iter():
        for child in list(parent):
            # Matplotlib's style sheet would speak to the whole page; what it says is inherited from the root instead.
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    used = {name for element in root.iter() for value in element.attrib.values() for name in _REFERENCE.findall(value)}
    prefix = f"p{hashlib.sha256(content + label.encode()).hexdigest()[:8]}-"
    for element in root.iter():
        _tidy(element, used, prefix)
    # Three quarters of a point are a pixel: text is as large as it was meant, where the page has room. A page may set
    # how far a picture is enlarged where there is more room, and how far it is reduced before it scrolls.
    size = (
        f"--natural:{width / 0.75:.0f}px;width:100%;max-width:calc(var(--natural)*var(--enlarged,1));"
        "min-width:calc(var(--natural)*var(--reduced,0));height:auto"
    )
    root.set("style", f"{size};stroke-linejoin:round;stroke-linecap:butt")
    root.set("role", "img")
    root.set("aria-label", label)
    root.set("font-family", "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif")
    ET.register_namespace("", _SVG)
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", text)


def _tidy(element: ET.Element, used: set[str], prefix: str) -> None:
    for name, value in list(element.attrib.items()):
        if name == "id":
            if value in used:
                element.set("id", prefix + value)
            else:
                del element.attrib["id"]
        elif name == f"{{{_LINK}}}href":
            del element.attrib[name]
            element.set("href", f"#{prefix}{value[1:]}" if value.startswith("#") else re.sub(r"\s", "", value))
        elif value.startswith("url(#"):
            element.set(name, value.replace("#", f"#{prefix}", 1))
        elif name in ("d", "x", "y", "width", "height", "points"):
            element.set(name, _NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), value))
        elif name in ("style", "fill", "stroke"):
            element.set(name, _HEX.sub(_variable, _FAMILY.sub("", _FONT.sub(_size_and_weight, value))))


def _size_and_weight(match: re.Match[str]) -> str:
    weight, size = match.groups()
    return f"font-size: {size}" + (f"; font-weight: {weight}" if weight else "")


def _variable(match: re.Match[str]) -> str:
    if match[0] == INK:
        return "currentColor"
    name = VARIABLES.get(match[0])
    return match[0] if name is None else f"var({name}, {match[0]})"
