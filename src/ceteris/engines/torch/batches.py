"""Tensors of a run in training: minibatches, the optimizer, and all under the names of `RunState.arrays`."""

# n = images of a set, b = images of a minibatch, c = channels, h, w = height, width

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.dlpack import from_dlpack

from ceteris.datasets.dataset import LabelledImages
from ceteris.engines.augmentation import FACTOR_OF_ONE, View, views
from ceteris.engines.streams import sampling_order
from ceteris.engines.torch.network import BatchPosition
from ceteris.networks.shape import Shape
from ceteris.training.training import Training


@dataclass(frozen=True, kw_only=True)
class DeviceImages:
    """Labelled images where the network is; on the processor they share the memory of what was read.

    Attributes:
        pixels: Shape (n, h, w, c), uint8.
        labels: Shape (n,), int64.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Minibatch:
    """Images of one step.

    Attributes:
        pixels: As they are seen. Shape (b, h, w, c), uint8.
        labels: Shape (b,), int64.
    """

    pixels: Tensor
    labels: Tensor
    place: BatchPosition


@dataclass(frozen=True, kw_only=True)
class EpochPlan:
    """How one epoch of one run samples its images.

    Attributes:
        order: Image of each place. Shape (n,), int64.
        views: Rows as `augmentation.views` gives them; None if no image changes. Shape (n, 10), int64.
    """

    epoch: int
    order: Tensor
    views: Tensor | None


def device_images(images: LabelledImages, device: torch.device) -> DeviceImages:
    """Bring labelled images to a device."""
    # from_dlpack, because from_numpy warns of arrays that are read-only; nothing here writes to them.
    return DeviceImages(
        pixels=from_dlpack(images.images).to(device),
        labels=from_dlpack(images.labels).to(device, torch.int64),
    )


def epoch_plan(
    seed: int, epoch: int, places: NDArray[np.int32], training: Training, *, image: Shape, device: torch.device
) -> EpochPlan:
    """Look up how an epoch of a run samples its images, whose indices `sampled_indices` gives."""
    rows = views(seed, epoch, len(places), training, image)
    return EpochPlan(
        epoch=epoch,
        order=torch.from_numpy(sampling_order(seed, epoch, places)).to(device, torch.int64),
        views=None if rows is None else torch.from_numpy(rows).to(device, torch.int64),
    )


def minibatch(images: DeviceImages, plan: EpochPlan, start: int, count: int) -> Minibatch:
    """Gather the images at places `start` to `start + count` of an epoch; the last minibatch may be smaller."""
    chosen = plan.order[start : start + count]
    if plan.views is None:
        pixels = images.pixels.index_select(0, chosen)
    else:
        pixels = seen(images.pixels, chosen, plan.views[start : start + count])
    positions = torch.arange(start, start + len(chosen), device=chosen.device)
    place = BatchPosition(epoch=plan.epoch, positions=positions)
    return Minibatch(pixels=pixels, labels=images.labels.index_select(0, chosen), place=place)


def pixel_table(scale: NDArray[np.float32], offset: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give grey level * scale + offset with one rounding, as a fused multiply-add does. Shape (channels, 256), float32.

    A product of a grey level and a float32 has 32 bits at most and is exact in float64; so is the sum, unless scale and
    offset differ by a factor of more than 2**20, which no scaling of images asks for.
    """
    levels = np.arange(256, dtype=np.float64)
    return (levels * scale.astype(np.float64)[:, None] + offset.astype(np.float64)[:, None]).astype(np.float32)


def scaled(pixels: Tensor, table: Tensor) -> Tensor:
    """Turn pixels, shape (b, h, w, c), uint8, into what the first layer sees, shape (b, c, h, w), in the table's type.

    In memory channels stay last, which convolutions like best.
    """
    channels = torch.arange(len(table), device=table.device, dtype=torch.int32) * 256
    values = torch.take(table, (pixels.to(torch.int32) + channels).to(torch.int64))
    return values.permute(0, 3, 1, 2)


