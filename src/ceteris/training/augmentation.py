"""How training images are changed each time they are seen; `ceteris.engines.augmentation` draws what is here."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from ceteris.values.frozen import Frozen


class Augmentation(Frozen, ABC):
    """A change of images, with its settings, which are keys of `[baseline.training]`."""

    @property
    def is_active(self) -> bool:
        """Whether it changes any image."""
        return any(value != type(self).model_fields[name].default for name, value in self)

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


class Rotation(Augmentation):
    """Images rotated.

    Attributes:
        rotation: Largest random rotation of a training image about its centre in degrees, each way, to the nearest
            pixel; what turns in is black.
    """

    later: ClassVar[frozenset[str]] = frozenset({"rotation"})

    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0

    def __str__(self) -> str:
        return f"rotations of up to {self.rotation:g} degrees" if self.rotation else ""


class Cutout(Augmentation):
    """A square of each image blacked out (DeVries and Taylor 2017, arXiv:1708.04552).

    Attributes:
        cutout: Side in pixels of a square that is black in each training image; its centre is any pixel, and what lies
            outside of the image is cut off.
    """

    later: ClassVar[frozenset[str]] = frozenset({"cutout"})

    cutout: Annotated[int, Field(ge=0, le=512)] = 0

    def __str__(self) -> str:
        return f"cutout of {self.cutout} x {self.cutout} pixels" if self.cutout else ""


class Brightness(Augmentation):
    """Images made brighter or darker.

    Attributes:
        brightness: Largest random relative change of all grey levels of a training image: 0.2 multiplies them by 0.8
            to 1.2.
    """

    later: ClassVar[frozenset[str]] = frozenset({"brightness"})

    brightness: Annotated[float, Field(ge=0, le=1)] = 0.0

    def __str__(self) -> str:
        return f"brightness changed by up to {100 * self.brightness:g} %" if self.brightness else ""


class Contrast(Augmentation):
    """Images with more or less contrast.

    Attributes:
        contrast: Largest random relative change of how far each grey level of a training image is from 128, the middle:
            0.2 multiplies distances by 0.8 to 1.2.
    """

    later: ClassVar[frozenset[str]] = frozenset({"contrast"})

    contrast: Annotated[float, Field(ge=0, le=1)] = 0.0

    def __str__(self) -> str:
        return f"contrast changed by up to {100 * self.contrast:g} %" if self.contrast else ""
