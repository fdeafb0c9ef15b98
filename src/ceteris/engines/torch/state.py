"""What changes as a run trains: the optimizer, and all tensors under the names of `RunState.arrays`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ceteris.training.training import Training


def optimizer_of(training: Training, groups: Sequence[tuple[list[nn.Parameter], float]]) -> torch.optim.Optimizer:
    """Give PyTorch's own optimizer with the settings of a training section, and with its moments made at once.

    PyTorch makes them at the first step. Zeros at step 0 mean the same, and a state then has the same arrays always.
    """
    described = training.chosen_optimizer.torch()
    settings = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    optimizer: torch.optim.Optimizer = getattr(torch.optim, described.name)(settings, **described.keywords, fused=True)
    for parameter in (parameter for parameters, _ in groups for parameter in parameters):
        state = optimizer.state[parameter]
        if described.counts_steps:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        for moment in described.moments:
            state[moment] = torch.zeros_like(parameter)
    return optimizer


@dataclass(frozen=True, kw_only=True)
class EpochSums:
    """What the epoch under way has come to; the tensors are added to in place, so that a GPU need not wait.

    Attributes:
        loss: Sum of the cross-entropy over the images seen. Shape (), float64.
        correct: Images classified correctly. Shape (), int64.
    """

    loss: Tensor
    correct: Tensor


def epoch_sums(device: torch.device) -> EpochSums:
    """Begin to sum."""
    return EpochSums(
        loss=torch.zeros((), dtype=torch.float64, device=device),
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