def seen(pixels: Tensor, chosen: Tensor, views: Tensor) -> Tensor:
    """Give chosen images as they are seen; `ceteris.engines.augmentation` says how. Shape (b, h, w, c), uint8."""
    height, width = pixels.shape[1:3]
    own = dict(zip(View, views[:, :, None, None].unbind(1), strict=True))
    rows = torch.arange(height, device=pixels.device)[:, None]
    columns = torch.arange(width, device=pixels.device)
    outside = _within(rows - own[View.TOP], own[View.SIDE]) & _within(columns - own[View.LEFT], own[View.SIDE])
    rows, columns = rows + own[View.DOWN], columns + own[View.RIGHT]
    inside = _within(rows, height) & _within(columns, width) & ~outside
    across, along = 2 * columns - (width - 1), 2 * rows - (height - 1)
    columns = (own[View.COSINE] * across + own[View.SINE] * along + (width << 14)) >> 15
    rows = (own[View.COSINE] * along - own[View.SINE] * across + (height << 14)) >> 15
    inside = inside & _within(rows, height) & _within(columns, width)
    columns = torch.where(own[View.MIRRORED] == 1, width - 1 - columns, columns)
    found = pixels[chosen[:, None, None], rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    gain = (own[View.BRIGHTNESS] * own[View.CONTRAST]) >> 12
    offset = 128 * (FACTOR_OF_ONE - own[View.CONTRAST]) + FACTOR_OF_ONE // 2
    if bool((own[View.BRIGHTNESS] != FACTOR_OF_ONE).any() | (own[View.CONTRAST] != FACTOR_OF_ONE).any()):
        levels = (found.to(torch.int32) * gain[..., None].to(torch.int32) + offset[..., None].to(torch.int32)) >> 12
        found = levels.clamp(0, 255).to(torch.uint8)
    return found * inside[..., None]


def _within(places: Tensor, end: Tensor | int) -> Tensor:
    return (places >= 0) & (places < end)


def optimizer_of(training: Training, groups: Sequence[tuple[list[nn.Parameter], float]]) -> torch.optim.Optimizer:
    """Give PyTorch's own optimizer with the settings of a training section, and with its moments made at once.

    PyTorch makes most at the first step. What they begin with means the same at step 0, and a state then has the same
    arrays always.
    """
    described = training.chosen_optimizer.torch()
    settings = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    keywords = {**described.keywords, **({"fused": True} if described.is_fused else {})}
    optimizer: torch.optim.Optimizer = getattr(torch.optim, described.name)(settings, **keywords)
    for parameter in (parameter for parameters, _ in groups for parameter in parameters):
        state = optimizer.state[parameter]
        if described.counts_steps:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        for moment in described.moments:
            state[moment] = torch.full_like(parameter, described.start)
    return optimizer


@dataclass(frozen=True, kw_only=True)
class EpochSums:
    """What the epoch under way has come to; the tensors are added to in place, so that a GPU need not wait.

    Attributes:
        loss: Sum of the cross-entropy over the images seen. Shape (), float64; on the processor if the device has none.
        correct: Images classified correctly. Shape (), int64.
    """

    loss: Tensor
    correct: Tensor

    def add(self, loss: Tensor, images: int = 1) -> None:
        """Add a loss, shape (), as often as there are images."""
        self.loss.add_(loss.to(self.loss.device).to(torch.float64) * images)


def has_float64(device: torch.device) -> bool:
    """Say whether a device computes in float64; Apple's GPUs do not."""
    return device.type != "mps"


def epoch_sums(device: torch.device) -> EpochSums:
    """Begin to sum."""
    place = device if has_float64(device) else torch.device("cpu")
    return EpochSums(
        loss=torch.zeros((), dtype=torch.float64, device=place),
        correct=torch.zeros((), dtype=torch.int64, device=device),
    )


def weight_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Name parameters and batch-norm statistics as `initial_weights` does, without PyTorch's count of minibatches."""
    return {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}


def state_tensors(
    trained: Mapping[str, Tensor], network: nn.Module, optimizer: torch.optim.Optimizer, sums: EpochSums
) -> dict[str, Tensor]:
    """Name all that a run needs to go on: what it learns, `optimizer.<moment>.<parameter>`, and `epoch.<sum>`."""
    tensors = dict(trained)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            tensors |= {f"optimizer.{moment}.{name}": tensor for moment, tensor in optimizer.state[parameter].items()}
    return tensors | {"epoch.loss": sums.loss, "epoch.correct": sums.correct}


def to_arrays(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[np.generic]]:
    """Copy tensors off their device."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


def mismatch(tensors: Mapping[str, Tensor], arrays: Mapping[str, NDArray[np.generic]]) -> str | None:
    """Say in what the arrays are not a state of these tensors, or None if they are."""
    for name, tensor in tensors.items():
        if name not in arrays:
            return f"lacks the array {name!r}"
        if arrays[name].shape != tensor.shape:
            return f"has {name!r} in shape {arrays[name].shape}, expected {tuple(tensor.shape)}"
    unknown = sorted(set(arrays) - set(tensors))
    return f"has an array {unknown[0]!r} that this engine does not keep" if unknown else None


@torch.no_grad()
def fill(tensors: Mapping[str, Tensor], arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Put arrays into the tensors of the same names, in place."""
    for name, array in arrays.items():
        tensors[name].copy_(torch.from_numpy(np.array(array)))
