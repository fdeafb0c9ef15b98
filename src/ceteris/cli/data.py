"""`ceteris data`: shows, fetches and verifies data sets, shows and clears what is kept, checks folders of images."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ceteris.cli.fetching import show_progress
from ceteris.datasets import cifar10, folder_cache, weights
from ceteris.datasets.cache import cache_folder
from ceteris.datasets.choice import SOURCES, DataChoice
from ceteris.datasets.cifar10_reader import read_cifar10
from ceteris.datasets.features import feature_cache
from ceteris.datasets.inspection import Inspection, inspect_folder
from ceteris.datasets.published import PublishedSource
from ceteris.errors import DataError, ResultsError
from ceteris.formatting.console import plain_table, print_line
from ceteris.formatting.wording import byte_count, listed, nearest
from ceteris.networks.backbone import Backbone
from ceteris.paths import shown
from ceteris.report import inspection as words
from ceteris.report.documents.inspection import InspectionDocument, inspection_document
from ceteris.report.quantities import count
from ceteris.report.table import Table
from ceteris.resources import available_cores
from ceteris.results.atomic import write_atomically

_LINES, _GROUPS = 10, 5


def show(console: Console) -> None:
    """Print what of the data sets is on this machine, where it was looked for, and what is kept beside it."""
    for source in SOURCES:
        for line in source.here():
            print_line(line, console)
    if named := weights.named_weights():
        print_line(named, console)
    folder, cache = weights.weights_folder(), feature_cache()
    files = sorted(folder.glob("*.pth"))
    print_line(f"weights: {folder}: {'none yet' if not files else ''}".rstrip(), console)
    for file in files:
        print_line(f"  {byte_count(file.stat().st_size)}  {file.name}", console)
    entries = cache.entries()
    print_line(f"features: {cache.path}: {'none yet' if not entries else ''}".rstrip(), console)
    for entry in entries:
        print_line(f"  {byte_count(entry.size)}  {entry.description}", console)
    if entries:
        total = sum(entry.size for entry in entries)
        print_line(f"  {byte_count(total)} in all; `ceteris data clear` deletes them.", console)
    for decoded in folder_cache.entries(cache_folder()):
        size = f"{decoded.side} x {decoded.side} pixels, {byte_count(decoded.size)}"
        what = f"{count(decoded.images, 'image')} of {size}"
        print_line(f"decoded folder {decoded.source}: {what}; `ceteris data clear` deletes it.", console)


def clear(console: Console) -> None:
    """Delete the features and the decoded folders of images that are kept."""
    cache = feature_cache()
    freed = cache.clear()
    print_line(f"{cache.path}: {byte_count(freed)} deleted.", console)
    if folders := len(folder_cache.entries(cache_folder())):
        freed = folder_cache.clear(cache_folder())
        what = "1 decoded folder" if folders == 1 else f"{folders} decoded folders"
        print_line(f"{what} of images deleted, {byte_count(freed)} freed. The next run decodes again.", console)


def fetch(what: str, to: Path | None, console: Console) -> None:
    """Download a data set, or the weights of a pretrained network, into a folder."""
    fetched = {source.name: source for source in SOURCES if source.is_fetched}
    if what in fetched:
        print_line(show_progress(fetched[what].fetch(to), console, what=fetched[what].label), console)
    elif what in tuple(Backbone):
        backbone = Backbone(what)
        show_progress(weights.fetch_weights(backbone, folder=to), console, what=f"weights of {backbone}")
        path = (to or weights.weights_folder()) / weights.OFFICIAL_WEIGHTS[backbone].name
        print_line(f"{path}: torchvision's own, every byte checked.", console)
        if to:
            print_line(f"Set CETERIS_WEIGHTS to {to} to use it: ceteris looks in the cache alone otherwise.", console)
    else:
        names = (*fetched, *Backbone)
        close = nearest(what, names)
        end = f"did you mean '{close}'?" if close else f"there are {listed(names)}."
        raise DataError(f"there is nothing called '{what}' to download; {end}")


def verify(what: Path | None, path: Path | None, console: Console) -> None:
    """Read a copy whole, and print origin, digest and counts."""
    published = {Path(source.name): source for source in SOURCES if isinstance(source, PublishedSource)}
    if what in published:
        source = published[what]
        choice = DataChoice(name=source.name)
        dataset = show_progress(source.read(choice, location=path, download=False), console, what=source.label)
        where = source.label
    elif path is not None and what != Path("cifar10"):
        raise DataError(f"'{what}' is no data set; there are {listed(['cifar10', *map(str, published)])}.")
    else:
        copy = _cifar10(path or (None if what == Path("cifar10") else what))
        dataset, where = read_cifar10(copy, batches=cifar10.BATCHES), str(copy.path)
    print_line(f"{where}: {dataset.origin}", console)
    for note in dataset.notes:
        print_line(f"note: {note}", console)
    print_line(f"digest: {dataset.digest}", console)
    table = plain_table()
    table.add_column("class")
    table.add_column("training images", justify="right")
    table.add_column("test images", justify="right")
    counts = [np.bincount(part.labels, minlength=len(dataset.class_names)) for part in (dataset.training, dataset.test)]
    for name, training, test in zip(dataset.class_names, *counts, strict=True):
        table.add_row(name, f"{training:,}", f"{test:,}")
    console.print(table)


def _cifar10(path: Path | None) -> cifar10.Cifar10Copy:
    if path is not None:
        return cifar10.find_copy(path, batches=cifar10.BATCHES)
    if (found := cifar10.find_cifar10(batches=cifar10.BATCHES)) is not None:
        return found
    raise DataError(
        f"there is no CIFAR-10 to verify: no CETERIS_DATA, nothing in {cache_folder()}. Run `ceteris data fetch`, or "
        "name a copy: `ceteris data verify PATH`."
    )


def check(folder: Path, *, out: Path | None, console: Console) -> Inspection:
    """Print what is in a folder of images, and write it as a page if that is wanted."""
    if out is not None and not out.parent.is_dir():
        raise ResultsError(f"{out}: there is no folder {out.parent}. Make it, or choose another place for the page.")
    inspection = show_progress(inspect_folder(folder), console)
    if out is not None:
        write_atomically(out, words.render_inspection(inspection, workers=available_cores()).encode())
    files = len(inspection.pictures) + len(inspection.unreadable)
    title = f"{inspection.listing.name}: {files:,} files in {len(inspection.listing.class_names)} classes"
    print_line(title, console, style="bold")
    for table in (words.class_table(inspection), words.format_table(inspection)):
        console.print()
        console.print(_drawn(table))
    console.print()
    for sentence in words.findings(inspection):
        print_line(f"- {sentence}", console)
    _print_some("Cannot be read", (f"{shown(f.name)} {reason}" for f, reason in inspection.unreadable), _LINES, console)
    crossing, others = words.copy_groups(inspection)
    _print_some("Copies on both sides of the test", map(words.group_line, crossing), _GROUPS, console)
    _print_some("Other copies" if crossing else "Copies", map(words.group_line, others), _GROUPS, console)
    print_line(f"\npage: {out}" if out else "\nWith --out FILE.html, all of this is a page with pictures.", console)
    return inspection


def document(inspection: Inspection) -> InspectionDocument:
    """Give what `check` says for programs."""
    return inspection_document(inspection)


def _drawn(table: Table) -> RichTable:
    drawn = plain_table()
    for column in table.columns:
        drawn.add_column(column.title, justify="right" if column.is_number else "left")
    for row in table.rows:
        drawn.add_row(*(Text(cell.plain) for cell in row))
    return drawn


def _print_some(title: str, lines: Iterable[str], most: int, console: Console) -> None:
    found = list(lines)
    if not found:
        return
    console.print()
    console.print(Text(f"{title}:", style="bold"))
    for line in found[:most]:
        print_line(f"  {line}", console)
    if len(found) > most:
        console.print(Text(f"  and {len(found) - most:,} more"))
