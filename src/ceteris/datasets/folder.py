"""A folder of images of the user's own, as a data set."""

# ruff: noqa: PLC0415 - reading loads libraries that a study does not need

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ceteris.datasets.cache import cache_folder
from ceteris.datasets.dataset import Dataset, Fit, ImageKind
from ceteris.datasets.source import Ahead, Event, Source, is_path
from ceteris.errors import DataError
from ceteris.networks.shape import Shape
from ceteris.paths import expanded

if TYPE_CHECKING:
    from ceteris.datasets.choice import DataChoice


class Folder(Source):
    """Class folders, or training, validation and test folders of them; decoded once and kept in the cache."""

    name = "folder"
    called = "a folder of images"
    several = "folders of images"
    keys = frozenset({"size", "fit", "test"})
    defaults: ClassVar[Mapping[str, Any]] = {"size": 64, "fit": Fit.CROP, "test": 0.2}
    is_own = True
    is_exact = False

    def takes(self, name: str) -> bool:
        """Any path is that of a folder, unless another kind of images of one's own takes it."""
        return is_path(name)

    def presumed(self, choice: "DataChoice", classes: int) -> ImageKind | None:
        """Size and channels are known; nothing is counted."""
        assert choice.size is not None, "filled in"
        shape = Shape(choice.size, choice.size, 3)
        return ImageKind(shape=shape, classes=classes, training_images=0, validation_images=0, test_images=0)

    def ahead(self, choice: "DataChoice", *, location: Path | None) -> Generator[Event, None, Ahead]:
        """Look at the names of the files; see `folder_ahead`."""
        from ceteris.datasets.folder_dataset import folder_ahead

        return (yield from folder_ahead(_place(choice, location), choice, cache=cache_folder()))

    def title(self, choice: "DataChoice", classes: int) -> str:
        """Give the folder's own name."""
        from ceteris.datasets.folder_listing import folder_name

        return f"{folder_name(Path(choice.name))} in {classes} classes"

    def read(self, choice: "DataChoice", *, location: Path | None, download: bool) -> Generator[Event, None, Dataset]:
        """Read the folder that the study names, or the one that the user names in its place; see `read_folder`."""
        from ceteris.datasets.folder_dataset import read_folder

        return (yield from read_folder(_place(choice, location), choice, cache=cache_folder()))


def _place(choice: "DataChoice", location: Path | None) -> Path:
    return location or expanded(choice.name, error=DataError)
