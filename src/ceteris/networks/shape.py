"""The size of an image inside a network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The size of an image inside a network; features after a dense layer are channels of a one-pixel image."""

    height: int
    width: int
    channels: int

    def __str__(self) -> str:
        return f"{self.height} x {self.width} x {self.channels}"

    @property
    def values(self) -> int:
        """Numbers per image."""
        return self.height * self.width * self.channels

    @property
    def side(self) -> int:
        """The shorter of height and width, in pixels."""
        return min(self.height, self.width)
