"""Heads of many runs as one: every product of a minibatch is one batched product over all runs."""

# r = runs of a packed batch, b = images of a minibatch, n = images of a set, f = values into a layer, k = its neurons

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ceteris.engines.streams import stream_key
from ceteris.engines.torch.network import BatchPosition, minibatch_words
from ceteris.networks.activation import modules_of
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Module
from ceteris.networks.placed import PlacedLayer, placed_layers
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


class _Part(ABC):
    """A layer of all heads."""

    def arrays(self, rows_rp: Tensor) -> dict[str, Tensor]:
        """Find its arrays in rows of parameters, by name; their first axis is the run."""
        return {}

    @abstractmethod
    def forward(self, rows_rp: Tensor, values_rbf: Tensor, place: BatchPosition) -> tuple[Tensor, Tensor]:
        """Give what comes out in training, and what is needed of it on the way back."""

    @abstractmethod
    def backward(
        self, rows_rp: Tensor, back_rbk: Tensor, kept: Tensor, values_rbf: Tensor, out_rp: Tensor, *, is_first: bool
    ) -> Tensor:
        """Write the gradient of the arrays into rows, and give that of what went in, which the first layer may skip."""

    def score(self, row_p: Tensor, values_nf: Tensor) -> Tensor:
        """Give what one run, the only row, makes of features; nothing is dropped."""
        return values_nf


@dataclass(frozen=True, kw_only=True)
class _DensePart(_Part):
    """A dense layer: where its weights and biases stand in a row of parameters."""

    name: str
    start: int
    neurons: int
    inputs: int
    activation: nn.Module | None

    def arrays(self, rows_rp: Tensor) -> dict[str, Tensor]:
        middle = self.start + self.neurons * self.inputs
        weights = rows_rp[:, self.start : middle].view(-1, self.neurons, self.inputs)
        return {f"{self.name}.weight": weights, f"{self.name}.bias": rows_rp[:, middle : middle + self.neurons]}

    def forward(self, rows_rp: Tensor, values_rbf: Tensor, place: BatchPosition) -> tuple[Tensor, Tensor]:
        weights, biases = self.arrays(rows_rp).values()
        sums = torch.baddbmm(biases[:, None], values_rbf, weights.transpose(1, 2))
        return _activated(sums, self.activation), sums

    def backward(
        self, rows_rp: Tensor, back_rbk: Tensor, kept: Tensor, values_rbf: Tensor, out_rp: Tensor, *, is_first: bool
    ) -> Tensor:
        back_rbk = _through(back_rbk, kept, self.activation)
        weights, biases = self.arrays(out_rp).values()
        weights.copy_(torch.bmm(back_rbk.transpose(1, 2), values_rbf))
        biases.copy_(back_rbk.sum(1))
        return back_rbk if is_first else torch.bmm(back_rbk, self.arrays(rows_rp)[f"{self.name}.weight"])

    def score(self, row_p: Tensor, values_nf: Tensor) -> Tensor:
        weights, biases = self.arrays(row_p).values()
        return _activated(torch.addmm(biases[0], values_nf, weights[0].T), self.activation)


@dataclass(frozen=True, kw_only=True)
class _DropoutPart(_Part):
    """Dropout, of each run with its own probability and its own stream."""

    keys: tuple[tuple[int, int], ...]
    thresholds: Tensor
    scales: Tensor

    def forward(self, rows_rp: Tensor, values_rbf: Tensor, place: BatchPosition) -> tuple[Tensor, Tensor]:
        words_rbf = torch.stack([minibatch_words(key, place, values_rbf.shape[-1]) for key in self.keys])
        mask = (words_rbf >= self.thresholds).to(torch.float32) * self.scales
        return values_rbf * mask, mask

    def backward(
        self, rows_rp: Tensor, back_rbk: Tensor, kept: Tensor, values_rbf: Tensor, out_rp: Tensor, *, is_first: bool
    ) -> Tensor:
        return back_rbk * kept


