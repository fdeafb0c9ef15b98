"""Heads of many runs as one: every product of a minibatch is one batched product over all runs."""

# r = runs of a packed batch, b = images of a minibatch, n = images of a set, f = values into a layer, k = its neurons

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.engines.streams import stream_key
from ceteris.engines.torch.network import Place, minibatch_words
from ceteris.networks.activation import SLOPE, Activation
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class _DensePart:
    """A dense layer of all runs: where its weights and biases stand in a row of parameters."""

    name: str
    weight: slice
    bias: slice
    neurons: int
    inputs: int
    activation: Activation | None

    def weights(self, rows_rp: Tensor) -> Tensor:
        return rows_rp[:, self.weight].view(-1, self.neurons, self.inputs)

    def biases(self, rows_rp: Tensor) -> Tensor:
        return rows_rp[:, self.bias]


@dataclass(frozen=True, kw_only=True)
class _DropoutPart:
    """Dropout of all runs, each with its own probability and its own stream."""

    keys: tuple[tuple[int, int], ...]
    thresholds: Tensor
    scales: Tensor

    def mask(self, place: Place, values: int) -> Tensor:
        words_rbf = torch.stack([minibatch_words(key, place, values) for key in self.keys])
        return (words_rbf >= self.thresholds).to(torch.float32) * self.scales


@dataclass(frozen=True, kw_only=True)
class StackedHead:
    """The shape of a packed batch's heads; parameters are rows of one tensor, a row a run.

    Attributes:
        parts: One per layer.
        parameters: Numbers in a row.
    """

    parts: tuple[_DensePart | _DropoutPart, ...]
    parameters: int

    def rows(self, arrays: Sequence[Mapping[str, NDArray[np.generic]]], prefix: str = "") -> Tensor:
        """Line up the arrays of each run, as `initial_weights` names them. Shape (r, parameters), float32."""
        return torch.stack([torch.cat([part.ravel() for part in self._tensors(one, prefix)]) for one in arrays])

    def arrays(self, rows_rp: Tensor, run: int, prefix: str = "") -> dict[str, NDArray[np.float32]]:
        """Copy one run's arrays out of the rows."""
        row = rows_rp[run : run + 1].cpu()
        found: dict[str, NDArray[np.float32]] = {}
        for part in self._dense:
            found[f"{prefix}{part.name}.weight"] = part.weights(row)[0].numpy().copy()
            found[f"{prefix}{part.name}.bias"] = part.biases(row)[0].numpy().copy()
        return found

    def gradients(self, rows_rp: Tensor, inputs_rbf: Tensor, labels_rb: Tensor, place: Place, out: Tensor) -> Tensor:
        """Go forward through a minibatch of every run and back, and write the gradient of the mean loss.

        Args:
            rows_rp: Parameters.
            inputs_rbf: Features of each run's own images.
            labels_rb: Their classes, int64.
            place: Where the images stand in the epoch, which decides the dropout.
            out: Where the gradient goes. Shape (r, parameters).

        Returns:
            Logits. Shape (r, b, classes).
        """
        values, saved = inputs_rbf, []
        for part in self.parts:
            if isinstance(part, _DropoutPart):
                mask = part.mask(place, values.shape[-1])
                saved.append((mask, values))
                values = values * mask
            else:
                sums = torch.baddbmm(part.biases(rows_rp)[:, None], values, part.weights(rows_rp).transpose(1, 2))
                saved.append((sums, values))
                values = _activated(sums, part.activation)
        logits = values
        back = logits.softmax(2)
        back.scatter_add_(2, labels_rb[:, :, None], back.new_full((), -1.0).expand(*labels_rb.shape, 1))
        back /= labels_rb.shape[1]
        for index in reversed(range(len(self.parts))):
            part, (kept, before) = self.parts[index], saved[index]
            if isinstance(part, _DropoutPart):
                back = back * kept
                continue
            back = _through(back, kept, part.activation)
            part.weights(out).copy_(torch.bmm(back.transpose(1, 2), before))
            part.biases(out).copy_(back.sum(1))
            if index:
                back = torch.bmm(back, part.weights(rows_rp))
        return logits

    def logits(self, rows_rp: Tensor, features_nf: Tensor, run: int) -> Tensor:
        """Give what one run makes of features, without dropout; equal bits in any packed batch. Shape (n, classes)."""
        row, values = rows_rp[run : run + 1], features_nf
        for part in self._dense:
            sums = torch.addmm(part.biases(row)[0], values, part.weights(row)[0].T)
            values = _activated(sums, part.activation)
        return values

    @property
    def _dense(self) -> list[_DensePart]:
        return [part for part in self.parts if isinstance(part, _DensePart)]

    def _tensors(self, arrays: Mapping[str, NDArray[np.generic]], prefix: str) -> list[Tensor]:
        names = [f"{prefix}{part.name}.{name}" for part in self._dense for name in ("weight", "bias")]
        return [torch.from_numpy(np.array(arrays[name], np.float32)) for name in names]


def stacked_head(runs: Sequence[Run], classes: int, device: torch.device) -> StackedHead:
    """Lay out the heads of runs that differ in nothing but seeds, dropout and what the optimiser is told."""
    networks = [run.specification.network for run in runs]
    first = networks[0]
    assert isinstance(first, BackboneNetwork)
    parts: list[_DensePart | _DropoutPart] = []
    place = 0
    for index, placed in enumerate(placed_layers(first, Shape(1, 1, 1), classes)):
        layer = placed.layer
        if isinstance(layer, Dense):
            neurons, inputs = layer.neurons, placed.before.values
            middle = place + neurons * inputs
            parts.append(
                _DensePart(
                    name=placed.path,
                    weight=slice(place, middle),
                    bias=slice(middle, middle + neurons),
                    neurons=neurons,
                    inputs=inputs,
                    activation=layer.activation,
                )
            )
            place = middle + neurons
            continue
        probabilities = [_dropout(network.layers[index]) for network in networks]
        thresholds = torch.tensor([round(probability * 2**32) for probability in probabilities])
        scales = torch.tensor([1 / (1 - probability) for probability in probabilities], dtype=torch.float32)
        parts.append(
            _DropoutPart(
                keys=tuple(stream_key(run.seed, str(placed.stream)) for run in runs),
                thresholds=thresholds.to(device)[:, None, None],
                scales=scales.to(device)[:, None, None],
            )
        )
    return StackedHead(parts=tuple(parts), parameters=place)


def _dropout(layer: object) -> float:
    assert isinstance(layer, Dropout)
    return layer.dropout


def _activated(sums: Tensor, activation: Activation | None) -> Tensor:
    match activation:
        case Activation.RELU:
            return sums.relu()
        case Activation.LEAKY_RELU:
            return torch.nn.functional.leaky_relu(sums, SLOPE)
        case Activation.TANH:
            return sums.tanh()
        case None:
            return sums


def _through(back: Tensor, sums: Tensor, activation: Activation | None) -> Tensor:
    """Take a gradient back through an activation."""
    match activation:
        case Activation.RELU:
            return back * (sums > 0)
        case Activation.LEAKY_RELU:
            return torch.where(sums > 0, back, SLOPE * back)
        case Activation.TANH:
            return back * (1 - sums.tanh().square())
        case None:
            return back
