"""The network that a repository is about."""

from torch import Tensor, nn


class Net(nn.Module):
    """Two convolutions, and a mean over what is left of the image."""

    def __init__(self, classes: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(image_shape[0], 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU()
        )
        self.head = nn.Linear(16, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Give a logit for each class, of images of shape (b, channels, height, width)."""
        logits: Tensor = self.head(self.body(images).mean((2, 3)))
        return logits
