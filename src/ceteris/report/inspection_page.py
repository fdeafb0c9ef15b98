"""An inspection of a folder of images as one page that needs nothing from anywhere."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO

from markupsafe import Markup
from PIL import Image

from ceteris.datasets.choice import Fit
from ceteris.datasets.decoding import Decoded, decode
from ceteris.datasets.inspection import Inspection, PictureFile
from ceteris.datasets.picture import Frame
from ceteris.paths import shown
from ceteris.report.inspection_content import class_table, findings, format_table
from ceteris.report.page import page_environment, page_policy, read_template
from ceteris.report.quantities import NOTHING

_SIDE = 112  # pixels of a thumbnail
_SHEET = 240  # thumbnails on the contact sheet, all classes together
_MOST_A_CLASS = 12
_GROUPS = 60
_LINES = 500


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A picture on the page.

    Attributes:
        source: A data address, which holds all of it.
        width: To show it at, so that proportions are right.
        caption: What it is.
    """

    source: str
    width: int
    height: int
    caption: str


def render_inspection(inspection: Inspection, *, workers: int) -> str:
    """Set an inspection as a page: what to know, tables, a contact sheet, copies, files that cannot be read.

    Args:
        inspection: What was found.
        workers: How many processes decode thumbnails.

    Returns:
        All of an HTML file.
    """
    sheet = _sheet(inspection)
    crossing, others = _groups(inspection)
    groups = [*crossing, *others][:_GROUPS]
    wanted = [*(one for members in sheet.values() for one in members), *(one for group in groups for one in group)]
    thumbnails = _thumbnails(wanted, workers)
    script = read_template("script.js")
    classes = inspection.listing.class_names
    return (
        page_environment()
        .get_template("inspection.html")
        .render(
            title=f"The images in {inspection.listing.name}",
            findings=findings(inspection),
            tables=(class_table(inspection), format_table(inspection)),
            sheet=[(classes[label], _shown(members, thumbnails)) for label, members in sheet.items()],
            crossing=[_shown(group, thumbnails) for group in crossing[:_GROUPS]],
            others=[_shown(group, thumbnails) for group in others[: max(0, _GROUPS - len(crossing))]],
            groups_left=max(0, len(crossing) + len(others) - _GROUPS),
            unreadable=[(shown(file.name), reason) for file, reason in inspection.unreadable[:_LINES]],
            unreadable_left=max(0, len(inspection.unreadable) - _LINES),
            is_divided=inspection.is_divided,
            nothing=NOTHING,
            policy=page_policy(script),
            style=Markup(read_template("style.css")),  # noqa: S704 - written by us, nothing of the folder in it
            script=Markup(script),  # noqa: S704 - likewise
        )
    )


def _sheet(inspection: Inspection) -> dict[int, list[PictureFile]]:
    """Choose pictures of each class by their digests: at random, and the same every time."""
    classes = len(inspection.listing.class_names)
    most = max(2, min(_MOST_A_CLASS, _SHEET // classes))
    chosen: dict[int, list[PictureFile]] = {label: [] for label in range(classes)}
    for one in sorted(inspection.pictures, key=lambda one: hashlib.sha256(one.sha256.encode()).digest()):
        if len(chosen[one.file.label]) < most:
            chosen[one.file.label].append(one)
    return chosen


def _groups(inspection: Inspection) -> tuple[list[Sequence[PictureFile]], list[Sequence[PictureFile]]]:
    """Give the groups of copies that cross to the test, and the others."""
    crossing = list(inspection.crossing)
    others = [group for group in (*inspection.copies, *inspection.near_copies) if group not in crossing]
    return [*crossing], [*others]


def _thumbnails(pictures: Iterable[PictureFile], workers: int) -> Mapping[str, str]:
    """Decode pictures once more, and give each as a data address by its name; what has changed since is left out."""
    wanted = list({one.file.name: one for one in pictures}.values())
    frame = Frame(height=_SIDE, width=_SIDE, fit=Fit.SQUASH)
    addresses: dict[str, str] = {}
    with closing(decode([one.file.path for one in wanted], frame, workers=workers)) as answers:
        for place, answer in answers:
            if isinstance(answer, Decoded):
                content = BytesIO()
                Image.fromarray(answer.picture.pixels).save(content, "JPEG", quality=82)
                encoded = base64.b64encode(content.getvalue()).decode()
                addresses[wanted[place].file.name] = f"data:image/jpeg;base64,{encoded}"
    return addresses


def _shown(pictures: Iterable[PictureFile], thumbnails: Mapping[str, str]) -> list[Thumbnail]:
    return [
        Thumbnail(
            source=thumbnails[one.file.name],
            width=max(24, min(2 * _SIDE, round(_SIDE * one.width / one.height))),
            height=_SIDE if one.width <= 2 * one.height else max(24, round(2 * _SIDE * one.height / one.width)),
            caption=f"{shown(one.file.name)}, {one.width} x {one.height}, {one.part}",
        )
        for one in pictures
        if one.file.name in thumbnails
    ]
