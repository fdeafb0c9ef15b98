"""What an inspection of a folder of images found, as tables and sentences: the same on the terminal and on a page."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from enum import StrEnum, auto
from io import BytesIO
from statistics import median
from typing import Self

from PIL import Image

from ceteris.datasets.dataset import Fit
from ceteris.datasets.decoding import Decoded, decode
from ceteris.datasets.folder_cache import PARTS
from ceteris.datasets.inspection import Inspection, PictureFile
from ceteris.datasets.own_images import missing_classes
from ceteris.datasets.picture import Frame
from ceteris.formatting.wording import listed
from ceteris.paths import shown
from ceteris.report.blocks import Bullets, Look, Paragraph, Section, Subheading, Thumbnail, Thumbnails
from ceteris.report.page import render_page
from ceteris.report.quantities import count
from ceteris.report.table import Cell, Column, Table
from ceteris.study.analysis import USUAL_MARGIN, Resolution

UNEVEN = 1.5
"""How many times the smallest class the largest may be without a word."""

_SMALL = 64
_LONG = 2.0


class ImageCode(StrEnum):
    """What is said of a folder of images; names are kept for good, and new kinds get new ones."""

    OWN_TEST = auto()
    NO_OWN_TEST = auto()
    MISSING_CLASSES = auto()
    FEW_TEST_IMAGES = auto()
    LEAKAGE = auto()
    CONTRADICTORY_LABELS = auto()
    COPIES = auto()
    NEAR_COPIES = auto()
    NO_COPIES = auto()
    UNREADABLE = auto()
    ALL_READABLE = auto()
    MISNAMED = auto()
    PASSED_OVER = auto()
    EMPTY_CLASS = auto()
    UNEVEN = auto()
    EVEN = auto()
    SIZES = auto()
    SMALL = auto()
    LONG = auto()


class ImageFinding(str):
    """A sentence or two about a folder of images, with the code of what it is about."""

    __slots__ = ("code",)
    code: ImageCode

    def __new__(cls, code: ImageCode, text: str) -> Self:
        """Give the code, then the text."""
        finding = super().__new__(cls, text)
        finding.code = code
        return finding


def class_table(inspection: Inspection) -> Table:
    """Count the images of each class and part, and the files that cannot be read."""
    counts = inspection.counts
    unread = Counter(file.label for file, _ in inspection.unreadable)
    rows = []
    for label, name in enumerate(inspection.listing.class_names):
        own = [counts.get((part, label), 0) for part in PARTS]
        share = sum(own) / max(1, len(inspection.pictures))
        rows.append(
            (
                Cell(name),
                *(Cell(f"{number:,}", key=number) for number in own),
                Cell(f"{unread[label]:,}", key=unread[label]),
                Cell(f"{100 * share:.1f} %", key=share),
            )
        )
    divided = "as the folder has them" if inspection.is_divided else "as a study with the usual shares divides them"
    return Table(
        name="classes",
        title=f"Images of each class, {divided}",
        columns=(
            Column(title="class"),
            Column(title="training", is_number=True, meaning="Images that a network learns from."),
            Column(title="validation", is_number=True, meaning="Images that watch how the learning goes."),
            Column(title="test", is_number=True, meaning="Images that it is scored on, once, at the end."),
            Column(title="cannot be read", is_number=True, meaning="Files that a study leaves out."),
            Column(title="share", is_number=True, meaning="Of all images that can be read."),
        ),
        rows=tuple(rows),
    )


def format_table(inspection: Inspection) -> Table:
    """Count formats, and give the range of sizes of each."""
    groups: dict[str, list[PictureFile]] = {}
    for one in inspection.pictures:
        groups.setdefault(one.format, []).append(one)
    rows = []
    for name, members in sorted(groups.items(), key=lambda group: -len(group[1])):
        by_area = sorted(members, key=lambda one: one.width * one.height)
        middle = by_area[len(by_area) // 2]
        rows.append(
            (
                Cell(name),
                Cell(f"{len(members):,}", key=len(members)),
                *(
                    Cell(f"{one.width} x {one.height}", key=one.width * one.height)
                    for one in (by_area[0], middle, by_area[-1])
                ),
            )
        )
    return Table(
        name="formats",
        title="Formats and sizes, in pixels",
        columns=(
            Column(title="format", meaning="What the bytes are, whatever the name of the file says."),
            Column(title="images", is_number=True),
            Column(title="smallest", is_number=True),
            Column(title="median", is_number=True),
            Column(title="largest", is_number=True),
        ),
        rows=tuple(rows),
    )


def findings(inspection: Inspection) -> tuple[ImageFinding, ...]:
    """Say what a person should know before training, the gravest first, and what is in order."""
    return (
        *_about_division(inspection),
        *_about_copies(inspection),
        *_about_files(inspection),
        *_about_balance(inspection),
        *_about_sizes(inspection),
    )


def _about_division(inspection: Inspection) -> Iterator[ImageFinding]:
    if inspection.is_divided:
        yield ImageFinding(ImageCode.OWN_TEST, "The folder has test images of its own.")
    else:
        yield ImageFinding(
            ImageCode.NO_OWN_TEST,
            "The folder has no test images of its own: a study sets them aside by content, 20 % of each class unless "
            "it says otherwise, and keeps files that are the same on one side.",
        )
    names = inspection.listing.class_names
    labels = {part: [one.file.label for one in inspection.pictures if one.part == part] for part in PARTS[1:]}
    yield from (ImageFinding(ImageCode.MISSING_CLASSES, text) for text in missing_classes(names, labels))
    test_images = sum(one.part == "test" for one in inspection.pictures)
    if warning := Resolution(test_images=test_images, margin=USUAL_MARGIN).warning:
        yield ImageFinding(ImageCode.FEW_TEST_IMAGES, warning)


def _about_copies(inspection: Inspection) -> Iterator[ImageFinding]:
    if crossing := inspection.crossing:
        groups = "1 group of copies has" if len(crossing) == 1 else f"{len(crossing):,} groups of copies have"
        yield ImageFinding(
            ImageCode.LEAKAGE,
            f"{groups} images on both sides of the test: accuracies come out too high. Remove the copies, or keep each "
            "group in one part.",
        )
    if contradictory := inspection.contradictory:
        groups = "1 group of copies is" if len(contradictory) == 1 else f"{len(contradictory):,} groups of copies are"
        text = f"{groups} in more than one class: at most one of the labels can be right."
        yield ImageFinding(ImageCode.CONTRADICTORY_LABELS, text)
    same = sum(len(group) - 1 for group in inspection.copies)
    near = sum(len(group) - 1 for group in inspection.near_copies)
    if same:
        text = f"{count(same, 'file')} {_is(same)} the same as another, byte for byte."
        yield ImageFinding(ImageCode.COPIES, text)
    if near:
        how = "scaled, compressed again, lighter, mirrored"
        text = f"{count(near, 'image')} {_is(near)} nearly the same as another: {how}."
        yield ImageFinding(ImageCode.NEAR_COPIES, text)
    if not same and not near:
        yield ImageFinding(ImageCode.NO_COPIES, "No image is the same as another, or nearly the same.")


def _about_files(inspection: Inspection) -> Iterator[ImageFinding]:
    unread = len(inspection.unreadable)
    if unread:
        them = "it" if unread == 1 else "them"
        text = f"{count(unread, 'file')} cannot be read; a study leaves {them} out, with a note above the results."
        yield ImageFinding(ImageCode.UNREADABLE, text)
    else:
        yield ImageFinding(ImageCode.ALL_READABLE, "Every file can be read.")
    if misnamed := sum(one.is_misnamed for one in inspection.pictures):
        verb = "has a name that says" if misnamed == 1 else "have names that say"
        text = f"{count(misnamed, 'image')} {verb} another format than the bytes have, which does no harm here."
        yield ImageFinding(ImageCode.MISNAMED, text)
    yield from (ImageFinding(ImageCode.PASSED_OVER, text) for text in inspection.listing.passed_over)


def _about_balance(inspection: Inspection) -> Iterator[ImageFinding]:
    counts = Counter(one.file.label for one in inspection.pictures)
    sizes = [(counts[label], name) for label, name in enumerate(inspection.listing.class_names)]
    (least, smallest), (most, largest) = min(sizes, key=lambda size: size[0]), max(sizes, key=lambda size: size[0])
    if not least:
        text = f"Class '{smallest}' has no image that can be read: a study cannot use it."
        yield ImageFinding(ImageCode.EMPTY_CLASS, text)
    elif most / least >= UNEVEN:
        yield ImageFinding(
            ImageCode.UNEVEN,
            f"The classes are uneven: '{largest}' has {most / least:.3g} times as many images as '{smallest}'. A "
            f"network that always answers '{largest}' is right in {100 * inspection.guessing:.1f} % of them.",
        )
    else:
        yield ImageFinding(ImageCode.EVEN, f"The classes are of similar size, {least:,} to {most:,} images.")


def _about_sizes(inspection: Inspection) -> Iterator[ImageFinding]:
    pictures = inspection.pictures
    if not pictures:
        return
    shorter = [min(one.width, one.height) for one in pictures]
    text = f"The median image has {median(shorter):.0f} pixels on its shorter side; the smallest has {min(shorter)}."
    yield ImageFinding(ImageCode.SIZES, text)
    if small := sum(side < _SMALL for side in shorter):
        which = f"{count(small, 'image')} {_is(small)} smaller than {_SMALL} pixels on a side"
        yield ImageFinding(ImageCode.SMALL, f"{which}, and enlarged at size = {_SMALL}.")
    if long := sum(max(one.width, one.height) > _LONG * min(one.width, one.height) for one in pictures):
        yield ImageFinding(
            ImageCode.LONG,
            f'{count(long, "image")} {_is(long)} more than twice as long as wide: fit = "crop" takes less than half of '
            'such an image, "pad" and "squash" all of it.',
        )


def group_line(group: Sequence[PictureFile]) -> str:
    """Name the files of a group of copies, each with its part."""
    return listed(f"{shown(one.file.name)} ({one.part})" for one in group)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


_SIDE = 112  # pixels of a thumbnail
_EXAMPLES = 240  # thumbnails of examples, all classes together
_MOST_A_CLASS = 12
_GROUPS = 60
_LINES = 500


def copy_groups(inspection: Inspection) -> tuple[list[Sequence[PictureFile]], list[Sequence[PictureFile]]]:
    """Give the groups of copies that have images on both sides of the test, and the others."""
    crossing: list[Sequence[PictureFile]] = list(inspection.crossing)
    return crossing, [group for group in (*inspection.copies, *inspection.near_copies) if group not in crossing]


def render_inspection(inspection: Inspection, *, workers: int) -> str:
    """Write an inspection as an HTML page: what to know, tables, copies, unreadable files, pictures of each class."""
    return render_page(
        _sections(inspection, workers),
        title=f"The images in {inspection.listing.name}",
        kicker="Images before training",
        footer="Computed from a folder of images by ceteris. Nothing was changed in it.",
    )


def _sections(inspection: Inspection, workers: int) -> Iterator[Section]:
    examples, (crossing, others) = _examples(inspection), copy_groups(inspection)
    left = max(0, len(crossing) + len(others) - _GROUPS)
    crossing, others = crossing[:_GROUPS], others[: max(0, _GROUPS - len(crossing))]
    chosen = [*examples.values(), *crossing, *others]
    thumbnails = _thumbnails((one for group in chosen for one in group), workers)

    def shown_groups(groups: Iterable[Sequence[PictureFile]]) -> Thumbnails:
        known = (tuple(thumbnails[one.file.name] for one in group if one.file.name in thumbnails) for group in groups)
        return Thumbnails(tuple(known))

    yield Section(
        anchor="known",
        heading="What was found",
        blocks=(Bullets(findings(inspection)),),
        look=Look.SUMMARY,
        is_listed=False,
    )
    yield Section(anchor="counts", heading="Counts", blocks=(class_table(inspection), format_table(inspection)))
    rest = (Paragraph(f"{count(left, 'more group')} {_is(left)} not shown."),) if left else ()
    if crossing:
        blocks = (shown_groups(crossing), *(() if others else rest))
        yield Section(anchor="crossing", heading="Copies on both sides of the test", blocks=blocks)
    if others:
        heading = "Other copies" if crossing else "Copies"
        yield Section(anchor="copies", heading=heading, blocks=(shown_groups(others), *rest))
    if inspection.unreadable:
        unread = _unreadable_table(inspection)
        yield Section(anchor="unreadable", heading="Files that cannot be read", blocks=(unread,))
    names = inspection.listing.class_names
    parts = [(Subheading(names[label]), shown_groups((members,))) for label, members in examples.items()]
    yield Section(anchor="sheet", heading="Some of each class", blocks=tuple(one for pair in parts for one in pair))


def _unreadable_table(inspection: Inspection) -> Table:
    files = inspection.unreadable
    return Table(
        name="unreadable-files",
        title="Files that a study leaves out",
        columns=(Column(title="file"), Column(title="reason")),
        rows=tuple((Cell(shown(file.name)), Cell(reason)) for file, reason in files[:_LINES]),
        notes=(f"And {len(files) - _LINES:,} more.",) if len(files) > _LINES else (),
    )


def _examples(inspection: Inspection) -> dict[int, list[PictureFile]]:
    """Choose pictures of each class by their digests: at random, and the same every time."""
    classes = len(inspection.listing.class_names)
    most = max(2, min(_MOST_A_CLASS, _EXAMPLES // classes))
    chosen: dict[int, list[PictureFile]] = {label: [] for label in range(classes)}
    for one in sorted(inspection.pictures, key=lambda one: hashlib.sha256(one.sha256.encode()).digest()):
        if len(chosen[one.file.label]) < most:
            chosen[one.file.label].append(one)
    return chosen


def _thumbnails(pictures: Iterable[PictureFile], workers: int) -> Mapping[str, Thumbnail]:
    """Decode pictures once more, and give each by its name; what has changed since is left out."""
    wanted = list({one.file.name: one for one in pictures}.values())
    frame = Frame(height=_SIDE, width=_SIDE, fit=Fit.SQUASH)
    found: dict[str, Thumbnail] = {}
    with closing(decode([one.file.path for one in wanted], frame, workers=workers)) as answers:
        for place, answer in answers:
            if isinstance(answer, Decoded):
                content, one = BytesIO(), wanted[place]
                Image.fromarray(answer.picture.pixels).save(content, "JPEG", quality=82)
                found[one.file.name] = Thumbnail(
                    source=f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}",
                    width=max(24, min(2 * _SIDE, round(_SIDE * one.width / one.height))),
                    height=_SIDE if one.width <= 2 * one.height else max(24, round(2 * _SIDE * one.height / one.width)),
                    caption=f"{shown(one.file.name)}, {one.width} x {one.height}, {one.part}",
                )
    return found
