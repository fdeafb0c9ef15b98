"""Many runs of one shape in training at once with PyTorch; see `ceteris.engines.engine.PackedTraining`."""

# r = runs, b = images of a minibatch, c = channels, h, w = height, width, k = classes, p = parameters of a run

import time
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
from ceteris.engines.best_epoch import BestEpoch, scored_weights
from ceteris.engines.engine import SLICE_SECONDS, EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.streams import initial_weights, sampled_indices
from ceteris.engines.torch.batches import DeviceImages, device_images, has_float64, pixel_table, scaled
from ceteris.engines.torch.stacked.arrays import StackedArrays, as_tensor
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
from ceteris.engines.torch.stacked.optimizer import StackedOptimizer, stacked_optimizer
from ceteris.engines.torch.stacked.state import optimizer_arrays, restored_optimizer, state_fault
from ceteris.engines.torch.stacked.sums import LossSums
from ceteris.engines.torch.training import VALUES_AT_ONCE, processor_threads, usable_device
from ceteris.errors import DeviceMemoryError, EngineError
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
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


class StackedTraining:
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
        self._runs, self._threads, self._classes = tuple(runs), threads, split.classes
        self._device = usable_device(device)
        free = free_memory(self._device)
        if len(runs) > 1 and free is not None and needed > free:
            raise DeviceMemoryError(shortage(runs, self._device, needed))
        self._training, self._validation, self._test = (
            device_images(images, self._device) for images in (split.training, split.validation, split.test)
        )
        dtype = torch.float64 if precision == "float64" else torch.float32
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(self._device, dtype)
        self._image = Shape(*split.training.images.shape[1:])
        self._networks = [_layered(run) for run in runs]
        layers = tuple(every_layer(self._networks[0], self._image, split.classes))
        self._widest = max(self._image.values, *(layer.after.values for layer in layers))
        self._arrays = {name: array for layer in layers if not layer.branches for name, array in layer.arrays.items()}
        self._network = self._built(range(len(runs)))
        self._settings = runs[0].specification.training
        self._forward: StackedNetwork | CompiledNetwork = self._network
        if compiled:
            self._forward = CompiledNetwork(self._network, self._settings.batch_size, self._device)
        self._loss = self._settings.chosen_loss
        self._minimises_score = (self._loss.function, dict(self._loss.keywords)) == ("cross_entropy", {})
        trainings = [run.specification.training for run in runs]
        self._clip_norms = np.array([[one.clip_norm] for one in trainings])
        self._decays = np.array([[one.average_decay] for one in trainings])
        labels = split.training.labels
        self._places = [sampled_indices(run, labels, classes=split.classes) for run in runs]
        self._plan: StackedPlan | None = None
        self._factors = torch.ones(0, 0)
        self._in_memory(lambda: self._begin(states))

    def _begin(self, states: Sequence[RunState] | None) -> None:
        arrays: list[Mapping[str, NDArray[np.generic]]]
        if states is None:
            arrays = [
                initial_weights(network, self._image, self._classes, run.seed)
                for network, run in zip(self._networks, self._runs, strict=True)
            ]
        else:
            arrays = [state.arrays for state in states]
            self._check(arrays)
        self._stack = StackedArrays.of(self._arrays, arrays, self._table)
        self._average = None
        if self._decays.any():
            self._average = StackedArrays.of(self._arrays, [with_average(own) for own in arrays], self._table)
        self._best = [BestEpoch.of(run, own if states else None) for run, own in zip(self._runs, arrays, strict=True)]
        self._optimizer: StackedOptimizer = stacked_optimizer(self._runs, self._stack.rows)
        self._position = Position() if states is None else states[0].position
        losses, correct = np.zeros(len(arrays)), np.zeros(len(arrays), np.int64)
        if states is not None:
            assert len({state.position for state in states}) == 1
            self._optimizer.steps = self._position.epoch * self._steps_an_epoch + self._position.step
            restored_optimizer(self._optimizer, self._runs, self._arrays, arrays)
            losses = np.array([float(own["epoch.loss"]) for own in arrays])
            correct = np.array([int(own["epoch.correct"]) for own in arrays])
        self._sum(losses, correct)

    def _sum(self, losses: NDArray[np.float64], correct: NDArray[np.int64]) -> None:
        self._losses = LossSums(losses, self._device, has_float64=has_float64(self._device))
        self._correct = torch.from_numpy(correct).to(self._device)

    @property
    def position(self) -> Position:
        """Where all runs are."""
        return self._position

    @property
    def _steps_an_epoch(self) -> int:
        return self._settings.length(len(self._places[0])).steps

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second, or one minibatch if that takes longer; validate after an epoch."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._settings.epochs, "the runs are finished"
        return self._in_memory(lambda: self._advance(epoch, step))

    def _advance(self, epoch: int, step: int) -> tuple[EpochMetrics, ...] | None:
        until = time.monotonic() + SLICE_SECONDS
        with processor_threads(self._threads):
            if self._plan is None or self._plan.epoch != epoch:
                length = self._settings.length(len(self._places[0]))
                schedules = [run.specification.training.chosen_schedule for run in self._runs]
                self._factors = torch.from_numpy(np.stack([one.factors(epoch, length) for one in schedules]))
                self._plan = stacked_plan(self._runs, epoch, self._places, self._image, self._device)
            while True:
                self._learn(self._plan, step)
                step += 1
                if step == self._steps_an_epoch:
                    return self._end_epoch()
                if time.monotonic() >= until:
                    break
        self._position = Position(epoch=epoch, step=step)
        return None

    def states(self) -> tuple[RunState, ...]:
        """Copy what each run needs to go on from here: the same arrays as of a run that is trained alone."""
        losses, correct = self._losses.values(), self._correct.cpu().numpy()
        return tuple(
            RunState(
                position=self._position,
                arrays={
                    **self._stack.of_run(index),
                    **optimizer_arrays(self._optimizer, run, self._arrays, index),
                    "epoch.loss": np.array(losses[index]),
                    "epoch.correct": np.array(correct[index]),
                    **(average_arrays(self._average.of_run(index)) if self._average and self._decays[index] else {}),
                    **(best.arrays if (best := self._best[index]) else {}),
                },
            )
            for index, run in enumerate(self._runs)
        )

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run; see `PackedTraining.outcomes`."""
        chosen = range(len(self._runs)) if runs is None else runs
        if not chosen:
            return ()
        return self._in_memory(lambda: self._outcomes(chosen))

    def _outcomes(self, chosen: Sequence[int]) -> tuple[Outcome, ...]:
        weights = [scored_weights(self._best[index], self._scored.of_run(index)) for index in chosen]
        with processor_threads(self._threads):
            stack = StackedArrays.of(self._arrays, weights, self._table)
            found = self._score(self._test, stack, self._built(chosen))
        return tuple(
            Outcome(
                probabilities=probabilities,
                test_loss=loss,
                test_accuracy=accuracy,
                weights={name: _single(array) for name, array in own.items()},
            )
            for probabilities, (loss, accuracy), own in zip(found.probabilities, found.scores, weights, strict=True)
        )

    @property
    def _scored(self) -> StackedArrays:
        return self._average or self._stack

    def _built(self, chosen: Sequence[int]) -> StackedNetwork:
        return StackedNetwork(
            [self._networks[index] for index in chosen],
            self._image,
            self._classes,
            [self._runs[index].seed for index in chosen],
            self._device,
        )

    def _learn(self, plan: StackedPlan, step: int) -> None:
        """Take one step on one minibatch of every run."""
        size = self._settings.batch_size
        batch = stacked_minibatch(self._training, plan, step * size, size)
        labels_br = batch.labels
        mixed = stacked_mixture(self._runs, plan.epoch, step * size, len(labels_br), self._image, self._table)
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
            self._follow(begins=(plan.epoch, step) == (0, 0))
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

    def _clip(self, gradient_rp: Tensor) -> None:
        if not self._clip_norms.any():
            return
        bounds_r1 = as_tensor(self._clip_norms, gradient_rp)
        shares = bounds_r1 / (gradient_rp.norm(dim=1, keepdim=True) + 1e-6)
        gradient_rp *= torch.where(bounds_r1 > 0, shares.clamp(max=1), 1)

    def _follow(self, *, begins: bool) -> None:
        """Let the averages follow a step; the first step begins them."""
        if self._average is not None:
            shares = np.ones_like(self._decays) if begins else 1 - self._decays
            self._average.follow(self._stack, as_tensor(shares, self._table))

    def _end_epoch(self) -> tuple[EpochMetrics, ...]:
        images = len(self._places[0])
        sums = zip(self._losses.values().tolist(), self._correct.tolist(), strict=True)
        trained = [mean_loss_and_accuracy(loss, correct, images) for loss, correct in sums]
        scores = self._score(self._validation, self._scored, self._network).scores
        self._position = Position(epoch=self._position.epoch + 1)
        for index, (loss, _) in enumerate(scores):
            best = self._best[index]
            if best is not None and loss < best.loss:
                self._best[index] = BestEpoch(loss=loss, weights=self._scored.of_run(index))
        self._sum(np.zeros(len(self._runs)), np.zeros(len(self._runs), np.int64))
        epoch = self._position.epoch
        return tuple(EpochMetrics.of(epoch, own, score) for own, score in zip(trained, scores, strict=True))

    @torch.no_grad()
    def _score(self, images: DeviceImages, stack: StackedArrays, network: StackedNetwork) -> StackedScores:
        arrays, runs = stack.tensors, len(stack.rows)
        losses = LossSums(np.zeros(runs), self._device, has_float64=has_float64(self._device))
        correct = torch.zeros(runs, dtype=torch.int64, device=self._device)
        probabilities = []
        at_once = max(1, VALUES_AT_ONCE // (self._widest * runs))
        for pixels, labels in zip(*(torch.split(one, at_once) for one in (images.pixels, images.labels)), strict=True):
            inputs = scaled(pixels, self._table).contiguous()
            logits_brk = network(inputs[:, None].expand(-1, runs, -1, -1, -1).contiguous(), arrays)
            labels_br = labels[:, None].expand(-1, runs)
            each = functional.cross_entropy(logits_brk.flatten(0, 1), labels_br.flatten(), reduction="none")
            losses.add(each.view(labels_br.shape).sum(0))
            correct += (logits_brk.argmax(2) == labels_br).sum(0)
            probabilities.append(logits_brk.softmax(2).to(torch.float32).cpu())
        sums = zip(losses.values().tolist(), correct.tolist(), strict=True)
        scores = tuple(mean_loss_and_accuracy(loss, right, len(images)) for loss, right in sums)
        return StackedScores(probabilities=torch.cat(probabilities).transpose(0, 1).contiguous().numpy(), scores=scores)

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

    def _check(self, arrays: Sequence[Mapping[str, NDArray[np.generic]]]) -> None:
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
