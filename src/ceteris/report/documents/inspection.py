"""What `ceteris data check` says, for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from ceteris.datasets.inspection import Inspection, PictureFile
from ceteris.report.documents.document import Document, Entry
from ceteris.report.inspection import ImageCode, findings


class ClassCountEntry(Entry):
    """The images of one class.

    Attributes:
        name: Of the class.
        training: Images that a network learns from.
        validation: Images that watch how the learning goes.
        test: Images that it is scored on.
        unreadable: Files that a study leaves out.
    """

    name: str
    training: int
    validation: int
    test: int
    unreadable: int


class FormatEntry(Entry):
    """The images of one format.

    Attributes:
        name: Of the format, by the bytes.
        images: How many there are.
    """

    name: str
    images: int


class UnreadableEntry(Entry):
    """A file that cannot be read.

    Attributes:
        file: Its path in the folder.
        reason: Why.
    """

    file: str
    reason: str


class CopiesEntry(Entry):
    """Pictures that are the same or nearly the same.

    Attributes:
        files: Their paths in the folder.
        is_exact: Whether they are the same byte for byte.
        is_leakage: Whether some are test images and others not.
        is_contradictory: Whether they are in more than one class.
    """

    files: tuple[str, ...]
    is_exact: bool
    is_leakage: bool
    is_contradictory: bool


class FindingEntry(Entry):
    """What a person should know of a folder of images.

    Attributes:
        code: What it is about.
        text: A sentence or two.
    """

    code: ImageCode
    text: str


class InspectionDocument(Document):
    """What `ceteris data check` says.

    Attributes:
        folder: Its name.
        has_own_test: Whether it has test images of its own; else images are divided as a study with the usual shares
            does.
        classes: In the order of their labels.
        formats: The most frequent first.
        unreadable: Files that a study leaves out.
        copies: Groups of two or more.
        findings: What a person should know before training, the gravest first, and what is in order.
    """

    document: Literal["images"]
    schema_version: Literal[1]
    folder: str
    has_own_test: bool
    classes: tuple[ClassCountEntry, ...]
    formats: tuple[FormatEntry, ...]
    unreadable: tuple[UnreadableEntry, ...]
    copies: tuple[CopiesEntry, ...]
    findings: tuple[FindingEntry, ...]


def inspection_document(found: Inspection) -> InspectionDocument:
    """Give what is in a folder of images."""
    counts, unread = found.counts, Counter(file.label for file, _ in found.unreadable)
    formats = Counter(one.format for one in found.pictures)
    groups = [(group, True) for group in found.copies] + [(group, False) for group in found.near_copies]
    return InspectionDocument(
        document="images",
        schema_version=1,
        folder=found.listing.name,
        has_own_test=found.is_divided,
        classes=tuple(
            ClassCountEntry(
                name=name,
                training=counts.get(("training", label), 0),
                validation=counts.get(("validation", label), 0),
                test=counts.get(("test", label), 0),
                unreadable=unread[label],
            )
            for label, name in enumerate(found.listing.class_names)
        ),
        formats=tuple(FormatEntry(name=name, images=images) for name, images in formats.most_common()),
        unreadable=tuple(UnreadableEntry(file=file.name, reason=reason) for file, reason in found.unreadable),
        copies=tuple(_copies(found, group, is_exact=is_exact) for group, is_exact in groups),
        findings=tuple(FindingEntry(code=one.code, text=str(one)) for one in findings(found)),
    )


def _copies(found: Inspection, group: Sequence[PictureFile], *, is_exact: bool) -> CopiesEntry:
    return CopiesEntry(
        files=tuple(one.file.name for one in group),
        is_exact=is_exact,
        is_leakage=group in found.crossing,
        is_contradictory=group in found.contradictory,
    )
