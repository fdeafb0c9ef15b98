"""Heads in training on the features of a frozen backbone; see `ceteris.engines.engine.PackedTraining`."""

# r = runs of a packed batch, b = images of a minibatch, n = images of a set, f = features

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.dlpack import from_dlpack

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.average import PREFIX, with_average
from ceteris.engines.best_epoch import BestEpoch, scored_weights
from ceteris.engines.engine import SLICE_SECONDS, EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.streams import initial_weights, sampled_indices, sampling_order, shifts
from ceteris.engines.torch.network import BatchPosition
from ceteris.engines.torch.stacked.optimizer import StackedOptimizer, stacked_optimizer
from ceteris.engines.transfer.extraction import FeatureSource
from ceteris.engines.transfer.head import StackedHead, stacked_head
from ceteris.networks.shape import Shape
from ceteris.study.run import Run

_PROCESSOR = torch.device("cpu")


class HeadTraining:
    """Heads in training on one core: with one thread a run's products have the same bits in any packed batch."""

    def __init__(
        self, *, runs: Sequence[Run], split: Split, features: FeatureSource, states: Sequence[RunState] | None
    ) -> None:
        self._runs, self._settings = tuple(runs), runs[0].specification.training
        self._head: StackedHead = stacked_head(runs, split.classes, _PROCESSOR)
        self._features = {
            "training": features.get(split.training),
            "validation": features.get(split.validation),
            "test": features.get(split.test),
        }
        if self._settings.flip:
            self._features["mirrored"] = features.get(split.training, mirrored=True)
        self._tensors = {name: from_dlpack(features.values) for name, features in self._features.items()}
        self._labels = {
            "training": _labels(split.training),
            "validation": _labels(split.validation),
            "test": _labels(split.test),
        }
        labels = split.training.labels
        self._places = [sampled_indices(run, labels, classes=split.classes) for run in runs]
        at_once = len(runs) * min(self._settings.batch_size, len(self._places[0]))
        self._gathered = torch.empty(at_once, self._tensors["training"].shape[1])
        self._position = Position()
        self._epoch: tuple[int, Tensor, Tensor | None] | None = None
        self._factors = torch.ones(0, 0)
        self._loss = torch.zeros(len(runs), dtype=torch.float64)
        self._correct = torch.zeros(len(runs), dtype=torch.int64)
        self._best = [BestEpoch.of(run, None) for run in runs]
        trainings = [run.specification.training for run in runs]
        self._smoothing = torch.tensor([one.chosen_loss.keywords.get("label_smoothing", 0.0) for one in trainings])
        self._clip_norms = torch.tensor([[one.clip_norm] for one in trainings])
        self._decays = torch.tensor([[one.average_decay] for one in trainings])
        if states is None:
            image = Shape(*split.training.images.shape[1:])
            drawn = [initial_weights(run.specification.network, image, split.classes, run.seed) for run in runs]
            self._begin(self._head.rows(drawn))
            self._average = self._rows.clone()
        else:
            self._restore(states)
        self._gradient = torch.zeros_like(self._rows)

    @property
    def position(self) -> Position:
        """Where all runs of the packed batch are."""
        return self._position

    @property
    def steps_an_epoch(self) -> int:
        """Minibatches in an epoch, the last one possibly smaller."""
        return self._settings.length(len(self._places[0])).steps

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second; at the end of an epoch, validate and return its records."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._settings.epochs, "the runs are finished"
        torch.set_num_threads(1)  # of this thread of the program alone
        order, mirrored = self._sampling(epoch)
        until = time.monotonic() + SLICE_SECONDS
        with torch.inference_mode():
            while True:
                self._learn(order, mirrored, epoch, step)
                step += 1
                if step == self.steps_an_epoch:
                    return self._end_epoch()
                if time.monotonic() >= until:
                    break
        self._position = Position(epoch=epoch, step=step)
        return None

    def states(self) -> tuple[RunState, ...]:
        """Copy what each run needs to go on from here."""
        return tuple(
            RunState(
                position=self._position,
                arrays={
                    **self._head.arrays(self._rows, run),
                    **(self._head.arrays(self._average, run, PREFIX) if self._decays[run] else {}),
                    **self._head.arrays(self._optimizer.first, run, "first_moments."),
                    **self._head.arrays(self._optimizer.second, run, "second_moments."),
                    "epoch.loss": self._loss[run : run + 1].numpy().copy(),
                    "epoch.correct": self._correct[run : run + 1].numpy().copy(),
                    **(best.arrays if (best := self._best[run]) else {}),
                },
            )
            for run in range(len(self._runs))
        )

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run; see `PackedTraining.outcomes`."""
        torch.set_num_threads(1)
        return tuple(self._outcome(run) for run in (range(len(self._runs)) if runs is None else runs))

    @property
    def _scored(self) -> Tensor:
        """The rows that are scored: the parameters, or their average."""
        return self._average if self._decays.any() else self._rows

    def _sampling(self, epoch: int) -> tuple[Tensor, Tensor | None]:
        """Look up which image each place of an epoch has, and whether it is mirrored. Shapes (r, n)."""
        if self._epoch is None or self._epoch[0] != epoch:
            seeds = [run.seed for run in self._runs]
            orders = [sampling_order(seed, epoch, places) for seed, places in zip(seeds, self._places, strict=True)]
            mirrored = None
            if self._settings.flip:
                rows = [shifts(seed, epoch, len(self._places[0]), flip=True, crop=0)[:, 0] for seed in seeds]
                mirrored = torch.from_numpy(np.stack(rows)).bool()
            length = self._settings.length(len(self._places[0]))
            schedules = [run.specification.training.chosen_schedule for run in self._runs]
            self._factors = torch.from_numpy(np.stack([one.factors(epoch, length) for one in schedules]))
            self._epoch = (epoch, torch.from_numpy(np.stack(orders)).long(), mirrored)
        return self._epoch[1], self._epoch[2]

    def _learn(self, order_rn: Tensor, mirrored_rn: Tensor | None, epoch: int, step: int) -> None:
        """Take one step on one minibatch of every run."""
        size = self._settings.batch_size
        chosen_rb = order_rn[:, step * size : (step + 1) * size]
        flat = chosen_rb.flatten()
        features = torch.index_select(self._tensors["training"], 0, flat, out=self._gathered[: len(flat)])
        if mirrored_rn is not None:
            swapped = mirrored_rn[:, step * size : (step + 1) * size].flatten()
            features[swapped] = self._tensors["mirrored"].index_select(0, flat[swapped])
        labels_rb = self._labels["training"][chosen_rb]
        place = BatchPosition(epoch=epoch, positions=torch.arange(step * size, step * size + chosen_rb.shape[1]))
        inputs_rbf = features.view(*chosen_rb.shape, -1)
        logits = self._head.gradients(
            self._rows, inputs_rbf, labels_rb, place, self._gradient, smoothing_r=self._smoothing
        )
        if self._clip_norms.any():
            shares = self._clip_norms / (self._gradient.norm(dim=1, keepdim=True) + 1e-6)
            self._gradient *= torch.where(self._clip_norms > 0, shares.clamp(max=1), 1)
        self._optimizer.step(self._rows, self._gradient, self._factors[:, step])
        if self._decays.any():  # PyTorch's average begins with the first step
            moved = self._average.lerp(self._rows, 1 - self._decays)
            copies = (self._decays == 0) | (self._optimizer.steps == 1)
            self._average = torch.where(copies, self._rows, moved)
        losses = logits.logsumexp(2) - logits.gather(2, labels_rb[:, :, None])[:, :, 0]
        self._loss += losses.sum(1, dtype=torch.float64)
        self._correct += (logits.argmax(2) == labels_rb).sum(1)

    def _end_epoch(self) -> tuple[EpochMetrics, ...]:
        epoch, images = self._position.epoch + 1, len(self._places[0])
        sums = zip(self._loss.tolist(), self._correct.tolist(), strict=True)
        metrics = tuple(
            EpochMetrics.of(
                epoch, mean_loss_and_accuracy(loss, correct, images), self._score("validation", self._scored, run)[1:]
            )
            for run, (loss, correct) in enumerate(sums)
        )
        for run, own in enumerate(metrics):
            if (best := self._best[run]) is not None and own.validation_loss < best.loss:
                self._best[run] = BestEpoch(loss=own.validation_loss, weights=self._head.arrays(self._scored, run))
        self._loss.zero_()
        self._correct.zero_()
        self._position = Position(epoch=epoch)
        return metrics

    def _score(self, name: str, rows: Tensor, run: int) -> tuple[Tensor, float, float]:
        logits, labels = self._head.logits(rows, self._tensors[name], run), self._labels[name]
        loss = functional.cross_entropy(logits, labels, reduction="none").sum(dtype=torch.float64)
        mean_loss, accuracy = mean_loss_and_accuracy(float(loss), int((logits.argmax(1) == labels).sum()), len(labels))
        return logits, mean_loss, accuracy

    def _outcome(self, run: int) -> Outcome:
        rows = self._head.rows([scored_weights(self._best[run], self._head.arrays(self._scored, run))])
        logits, loss, accuracy = self._score("test", rows, 0)
        return Outcome(
            probabilities=logits.softmax(1).numpy(),
            test_loss=loss,
            test_accuracy=accuracy,
            weights=self._head.arrays(rows, 0),
            measured={
                "feature extraction (seconds)": round(sum(part.seconds for part in self._features.values()), 3),
                "feature drift (relative)": max(part.precision_error for part in self._features.values()),
            },
        )

    def _begin(self, rows: Tensor) -> None:
        self._rows = rows
        self._optimizer: StackedOptimizer = stacked_optimizer(self._runs, rows)

    def _restore(self, states: Sequence[RunState]) -> None:
        assert len({state.position for state in states}) == 1
        arrays = [state.arrays for state in states]
        self._begin(self._head.rows(arrays))
        self._average = self._head.rows([with_average(one) for one in arrays])
        self._optimizer.first = self._head.rows(arrays, "first_moments.")
        self._optimizer.second = self._head.rows(arrays, "second_moments.")
        self._best = [BestEpoch.of(run, own) for run, own in zip(self._runs, arrays, strict=True)]
        self._position = states[0].position
        self._optimizer.steps = self._position.epoch * self.steps_an_epoch + self._position.step
        self._loss = torch.tensor([float(one["epoch.loss"][0]) for one in arrays], dtype=torch.float64)
        self._correct = torch.tensor([int(one["epoch.correct"][0]) for one in arrays], dtype=torch.int64)


def _labels(images: LabelledImages) -> Tensor:
    return torch.from_numpy(images.labels.astype(np.int64))
