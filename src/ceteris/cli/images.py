"""Gets the images of a study, and says what it does meanwhile."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.progress import show_progress
from ceteris.datasets.choice import load_dataset, source_of
from ceteris.datasets.cifar10 import find_cifar10
from ceteris.datasets.dataset import Dataset
from ceteris.errors import DataError
from ceteris.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Images:
    """A study with its images.

    Attributes:
        study: As it was asked for, or on the built-in shapes where CIFAR-10 could not be had and that was allowed.
        dataset: Its images.
        notes: What must be said about it, one sentence each.
    """

    study: Study
    dataset: Dataset
    notes: tuple[str, ...] = ()


def get_images(study: Study, *, location: Path | None, or_shapes: bool, console: Console) -> Images:
    """Read the images of a study, and download CIFAR-10 if it is nowhere.

    Args:
        study: Its `data` says which images.
        location: A copy of CIFAR-10; else the one that `CETERIS_DATA` names, else the one in the cache. Or a folder of
            images, in place of the one that the study names.
        or_shapes: Whether the built-in shapes may take the place of CIFAR-10 if it is nowhere and cannot be downloaded.
            A copy that was named and is not right is an error all the same.
        console: Where to say it.

    Raises:
        DataError: If the images are damaged, are not CIFAR-10, or cannot be had.
    """
    try:
        events = source_of(study.data).read(study.data, location=location, download=True)
        return Images(study=study, dataset=show_progress(events, console))
    except DataError as error:
        is_missing = (
            study.data.name == "cifar10" and find_cifar10(batches=study.data.batches, location=location) is None
        )
        if not or_shapes or not is_missing:
            raise
        return _on_shapes(study, error, console)


def _on_shapes(study: Study, error: DataError, console: Console) -> Images:
    note = "CIFAR-10 could not be had, so the built-in shapes took its place: no number here is about CIFAR-10."
    console.print(Text(str(error), style="red"), soft_wrap=True)
    console.print(Text(f"WARNING: {note}", style="bold red"), soft_wrap=True)
    data = study.data.model_copy(update={"name": "shapes"})
    fields = {name: getattr(study, name) for name in Study.model_fields}
    changed = Study(**(fields | {"data": data, "title": f"{study.title} - on built-in shapes instead"}))
    return Images(study=changed, dataset=load_dataset(data), notes=(note,))
