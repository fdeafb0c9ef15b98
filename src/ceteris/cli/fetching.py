"""Gets the images and the pretrained weights of a study, and says what it does meanwhile."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from ceteris.datasets.choice import load_dataset, source_of
from ceteris.datasets.cifar10 import find_cifar10
from ceteris.datasets.dataset import Dataset
from ceteris.datasets.source import Event, FileProgress, Received, Setback, Waiting
from ceteris.datasets.weights import fetch_weights
from ceteris.errors import DataError
from ceteris.execution.engines import missing_weights
from ceteris.formatting.console import print_line
from ceteris.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Images:
    """A study with its images: as it was asked for, or on the built-in shapes where CIFAR-10 is not available."""

    study: Study
    dataset: Dataset
    notes: tuple[str, ...] = ()


def get_images(study: Study, *, location: Path | None, or_shapes: bool, console: Console) -> Images:
    """Read the images of a study, from `location` if that is given, and download a published data set that is nowhere.

    If it cannot be downloaded either, the built-in shapes take its place where that is allowed. A copy that was named
    and is not right is an error all the same.
    """
    try:
        source = source_of(study.data)
        events = source.read(study.data, location=location, download=True)
        return Images(study=study, dataset=show_progress(events, console, what=source.label))
    except DataError as error:
        is_missing = (
            study.data.name == "cifar10" and find_cifar10(batches=study.data.batches, location=location) is None
        )
        if not or_shapes or not is_missing:
            raise
        return _on_shapes(study, error, console)


def _on_shapes(study: Study, error: DataError, console: Console) -> Images:
    note = "CIFAR-10 is not available, so the built-in shapes are used instead: no number here is about CIFAR-10."
    print_line(str(error), console, style="red")
    print_line(f"WARNING: {note}", console, style="bold red")
    data = study.data.model_copy(update={"name": "shapes"})
    fields = {name: getattr(study, name) for name in Study.model_fields}
    changed = Study(**(fields | {"data": data, "title": f"{study.title} - on built-in shapes instead"}))
    return Images(study=changed, dataset=load_dataset(data), notes=(note,))


def download_weights(study: Study, *, base: Path, console: Console) -> None:
    """Download torchvision's own weights that a study asks for and that are nowhere here.

    That it cannot be done is said and is no error: the arms that need them are skipped.
    """
    for backbone in missing_weights(study, base=base):
        try:
            show_progress(fetch_weights(backbone), console, what=f"weights of {backbone}")
        except DataError as error:
            print_line(str(error), console, style="red")


Result = TypeVar("Result")

_TENTHS = 10
_LOOKING = "looking at"  # quick beside the decoding, so that it gets no lines of its own


def show_progress(events: Generator[Event, None, Result], console: Console, *, what: str = "") -> Result:
    """Take events to their end, show what they tell, and give what comes of them."""
    # Without a terminal the bar is silent, and lines tell how far it is.
    columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("images", total=None, is_download=False)
        told: dict[type[Event], int] = {Received: -1, FileProgress: 0}
        setback: Setback | None = None
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: Result = end.value
                return result
            if setback is not None:  # only now it is certain that there is another server to ask; else an error follows
                print_line(f"note: {urlsplit(setback.url).netloc} {setback.reason}; asking the next server.", console)
                setback = None
            match event:
                case Received(received=done, total=total):
                    bar.update(task, description=what, completed=done, total=total, is_download=True)
                    line = f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
                case FileProgress(done=done, total=total):
                    bar.update(
                        task, description=f"{event.doing} images", completed=done, total=total, is_download=False
                    )
                    line = f"{event.doing} images: {done:,} of {total:,}" if event.doing != _LOOKING else ""
                case Setback():
                    setback = event
                    continue
                case Waiting():
                    print_line(f"note: {event.holder} is {event.doing} into {event.folder}; waiting for it.", console)
                    continue
            tenth = _TENTHS * done // total
            if line and not console.is_terminal and tenth > told[type(event)]:
                told[type(event)] = tenth
                print_line(line, console)


class _Amount(ProgressColumn):
    """How much there is: megabytes of a download and their speed, or files."""

    def render(self, task: Task) -> Text:
        """Draw it as the columns of rich do."""
        if not task.fields["is_download"]:
            return MofNCompleteColumn().render(task)
        return Text(" ").join([DownloadColumn().render(task), TransferSpeedColumn().render(task)])
