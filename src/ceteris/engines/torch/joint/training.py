"""Runs of a packed batch that take every step together; see `ceteris.engines.engine.PackedTraining`."""

# r = runs of a packed batch, p = parameters of a run

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ceteris.datasets.dataset import Split
from ceteris.engines.best_epoch import BestEpoch, scored_weights
from ceteris.engines.engine import SLICE_SECONDS, EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.streams import initial_weights, sampled_indices
from ceteris.engines.torch.batches import has_float64
from ceteris.engines.torch.joint.arrays import Arrays, as_tensor
from ceteris.engines.torch.joint.sums import LossSums
from ceteris.engines.torch.training import processor_threads
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


class JointTraining(ABC):
    """Where the runs are, what they sum up over an epoch, and the best epoch of each; a subclass has their networks."""

    def __init__(self, *, runs: Sequence[Run], split: Split, device: torch.device, threads: int) -> None:
        self._runs, self._device, self._threads = tuple(runs), device, threads
        self._settings = runs[0].specification.training
        self._image, self._classes = Shape(*split.training.images.shape[1:]), split.classes
        trainings = [run.specification.training for run in runs]
        self._clip_norms = np.array([[one.clip_norm] for one in trainings])
        self._decays = np.array([[one.average_decay] for one in trainings])
        self._places = [sampled_indices(run, split.training.labels, classes=split.classes) for run in runs]
        self._position = Position()
        self._drawn: int | None = None
        self._factors = torch.ones(0, 0)

    @abstractmethod
    def _draw(self, epoch: int) -> None:
        """Draw in which order an epoch has the images of each run, and how it changes them."""

    @abstractmethod
    def _learn(self, epoch: int, step: int) -> None:
        """Take one step on one minibatch of every run."""

    @abstractmethod
    def _validated(self) -> Sequence[tuple[float, float]]:
        """Give the mean loss and the accuracy of each run on the validation images."""

    @abstractmethod
    def _scored(self, index: int) -> Arrays:
        """Copy what is scored of the run with an index: its weights, or their average."""

    @abstractmethod
    def _remembered(self, index: int) -> Arrays:
        """Copy the weights of the run with an index, their average, and what its optimizer remembers."""

    @abstractmethod
    def _tested(self, weights: Sequence[Arrays], runs: Sequence[int]) -> tuple[Outcome, ...]:
        """Score the test images with such weights of runs."""

    def _take_up(self, states: Sequence[RunState] | None) -> Sequence[Arrays]:
        """Give the arrays of each run: its initial weights, or those of a state, all of one position."""
        arrays: Sequence[Arrays]
        if states is None:
            image, classes = self._image, self._classes
            arrays = [initial_weights(run.specification.network, image, classes, run.seed) for run in self._runs]
            self._begin_sums()
        else:
            (self._position,) = {state.position for state in states}
            arrays = [state.arrays for state in states]
            losses = np.array([own["epoch.loss"].item() for own in arrays])
            self._begin_sums(losses, np.array([own["epoch.correct"].item() for own in arrays]))
        known = arrays if states else [None] * len(arrays)
        self._best = [BestEpoch.of(run, own) for run, own in zip(self._runs, known, strict=True)]
        return arrays

    def _begin_sums(self, losses: NDArray[np.float64] | None = None, correct: NDArray[np.int64] | None = None) -> None:
        losses = np.zeros(len(self._runs)) if losses is None else losses
        self._losses = LossSums(losses, self._device, has_float64=has_float64(self._device))
        correct = np.zeros(len(self._runs), np.int64) if correct is None else correct
        self._correct = torch.from_numpy(correct).to(self._device)

    @property
    def position(self) -> Position:
        """Where all runs are."""
        return self._position

    @property
    def steps_an_epoch(self) -> int:
        """Minibatches in an epoch, the last one possibly smaller."""
        return self._settings.length(len(self._places[0])).steps

    @property
    def _steps_taken(self) -> int:
        return self._position.epoch * self.steps_an_epoch + self._position.step

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second, or one minibatch if that takes longer; validate after an epoch."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._settings.epochs, "the runs are finished"
        until = time.monotonic() + SLICE_SECONDS
        with processor_threads(self._threads):
            if self._drawn != epoch:
                self._begin_epoch(epoch)
            while True:
                self._learn(epoch, step)
                step += 1
                if step == self.steps_an_epoch:
                    return self._end_epoch()
                if time.monotonic() >= until:
                    break
        self._position = Position(epoch=epoch, step=step)
        return None

    def _begin_epoch(self, epoch: int) -> None:
        length = self._settings.length(len(self._places[0]))
        schedules = [run.specification.training.chosen_schedule for run in self._runs]
        self._factors = torch.from_numpy(np.stack([one.factors(epoch, length) for one in schedules]))
        self._draw(epoch)
        self._drawn = epoch

    def _end_epoch(self) -> tuple[EpochMetrics, ...]:
        images = len(self._places[0])
        sums = zip(self._losses.values().tolist(), self._correct.tolist(), strict=True)
        trained = [mean_loss_and_accuracy(loss, correct, images) for loss, correct in sums]
        scores = self._validated()
        for index, (loss, _) in enumerate(scores):
            best = self._best[index]
            if best is not None and loss < best.loss:
                self._best[index] = BestEpoch(loss=loss, weights=self._scored(index))
        self._begin_sums()
        epoch = self._position.epoch + 1
        self._position = Position(epoch=epoch)
        return tuple(EpochMetrics.of(epoch, own, score) for own, score in zip(trained, scores, strict=True))

    def states(self) -> tuple[RunState, ...]:
        """Copy what each run needs to go on from here: the same arrays as of a run that is trained alone."""
        losses, correct = self._losses.values(), self._correct.cpu().numpy()
        return tuple(
            RunState(
                position=self._position,
                arrays={
                    **self._remembered(index),
                    "epoch.loss": np.array(losses[index]),
                    "epoch.correct": np.array(correct[index]),
                    **(best.arrays if best else {}),
                },
            )
            for index, best in enumerate(self._best)
        )

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run; see `PackedTraining.outcomes`."""
        chosen = range(len(self._runs)) if runs is None else runs
        if not chosen:
            return ()
        with processor_threads(self._threads):
            return self._tested([scored_weights(self._best[index], self._scored(index)) for index in chosen], chosen)

    def _clip(self, gradient_rp: Tensor) -> None:
        if not self._clip_norms.any():
            return
        bounds_r1 = as_tensor(self._clip_norms, gradient_rp)
        shares = bounds_r1 / (gradient_rp.norm(dim=1, keepdim=True) + 1e-6)
        gradient_rp *= torch.where(bounds_r1 > 0, shares.clamp(max=1), 1)
