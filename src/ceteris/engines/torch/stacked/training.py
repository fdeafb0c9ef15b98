"""Many runs of one shape in training at once with PyTorch."""

# r = runs, b = images of a minibatch, c = channels, h, w = height, width, k = classes, p = parameters of a run

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ceteris.datasets.dataset import Split
from ceteris.engines.average import average_arrays, with_average
from ceteris.engines.engine import EpochMetrics, Outcome, RunState, mean_loss_and_accuracy
from ceteris.engines.torch.batches import DeviceImages, device_images, has_float64, pixel_table, scaled
from ceteris.engines.torch.joint.arrays import Arrays, StackedArrays, as_tensor
from ceteris.engines.torch.joint.optimizer import StackedOptimizer, stacked_optimizer
from ceteris.engines.torch.joint.sums import LossSums
from ceteris.engines.torch.joint.training import JointTraining
from ceteris.engines.torch.mirrored import mean_logits
from ceteris.engines.torch.stacked.batches import (
    StackedMixture,
    StackedPlan,
    stacked_minibatch,
    stacked_mixture,
    stacked_plan,
)
from ceteris.engines.torch.stacked.compiled import CompiledNetwork
from ceteris.engines.torch.stacked.memory import free_cache, free_memory, is_out_of_memory, shortage
from ceteris.engines.torch.stacked.network import StackedNetwork
from ceteris.engines.torch.stacked.state import optimizer_arrays, restored_optimizer, state_fault
from ceteris.engines.torch.training import VALUES_AT_ONCE, usable_device
from ceteris.errors import DeviceMemoryError, EngineError
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.study.run import Run

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class StackedScores:
    """What the networks of some runs make of labelled images.

    Attributes:
        probabilities: Shape (r, images, k), float32.
        scores: Mean loss and accuracy of each run, not-a-number where the loss is not finite.
    """

    probabilities: NDArray[np.float32]
    scores: tuple[tuple[float, float], ...]


