"""The arrays of many runs in stacks: parameters in rows, a row per run, which an optimizer moves; statistics beside."""

# r = runs, p = parameters of a run

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.networks.layer import Array

Arrays = Mapping[str, NDArray[np.generic]]


class StackedArrays:
    """All arrays of a network for many runs.

    Attributes:
        rows: The trained ones. Shape (r, p).
        trained: Views of the rows by name. Shapes (r, ...).
        statistics: The others by name, each with its own memory. Shapes (r, ...).
    """

    def __init__(self, arrays: Mapping[str, Array], rows: Tensor, statistics: Mapping[str, Tensor]) -> None:
        self._arrays, self.rows, self.statistics = arrays, rows, dict(statistics)
        self.trained = named_rows(arrays, rows)

    @classmethod
    def of(cls, arrays: Mapping[str, Array], values: Sequence[Arrays], like: Tensor) -> "StackedArrays":
        """Stack the arrays of runs, in the type and on the device of a tensor."""
        stacked = {name: as_tensor(np.stack([own[name] for own in values]), like) for name in arrays}
        trained = [stacked[name].flatten(1) for name, array in arrays.items() if array.is_trained]
        statistics = {name: stacked[name] for name, array in arrays.items() if not array.is_trained}
        return cls(arrays, torch.cat(trained, 1), statistics)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All of them by name."""
        every = {**self.trained, **self.statistics}
        return {name: every[name] for name in self._arrays}

    def leaves(self) -> dict[str, Tensor]:
        """Give the trained ones as what gradients are taken of."""
        return {name: tensor.detach().requires_grad_() for name, tensor in self.trained.items()}

    def clone(self) -> "StackedArrays":
        """Copy them."""
        return StackedArrays(
            self._arrays, self.rows.clone(), {name: tensor.clone() for name, tensor in self.statistics.items()}
        )

    @torch.no_grad()
    def follow(self, others: "StackedArrays", share_r1: Tensor) -> None:
        """Go a share of the way to others, in place; 1 is all of it, exactly."""
        self.rows.copy_(_towards(self.rows, others.rows, share_r1))
        for name, tensor in self.statistics.items():
            tensor.copy_(_towards(tensor, others.statistics[name], share_r1))

    def of_run(self, index: int) -> dict[str, NDArray[np.generic]]:
        """Copy the arrays of one run off their device."""
        return {name: tensor[index].cpu().numpy().copy() for name, tensor in self.tensors.items()}


def named_rows(arrays: Mapping[str, Array], rows: Tensor) -> dict[str, Tensor]:
    """Give the part of each trained array in rows, as a view. Shapes (r, ...)."""
    trained = {name: array for name, array in arrays.items() if array.is_trained}
    ends = accumulate(array.count for array in trained.values())
    return {
        name: rows[:, end - array.count : end].view(len(rows), *array.shape)
        for (name, array), end in zip(trained.items(), ends, strict=True)
    }


def as_tensor(array: NDArray[np.generic], like: Tensor) -> Tensor:
    """Copy an array to the device of a tensor, in its type first, because not every device has float64."""
    return torch.tensor(array, dtype=like.dtype).to(like.device)


def _towards(values: Tensor, others: Tensor, share_r1: Tensor) -> Tensor:
    share = share_r1.view(-1, *(1 for _ in values.shape[1:]))
    return torch.where(share == 1, others, values.lerp(others, share.expand_as(values)))
