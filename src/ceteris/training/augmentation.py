"""How training images are changed each time they are seen; `ceteris.engines.streams.shifts` draws what is here."""

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import Field

from ceteris.values.frozen import Frozen


class Augmentation(Frozen, ABC):
    """A change of images, with its settings, which are keys of `[baseline.training]`."""

    @abstractmethod
    def __str__(self) -> str:
        """Say what it does, for a list in a sentence; empty if it changes nothing."""


class Flip(Augmentation):
    """Images mirrored.

    Attributes:
        flip: Whether each training image is mirrored left to right half of the time.
    """

    flip: bool = False

    def __str__(self) -> str:
        return "half of the images mirrored" if self.flip else ""


class Crop(Augmentation):
    """Images shifted.

    Attributes:
        crop: Largest random shift of a training image in pixels, each way; what moves in is black.
    """

    crop: Annotated[int, Field(ge=0, le=16)] = 0

    def __str__(self) -> str:
        return f"shifts of up to {self.crop} pixel{'' if self.crop == 1 else 's'}" if self.crop else ""
