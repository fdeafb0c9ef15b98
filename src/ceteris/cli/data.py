"""`ceteris data`: shows, fetches and verifies CIFAR-10, and shows and clears what is kept beside it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it is called

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ceteris.cli.options import Command, Commands, in_home

if TYPE_CHECKING:
    from rich.console import Console

    from ceteris.datasets.cifar10 import Cifar10Copy

data_application = typer.Typer(
    cls=Commands,
    help="Show what is on this machine: CIFAR-10, weights, features, decoded images. Check, download, verify, clear.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

_BATCHES = 5


@data_application.callback()
def data_command(context: typer.Context) -> None:
    """Show where CIFAR-10 was looked for and what was found, and what else is kept: weights, features, images."""
    if context.invoked_subcommand is None:
        console = _console()
        show(console)
        show_kept(console)


@data_application.command(cls=Command, name="fetch")
def fetch_command(
    what: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="cifar10, or weights: mobilenet_v2, resnet18 or efficientnet_b0."),
    ] = "cifar10",
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", callback=in_home, metavar="FOLDER", help="Folder to download into; the cache if not given."
        ),
    ] = None,
) -> None:
    """Download CIFAR-10 (170 MB) or the weights of a pretrained network (14 to 47 MB), and check every byte.

    Continues where a broken download stopped. CIFAR-10 is asked of its official page, then of mirrors; weights of
    PyTorch's server.
    """
    fetch(what, to, _console())


@data_application.command(cls=Command, name="verify")
def verify_command(
    path: Annotated[
        Path | None,
        typer.Argument(callback=in_home, metavar="PATH", help="A copy; the one that a study would use if not given."),
    ] = None,
) -> None:
    """Read a whole copy, and say whether it is the official CIFAR-10."""
    verify(path, _console())


@data_application.command(cls=Command, name="check")
def check_command(
    folder: Annotated[
        Path,
        typer.Argument(
            callback=in_home, metavar="DIR", help="A folder of class folders, or of train and test folders of them."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", callback=in_home, metavar="FILE", help="Also write all of it as a page with pictures."),
    ] = None,
) -> None:
    """Look at every image of a folder: counts, sizes, files that cannot be read, copies, and train/test leakage.

    Nothing in the folder is changed.
    """
    from ceteris.cli.check import check

    check(folder, out=out, console=_console())


@data_application.command(cls=Command, name="clear")
def clear_command() -> None:
    """Delete kept features and decoded folders of images, which the next study that needs them makes again."""
    clear(_console())


def show(console: "Console") -> None:
    """Print what of the data sets is on this machine, and where it was looked for."""
    from ceteris.datasets.choice import SOURCES

    for source in SOURCES:
        for line in source.here():
            _print(console, line)


def show_kept(console: "Console") -> None:
    """Print which weights, features and decoded folders of images are kept, and how large they are."""
    from ceteris.datasets import folder_cache
    from ceteris.datasets.cache import cache_folder
    from ceteris.datasets.features import feature_cache
    from ceteris.datasets.weights import named_weights, weights_folder
    from ceteris.formatting.wording import byte_count

    if named := named_weights():
        _print(console, named)
    folder, cache = weights_folder(), feature_cache()
    files = sorted(folder.glob("*.pth"))
    _print(console, f"weights: {folder}: {'none yet' if not files else ''}".rstrip())
    for file in files:
        _print(console, f"  {byte_count(file.stat().st_size)}  {file.name}")
    entries = cache.entries()
    _print(console, f"features: {cache.path}: {'none yet' if not entries else ''}".rstrip())
    for entry in entries:
        _print(console, f"  {byte_count(entry.size)}  {entry.description}")
    if entries:
        total = sum(entry.size for entry in entries)
        _print(console, f"  {byte_count(total)} in all; `ceteris data clear` deletes them.")
    for decoded in folder_cache.entries(cache_folder()):
        count = "1 image" if decoded.images == 1 else f"{decoded.images:,} images"
        size = f"{decoded.side} x {decoded.side} pixels, {byte_count(decoded.size)}"
        _print(console, f"decoded folder {decoded.source}: {count} of {size}; `ceteris data clear` deletes it.")


def clear(console: "Console") -> None:
    """Delete the features and the decoded folders of images that are kept."""
    from ceteris.datasets import folder_cache
    from ceteris.datasets.cache import cache_folder
    from ceteris.datasets.features import feature_cache
    from ceteris.formatting.wording import byte_count

    cache = feature_cache()
    freed = cache.clear()
    _print(console, f"{cache.path}: {byte_count(freed)} deleted.")
    if count := len(folder_cache.entries(cache_folder())):
        freed = folder_cache.clear(cache_folder())
        what = "1 decoded folder" if count == 1 else f"{count} decoded folders"
        _print(console, f"{what} of images deleted, {byte_count(freed)} freed. The next run decodes again.")


def fetch(what: str, folder: Path | None, console: "Console") -> None:
    """Download a data set, or the weights of a pretrained network, into a folder."""
    from ceteris.cli.fetching import show_progress
    from ceteris.datasets.choice import SOURCES
    from ceteris.datasets.weights import OFFICIAL_WEIGHTS, fetch_weights, weights_folder
    from ceteris.errors import DataError
    from ceteris.formatting.wording import listed, nearest
    from ceteris.networks.backbone import Backbone

    fetched = {source.name: source for source in SOURCES if source.is_fetched}
    if what in fetched:
        _print(console, show_progress(fetched[what].fetch(folder), console))
        return
    if what in tuple(Backbone):
        backbone = Backbone(what)
        place = folder or weights_folder()
        show_progress(fetch_weights(backbone, folder=folder), console, what=f"weights of {backbone}")
        _print(console, f"{place / OFFICIAL_WEIGHTS[backbone].name}: torchvision's own, every byte checked.")
        if folder:
            _print(console, f"Set CETERIS_WEIGHTS to {folder} to use it: ceteris looks in the cache alone otherwise.")
        return
    names = (*fetched, *Backbone)
    close = nearest(what, names)
    end = f"did you mean '{close}'?" if close else f"there are {listed(names)}."
    raise DataError(f"there is nothing called '{what}' to download; {end}")


def verify(path: Path | None, console: "Console") -> None:
    """Read a copy whole, and print origin, digest and counts."""
    import numpy as np
    from rich.table import Table

    from ceteris.datasets.cifar10_reader import read_cifar10

    copy = _copy(path)
    dataset = read_cifar10(copy, batches=_BATCHES)
    _print(console, f"{copy.path}: {dataset.origin}")
    for note in dataset.notes:
        _print(console, f"note: {note}")
    _print(console, f"digest: {dataset.digest}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("class")
    table.add_column("training images", justify="right")
    table.add_column("test images", justify="right")
    counts = [np.bincount(part.labels, minlength=len(dataset.class_names)) for part in (dataset.training, dataset.test)]
    for name, training, test in zip(dataset.class_names, *counts, strict=True):
        table.add_row(name, f"{training:,}", f"{test:,}")
    console.print(table)


def _copy(path: Path | None) -> "Cifar10Copy":
    from ceteris.datasets.cache import cache_folder
    from ceteris.datasets.cifar10 import find_cifar10, find_copy
    from ceteris.errors import DataError

    if path is not None:
        return find_copy(path, batches=_BATCHES)
    copy = find_cifar10(batches=_BATCHES)
    if copy is None:
        raise DataError(
            f"there is no CIFAR-10 to verify: no CETERIS_DATA, nothing in {cache_folder()}. Run `ceteris data fetch`, "
            "or name a copy: `ceteris data verify PATH`."
        )
    return copy


def _print(console: "Console", line: str) -> None:
    from rich.text import Text

    console.print(Text(line), soft_wrap=True)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False)
