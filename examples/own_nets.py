"""Two networks for `own_module.toml`: with the ReLU that is usual, and with a smooth one in its place."""

from torch import Tensor, nn


class Small(nn.Module):
    """Two convolutions, and a mean over what is left of the image."""

    activation: type[nn.Module] = nn.ReLU

    def __init__(self, classes: int, image_shape: tuple[int, int, int], width: int = 8) -> None:
        super().__init__()
        channels, _height, _width = image_shape
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride=2),
            self.activation(),
            nn.Conv2d(width, 2 * width, 3, stride=2),
            nn.BatchNorm2d(2 * width),
            self.activation(),
        )
        self.head = nn.Linear(2 * width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Give a logit for each class, of images of shape (b, channels, height, width)."""
        logits: Tensor = self.head(self.body(images).mean((2, 3)))
        return logits


class Smooth(Small):
    """The same with another activation."""

    activation = nn.GELU