@dataclass(frozen=True, kw_only=True)
class StackedHead:
    """The shape of the heads of a packed batch; parameters are rows of one tensor, a row per run."""

    parts: tuple[_Part, ...]
    parameters: int

    def rows(self, arrays: Sequence[Mapping[str, NDArray[np.generic]]], prefix: str = "") -> Tensor:
        """Line up the arrays of each run, as `initial_weights` names them. Shape (r, parameters), float32."""
        rows = torch.zeros(len(arrays), self.parameters)
        for part in self.parts:
            for name, tensor in part.arrays(rows).items():
                tensor.copy_(torch.from_numpy(np.stack([np.asarray(one[prefix + name], np.float32) for one in arrays])))
        return rows

    def arrays(self, rows_rp: Tensor, run: int, prefix: str = "") -> dict[str, NDArray[np.float32]]:
        """Copy one run's arrays out of the rows."""
        row = rows_rp[run : run + 1].cpu()
        found = (part.arrays(row).items() for part in self.parts)
        return {f"{prefix}{name}": tensor[0].numpy().copy() for arrays in found for name, tensor in arrays}

    def gradients(
        self,
        rows_rp: Tensor,
        inputs_rbf: Tensor,
        labels_rb: Tensor,
        place: BatchPosition,
        out: Tensor,
        *,
        smoothing_r: Tensor,
    ) -> Tensor:
        """Go forward through a minibatch of every run and back, and write the gradient of the mean loss.

        Args:
            rows_rp: Parameters.
            inputs_rbf: Features of each run's own images.
            labels_rb: Their classes, int64.
            place: Where the images stand in the epoch, which decides the dropout.
            out: Where the gradient goes. Shape (r, parameters).
            smoothing_r: Share of each label that is spread over all classes.

        Returns:
            Logits. Shape (r, b, classes).
        """
        values, saved = inputs_rbf, []
        for part in self.parts:
            result, kept = part.forward(rows_rp, values, place)
            saved.append((kept, values))
            values = result
        back = values.softmax(2)
        smoothing_r11 = smoothing_r[:, None, None]
        back -= smoothing_r11 / back.shape[2]
        back.scatter_add_(2, labels_rb[:, :, None], (smoothing_r11 - 1).expand(*labels_rb.shape, 1))
        back /= labels_rb.shape[1]
        for index, (part, (kept, before)) in reversed(list(enumerate(zip(self.parts, saved, strict=True)))):
            back = part.backward(rows_rp, back, kept, before, out, is_first=index == 0)
        return values

    def logits(self, rows_rp: Tensor, features_nf: Tensor, run: int) -> Tensor:
        """Give what one run makes of features: the same bits in every packed batch. Shape (n, classes)."""
        row, values = rows_rp[run : run + 1], features_nf
        for part in self.parts:
            values = part.score(row, values)
        return values


def stacked_head(runs: Sequence[Run], classes: int, device: torch.device) -> StackedHead:
    """Lay out the heads of runs that differ only in seeds, dropout and settings of the optimizer."""
    heads = [placed_layers(run.specification.network, Shape(1, 1, 1), classes) for run in runs]
    parts: list[_Part] = []
    start = 0
    for layers in zip(*heads, strict=True):
        parts.append(_MADE[layers[0].layer.key](layers, [run.seed for run in runs], start, device))
        start += layers[0].parameter_count
    return StackedHead(parts=tuple(parts), parameters=start)


def _dense(layers: Sequence[PlacedLayer], seeds: Sequence[int], start: int, device: torch.device) -> _Part:
    del seeds, device
    placed, layer = layers[0], layers[0].layer
    assert isinstance(layer, Dense)
    return _DensePart(
        name=placed.path,
        start=start,
        neurons=layer.neurons,
        inputs=placed.before.values,
        activation=next((_function(module) for module in modules_of(layer.activation, layer.slope)), None),
    )


def _dropout(layers: Sequence[PlacedLayer], seeds: Sequence[int], start: int, device: torch.device) -> _Part:
    del start
    probabilities = [dict(placed.layer)["dropout"] for placed in layers]
    thresholds = torch.tensor([round(probability * 2**32) for probability in probabilities])
    scales = torch.tensor([1 / (1 - probability) for probability in probabilities], dtype=torch.float32)
    return _DropoutPart(
        keys=tuple(stream_key(seed, str(placed.stream)) for seed, placed in zip(seeds, layers, strict=True)),
        thresholds=thresholds.to(device)[:, None, None],
        scales=scales.to(device)[:, None, None],
    )


_MADE = {"dense": _dense, "dropout": _dropout}
"""By the key of a layer kind, what makes its part; the kinds are `HEAD_KINDS`."""


def _function(module: Module) -> nn.Module:
    kind: type[nn.Module] = getattr(nn, module.kind)
    return kind(*module.arguments, **module.keywords)


def _activated(sums: Tensor, activation: nn.Module | None) -> Tensor:
    return sums if activation is None else activation(sums)


def _through(back: Tensor, sums: Tensor, activation: nn.Module | None) -> Tensor:
    """Take a gradient back through an activation; those of the first version have the bits that they had."""
    match activation:
        case None:
            return back
        case nn.ReLU():
            return back * (sums > 0)
        case nn.LeakyReLU():
            return torch.where(sums > 0, back, activation.negative_slope * back)
        case nn.Tanh():
            return back * (1 - sums.tanh().square())
    with torch.enable_grad():
        seen = sums.detach().requires_grad_()
        (found,) = torch.autograd.grad(activation(seen), seen, back)
    return found
