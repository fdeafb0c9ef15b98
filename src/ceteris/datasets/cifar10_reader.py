"""Reads a copy of CIFAR-10 in any of its forms, and says whether it is the official one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.cache import file_sha256
from ceteris.datasets.cifar10 import BATCHES, CLASS_NAMES, OFFICIAL, TEST, Cifar10Copy, Layout, Release, parts
from ceteris.datasets.cifar10_records import RECORD, REMEDY, batch_records, class_names, decode
from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, joined
from ceteris.datasets.published import read_bounded
from ceteris.datasets.tar_members import read_members
from ceteris.errors import DataError

_NAMES_LIMIT = 1 << 16


@dataclass(frozen=True, kw_only=True)
class _Content:
    part: str
    where: str
    layout: Layout
    content: bytes


def read_cifar10(copy: Cifar10Copy, *, batches: int, release: Release = OFFICIAL) -> Dataset:
    """Read that many training batches, from the first, and the test images, and compare them with published checksums.

    Whether a copy is official is decided by the images and labels themselves, so it does not matter in which form they
    came, and a file that only bears the right name convinces nobody. Batches that are not asked for need not be there.

    Raises:
        DataError: If a file is missing, damaged, unreadable, or not CIFAR-10.
    """
    images: dict[str, LabelledImages] = {}
    digests: dict[str, str] = {}
    whole = hashlib.sha256()
    training_digest = ""
    for item in _contents(copy, parts(batches), release):
        records = item.content
        if item.layout is Layout.PYTHON:
            records = batch_records(records, item.where, records=release.records)
        images[item.part] = decode(records, item.where, records=release.records, classes=len(CLASS_NAMES))
        digests[item.part] = hashlib.sha256(records).hexdigest()
        for other, digest in digests.items():
            if other != item.part and digest == digests[item.part]:
                raise DataError(f"{item.where}: holds the same images as {other}, expected different ones. {REMEDY}")
        if item.part == TEST:
            training_digest = whole.hexdigest()
        whole.update(records)
    note = _difference(copy, digests, training_digest, release)
    return Dataset(
        name="cifar10",
        training=joined(tuple(images[part] for part in parts(batches) if part != TEST)),
        test=images[TEST],
        class_names=CLASS_NAMES,
        digest=whole.hexdigest(),
        origin=Origin.MODIFIED if note else Origin.OFFICIAL,
        source=f"CIFAR-10, read from {copy.description}",
        notes=(note,) if note else (),
    )


def _difference(copy: Cifar10Copy, digests: dict[str, str], training_digest: str, release: Release) -> str:
    """Name the parts that are not official; empty if all are."""
    differing = [part for part, digest in digests.items() if digest != release.part_digests[part]]
    if len(digests) == BATCHES + 1 and training_digest == release.training_digest:
        differing = [part for part in differing if part == TEST]
    if not differing:
        return ""
    if copy.layout is None and file_sha256(copy.path) in {archive.sha256 for archive in release.archives.values()}:
        return ""
    which = "all its files" if len(differing) == len(digests) else " and ".join(differing)
    return (
        f"These images are not the official CIFAR-10 but a modified copy of it (the published checksums do not match "
        f"{which}): compare the accuracies with each other, not with published ones."
    )


def _contents(copy: Cifar10Copy, wanted: tuple[str, ...], release: Release) -> Iterator[_Content]:
    """Yield the bytes of each part, in the order asked for."""
    if copy.layout is None:
        yield from _packed(copy.path, wanted, release)
        return
    names = copy.path / copy.layout.names_file
    if names.is_file():
        _check_names(copy.layout, read_bounded(names, _NAMES_LIMIT, REMEDY), str(names))
    for part in wanted:
        path = copy.path / copy.layout.file_name(part)
        content = read_bounded(path, _limit(copy.layout, release), REMEDY)
        yield _Content(part=part, where=str(path), layout=copy.layout, content=content)


def _packed(path: Path, wanted: tuple[str, ...], release: Release) -> Iterator[_Content]:
    limits = {layout.file_name(part): _limit(layout, release) for layout in Layout for part in wanted}
    limits |= {layout.names_file: _NAMES_LIMIT for layout in Layout}
    total = (BATCHES + 2) * _limit(Layout.PYTHON, release)
    found, others = read_members(path, limits, limit=total, what="CIFAR-10", fetch="ceteris data fetch")
    layout = max(Layout, key=lambda one: sum(one.file_name(part) in found for part in wanted))
    missing = [layout.file_name(part) for part in wanted if layout.file_name(part) not in found]
    if len(missing) == len(wanted):
        names = ", ".join(ascii(name[:100]) for name in others[:3]) or "nothing"
        raise DataError(f"{path}: none of CIFAR-10's files in this archive, but {names}. {REMEDY}")
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise DataError(f"{path}: {', '.join(missing)} {verb} missing in this archive. {REMEDY}")
    if layout.names_file in found:
        _check_names(layout, found[layout.names_file], f"{path}: {layout.names_file}")
    for part in wanted:
        name = layout.file_name(part)
        yield _Content(part=part, where=f"{path}: {name}", layout=layout, content=found[name])


def _limit(layout: Layout, release: Release) -> int:
    """The most bytes a part may have; a python one keeps file names too, and may need two bytes for one."""
    return release.records * RECORD if layout is Layout.BINARY else 3 * release.records * RECORD + 4096


def _check_names(layout: Layout, content: bytes, where: str) -> None:
    names = class_names(content, where) if layout is Layout.PYTHON else tuple(content.decode("latin-1").split())
    if names and names != CLASS_NAMES:
        raise DataError(
            f"{where}: names the classes {', '.join(ascii(name[:40]) for name in names[:3])}, ..., expected "
            f"{', '.join(CLASS_NAMES[:3])}, ...: this is another data set. {REMEDY}"
        )