class StackedTraining(JointTraining):
    """Runs that take every step together; what one run does, no other notices but in its last bits."""

    def __init__(
        self,
        *,
        runs: Sequence[Run],
        split: Split,
        device: str,
        precision: Literal["float32", "float64"],
        threads: int,
        states: Sequence[RunState] | None,
        needed: int,
        compiled: bool = False,
    ) -> None:
        """Begin at initial weights, or where the runs stopped, all at one position.

        Several runs that by an estimate need more bytes than are free on a graphics processor are not begun.
        """
        super().__init__(runs=runs, split=split, device=usable_device(device), threads=threads)
        free = free_memory(self._device)
        if len(runs) > 1 and free is not None and needed > free:
            raise DeviceMemoryError(shortage(runs, self._device, needed))
        self._training, self._validation, self._test = (
            device_images(images, self._device) for images in (split.training, split.validation, split.test)
        )
        dtype = torch.float64 if precision == "float64" else torch.float32
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(self._device, dtype)
        self._networks = [_layered(run) for run in runs]
        layers = tuple(every_layer(self._networks[0], self._image, split.classes))
        self._widest = max(self._image.values, *(layer.after.values for layer in layers))
        self._arrays = {name: array for layer in layers if not layer.branches for name, array in layer.arrays.items()}
        self._network = self._built(range(len(runs)))
        self._forward: StackedNetwork | CompiledNetwork = self._network
        if compiled:
            self._forward = CompiledNetwork(self._network, self._settings.batch_size, self._device)
        self._loss = self._settings.chosen_loss
        self._flips = np.array([run.specification.training.test_time_flip for run in runs])
        self._minimises_score = (self._loss.function, dict(self._loss.keywords)) == ("cross_entropy", {})
        self._plan: StackedPlan | None = None
        self._in_memory(lambda: self._begin(states))

    def _begin(self, states: Sequence[RunState] | None) -> None:
        if states is not None:
            self._check([state.arrays for state in states])
        arrays = self._take_up(states)
        self._stack = StackedArrays.of(self._arrays, arrays, self._table)
        self._average = None
        if self._decays.any():
            self._average = StackedArrays.of(self._arrays, [with_average(own) for own in arrays], self._table)
        self._optimizer: StackedOptimizer = stacked_optimizer(self._runs, self._stack.rows)
        if states is not None:
            self._optimizer.steps = self._steps_taken
            restored_optimizer(self._optimizer, self._runs, self._arrays, arrays)

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train on; see `PackedTraining.advance`."""
        return self._in_memory(super().advance)

    def _draw(self, epoch: int) -> None:
        self._plan = stacked_plan(self._runs, epoch, self._places, self._image, self._device)

    def _remembered(self, index: int) -> Arrays:
        average = self._average.of_run(index) if self._average and self._decays[index] else {}
        return {
            **self._stack.of_run(index),
            **optimizer_arrays(self._optimizer, self._runs[index], self._arrays, index),
            **average_arrays(average),
        }

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run; see `PackedTraining.outcomes`."""
        return self._in_memory(lambda: super(StackedTraining, self).outcomes(runs))

    def _tested(self, weights: Sequence[Arrays], runs: Sequence[int]) -> tuple[Outcome, ...]:
        stack = StackedArrays.of(self._arrays, weights, self._table)
        found = self._score(self._test, stack, self._built(runs), self._flips[list(runs)])
        return tuple(
            Outcome(
                probabilities=probabilities,
                test_loss=loss,
                test_accuracy=accuracy,
                weights={name: _single(array) for name, array in own.items()},
            )
            for probabilities, (loss, accuracy), own in zip(found.probabilities, found.scores, weights, strict=True)
        )

    def _scored(self, index: int) -> Arrays:
        return (self._average or self._stack).of_run(index)

    def _built(self, chosen: Sequence[int]) -> StackedNetwork:
        return StackedNetwork(
            [self._networks[index] for index in chosen],
            self._image,
            self._classes,
            [self._runs[index].seed for index in chosen],
            self._device,
        )

    def _learn(self, epoch: int, step: int) -> None:
        plan, size = self._plan, self._settings.batch_size
        assert plan is not None, "an epoch was drawn"
        batch = stacked_minibatch(self._training, plan, step * size, size)
        labels_br = batch.labels
        mixed = stacked_mixture(self._runs, epoch, step * size, len(labels_br), self._image, self._table)
        inputs = self._inputs(batch.pixels if mixed is None else mixed.pasted(batch.pixels))
        leaves = self._stack.leaves()
        logits_brk = self._forward(
            inputs if mixed is None else mixed.blended(inputs), {**self._stack.statistics, **leaves}, batch.place
        )
        losses_r = _mean_losses(self._loss.function, self._loss.keywords, logits_brk, labels_br, mixed)
        gradients = torch.autograd.grad(losses_r.sum(), list(leaves.values()))
        with torch.no_grad():
            gradient_rp = torch.cat([one.flatten(1) for one in gradients], 1)
            self._clip(gradient_rp)
            self._optimizer.step(self._stack.rows, gradient_rp, self._factors[:, step])
            self._follow(begins=(epoch, step) == (0, 0))
            logits = logits_brk.detach()
            score = losses_r.detach()
            if not self._minimises_score:
                score = _mean_losses("cross_entropy", {}, logits, labels_br, mixed)
            self._losses.add(score * len(labels_br))
            right = labels_br if mixed is None else mixed.larger(labels_br)
            self._correct += (logits.argmax(2) == right).sum(0)

    def _inputs(self, pixels: Tensor) -> Tensor:
        """Turn pixels, shape (b, r, h, w, c), uint8, into what the networks see, shape (b, r, c, h, w)."""
        values = scaled(pixels.flatten(0, 1), self._table).contiguous()
        return values.view(*pixels.shape[:2], *values.shape[1:])

    def _follow(self, *, begins: bool) -> None:
        """Let the averages follow a step; the first step begins them."""
        if self._average is not None:
            shares = np.ones_like(self._decays) if begins else 1 - self._decays
            self._average.follow(self._stack, as_tensor(shares, self._table))

    def _validated(self) -> Sequence[tuple[float, float]]:
        return self._score(self._validation, self._average or self._stack, self._network, self._flips).scores

    @torch.no_grad()
    def _score(
        self, images: DeviceImages, stack: StackedArrays, network: StackedNetwork, flips_r: NDArray[np.bool_]
    ) -> StackedScores:
        arrays, runs = stack.tensors, len(stack.rows)
        losses = LossSums(np.zeros(runs), self._device, has_float64=has_float64(self._device))
        correct = torch.zeros(runs, dtype=torch.int64, device=self._device)
        probabilities = []
        at_once = max(1, VALUES_AT_ONCE // (self._widest * runs))
        for pixels, labels in zip(*(torch.split(one, at_once) for one in (images.pixels, images.labels)), strict=True):
            logits_brk = self._asked(network, arrays, pixels, flips_r)
            labels_br = labels[:, None].expand(-1, runs)
            each = functional.cross_entropy(logits_brk.flatten(0, 1), labels_br.flatten(), reduction="none")
            losses.add(each.view(labels_br.shape).sum(0))
            correct += (logits_brk.argmax(2) == labels_br).sum(0)
            probabilities.append(logits_brk.softmax(2).to(torch.float32).cpu())
        sums = zip(losses.values().tolist(), correct.tolist(), strict=True)
        scores = tuple(mean_loss_and_accuracy(loss, right, len(images)) for loss, right in sums)
        return StackedScores(probabilities=torch.cat(probabilities).transpose(0, 1).contiguous().numpy(), scores=scores)

    def _asked(
        self, network: StackedNetwork, arrays: Mapping[str, Tensor], pixels: Tensor, flips_r: NDArray[np.bool_]
    ) -> Tensor:
        """Ask every network about the same images, some about their mirror images too. Logits, shape (b, r, k)."""

        def seen(pixels: Tensor) -> Tensor:
            inputs = scaled(pixels, self._table).contiguous()
            logits_brk: Tensor = network(inputs[:, None].expand(-1, len(flips_r), -1, -1, -1).contiguous(), arrays)
            return logits_brk

        logits_brk = seen(pixels)
        if not flips_r.any():
            return logits_brk
        chosen_r1 = torch.from_numpy(flips_r[:, None]).to(self._device)
        return torch.where(chosen_r1, mean_logits(logits_brk, seen(pixels.flip(2))), logits_brk)

    def _in_memory(self, do: Callable[[], _Result]) -> _Result:
        """Do something; if memory runs out, give all of it back, and say so: nothing more can be done with this."""
        try:
            return do()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        # Out here the error is gone, and with it the tensors that its frames hold.
        device, found = self._device, shortage(self._runs, self._device)
        vars(self).clear()
        free_cache(device)
        raise DeviceMemoryError(found)

    def _check(self, arrays: Sequence[Arrays]) -> None:
        for run, own in zip(self._runs, arrays, strict=True):
            fault = state_fault(own, self._arrays, run)
            if fault is not None:
                raise EngineError(
                    f"variation {run.variation!r}, seed {run.seed}: the state to go on from {fault}, "
                    "so this engine did not leave it for this run. Delete the run's checkpoint to begin it again."
                )


def _mean_losses(
    function: str,
    keywords: Mapping[str, object],
    logits_brk: Tensor,
    labels_br: Tensor,
    mixed: StackedMixture | None,
) -> Tensor:
    """Average a loss over the minibatch of each run, with its name in `torch.nn.functional`. Shape (r,)."""

    def of(labels: Tensor) -> Tensor:
        each: Tensor = getattr(functional, function)(
            logits_brk.flatten(0, 1), labels.flatten(), reduction="none", **keywords
        )
        return each.view(labels.shape).mean(0)

    if mixed is None:
        return of(labels_br)
    return mixed.own * of(labels_br) + (1 - mixed.own) * of(mixed.partner_labels(labels_br))


def _single(array: NDArray[np.generic]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # of float64: such a run has diverged
        return np.asarray(array, np.float32)


def _layered(run: Run) -> Network:
    network = run.specification.network
    assert isinstance(network, Network), "the engine has said that it cannot train this"
    return network
