"""What a stacked optimizer remembers of one run, under the names that PyTorch's own has for it."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.engines.average import average_arrays
from ceteris.engines.best_epoch import without_best
from ceteris.engines.torch.batches import mismatch
from ceteris.engines.torch.joint.arrays import Arrays, as_tensor, named_rows
from ceteris.engines.torch.joint.optimizer import StackedOptimizer
from ceteris.networks.layer import Array
from ceteris.study.run import Run

_FIRST = frozenset({"exp_avg", "momentum_buffer"})
"""Moments that `StackedOptimizer.first` holds; `second` holds the others."""


def optimizer_arrays(
    optimizer: StackedOptimizer, run: Run, arrays: Mapping[str, Array], index: int
) -> dict[str, NDArray[np.generic]]:
    """Name what an optimizer remembers of the run with an index, as `torch.batches.state_tensors` does."""
    described = run.specification.training.chosen_optimizer.torch()
    named: dict[str, NDArray[np.generic]] = {}
    for moment in described.moments:
        for name, tensor in named_rows(arrays, _rows_of(optimizer, moment)).items():
            named[f"optimizer.{moment}.{name}"] = tensor[index].cpu().numpy().copy()
    if described.counts_steps:
        trained = [name for name, array in arrays.items() if array.is_trained]
        named |= {f"optimizer.step.{name}": np.array(optimizer.steps, np.float32) for name in trained}
    return named


def restored_optimizer(
    optimizer: StackedOptimizer, runs: Sequence[Run], arrays: Mapping[str, Array], values: Sequence[Arrays]
) -> None:
    """Put back what `optimizer_arrays` found, in place; a run that keeps no moment has zeros there."""
    for index, (run, own) in enumerate(zip(runs, values, strict=True)):
        for moment in run.specification.training.chosen_optimizer.torch().moments:
            for name, tensor in named_rows(arrays, _rows_of(optimizer, moment)).items():
                tensor[index] = as_tensor(own[f"optimizer.{moment}.{name}"], tensor)


def state_fault(values: Arrays, arrays: Mapping[str, Array], run: Run) -> str | None:
    """Say in what arrays are not a state of this run, or None if they are."""
    training = run.specification.training
    described = training.chosen_optimizer.torch()
    shapes = {name: array.shape for name, array in arrays.items()}
    expected = dict(shapes)
    if training.average_decay:
        expected |= average_arrays(shapes)
    for name, array in arrays.items():
        if array.is_trained:
            expected |= {f"optimizer.{moment}.{name}": array.shape for moment in described.moments}
            expected |= {f"optimizer.step.{name}": ()} if described.counts_steps else {}
    expected |= {"epoch.loss": (), "epoch.correct": ()}
    return mismatch({name: torch.empty(shape, device="meta") for name, shape in expected.items()}, without_best(values))


def _rows_of(optimizer: StackedOptimizer, moment: str) -> Tensor:
    return optimizer.first if moment in _FIRST else optimizer.second
