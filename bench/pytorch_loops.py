"""The networks in PyTorch, as tutorials write them and as an expert would; each loop yields the images of each step."""

import os
from collections.abc import Iterator
from functools import cache

import torch
from baseline import CLASSES, LEARNING_RATE, MOMENTUM, Images, Workload, network_of
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ceteris.networks.cost import network_cost
from ceteris.networks.shape import Shape

# Otherwise torch.compile starts a pool of processes that stay, and each takes hundreds of megabytes.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")


def make_network() -> nn.Sequential:
    """Build the baseline as everybody does."""
    return nn.Sequential(
        nn.Conv2d(3, 7, 3),
        nn.ReLU(),
        nn.Conv2d(7, 9, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(9 * 14 * 14, CLASSES),
    )


class Block(nn.Module):
    """Two convolutions, and a shortcut: the input, or every second pixel of it with channels of zeros."""

    def __init__(self, before: int, channels: int) -> None:
        super().__init__()
        self.stride, self.added = 1 if channels == before else 2, channels - before
        self.inner = nn.Sequential(
            nn.Conv2d(before, channels, 3, self.stride, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, values: Tensor) -> Tensor:
        """Add both branches."""
        shortcut = values
        if self.added:
            shortcut = nn.functional.pad(values[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return nn.functional.relu(self.inner(values).add_(shortcut), inplace=True)


def normalised(before: int, channels: int, *, pools: bool = False) -> list[nn.Module]:
    """Give a convolution, max pooling if it is wanted, batch normalisation and ReLU."""
    pool = [nn.MaxPool2d(2)] if pools else []
    return [
        nn.Conv2d(before, channels, 3, 1, 1, bias=False),
        *pool,
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    ]


def make_resnet20() -> nn.Sequential:
    """Build ResNet-20 (He et al. 2016, section 4.2)."""
    channels = [16] * 3 + [32] * 3 + [64] * 3
    blocks = [Block(before, after) for before, after in zip((16, *channels), channels, strict=False)]
    return nn.Sequential(*normalised(3, 16), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))


def make_residual() -> nn.Sequential:
    """Build the network of `studies/residual.toml`."""
    return nn.Sequential(
        *normalised(3, 24),
        *normalised(24, 48, pools=True),
        Block(48, 48),
        *normalised(48, 96, pools=True),
        *normalised(96, 192, pools=True),
        Block(192, 192),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(192, CLASSES),
    )


def made(workload: Workload) -> tuple[nn.Sequential, torch.optim.Optimizer]:
    """Build a network and its optimizer, the fused one of PyTorch."""
    if workload is Workload.BASELINE:
        network = make_network()
        return network, torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    network = make_resnet20() if workload is Workload.RESNET20 else make_residual()
    parameters, whole = sum(one.numel() for one in network.parameters()), network_of(workload)
    assert parameters == network_cost(whole, Shape(32, 32, 3), CLASSES).parameters, "another network than the study's"
    return network, torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, fused=True)


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as `torchvision.datasets.CIFAR10` gives them: a PIL image, transformed when asked for."""

    def __init__(self, images: Images, transform: transforms.Compose) -> None:
        self.data = images.pixels
        self.targets = images.labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture, target = self.data[index], self.targets[index]
        return self.transform(Image.fromarray(picture)), target


def tutorial(images: Images, batch_size: int, *, workers: int, threads: int | None = None) -> Iterator[int]:
    """Train as PyTorch's own CIFAR-10 tutorial does: a DataLoader over PIL images, the loss read at each step.

    Args:
        images: What to learn.
        batch_size: Images per minibatch.
        workers: Processes that load images.
        threads: Threads for each operation; PyTorch's choice, all cores, if nothing is said.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    transform = transforms.Compose([transforms.ToTensor()])
    loader = DataLoader(Pictures(images, transform), batch_size=batch_size, shuffle=True, num_workers=workers)
    network = make_network()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    while True:
        running_loss = 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            outputs = network(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
            yield len(labels)


def expert(
    workload: Workload, images: Images, batch_size: int, *, channels_last: bool, compiled: bool
) -> Iterator[int]:
    """Train as fast as plain PyTorch goes on one core: everything in memory, one thread, fused optimizer, no waiting.

    Args:
        workload: Which network.
        images: What to learn.
        batch_size: Images per minibatch; an incomplete one is left out, so that a compiled network keeps its shapes.
        channels_last: Whether channels are innermost in memory, for images and network.
        compiled: Whether the network goes through `torch.compile`.
    """
    torch.set_num_threads(1)
    inputs, labels = _in_memory(images, channels_last=channels_last)
    plain, optimizer = made(workload)
    if channels_last:
        plain.to(memory_format=torch.channels_last)
    network = torch.compile(plain, dynamic=False) if compiled else plain
    while True:
        order = torch.randperm(len(labels))
        for first in range(0, len(labels) - batch_size + 1, batch_size):
            chosen = order[first : first + batch_size]
            batch = inputs.index_select(0, chosen)
            optimizer.zero_grad(set_to_none=True)
            logits = network(batch.permute(0, 3, 1, 2) if channels_last else batch)
            nn.functional.cross_entropy(logits, labels.index_select(0, chosen)).backward()
            optimizer.step()
            yield batch_size


@cache
def _in_memory(images: Images, *, channels_last: bool) -> tuple[Tensor, Tensor]:
    """Give all images as floats in [0, 1], once for each layout: 123 MB."""
    values = torch.from_numpy(images.pixels.copy()).to(torch.float32).div_(255)
    if not channels_last:
        values = values.permute(0, 3, 1, 2).contiguous()
    return values, torch.from_numpy(images.labels.copy()).to(torch.int64)
