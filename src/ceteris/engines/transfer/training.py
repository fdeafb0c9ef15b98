"""Heads in training on the features of a frozen backbone."""

# r = runs of a packed batch, b = images of a minibatch, n = images of a set, f = features

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.dlpack import from_dlpack

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.average import PREFIX, with_average
from ceteris.engines.engine import EpochMetrics, Outcome, RunState, mean_loss_and_accuracy
from ceteris.engines.streams import sampling_order, shifts
from ceteris.engines.torch.joint.arrays import Arrays, as_tensor
from ceteris.engines.torch.joint.optimizer import StackedOptimizer, stacked_optimizer
from ceteris.engines.torch.joint.training import JointTraining
from ceteris.engines.torch.network import BatchPosition
from ceteris.engines.transfer.extraction import FeatureSource
from ceteris.engines.transfer.head import StackedHead, stacked_head
from ceteris.study.run import Run

_PROCESSOR = torch.device("cpu")


class HeadTraining(JointTraining):
    """Heads in training on one core: with one thread a run's products have the same bits in any packed batch."""

    def __init__(
        self, *, runs: Sequence[Run], split: Split, features: FeatureSource, states: Sequence[RunState] | None
    ) -> None:
        super().__init__(runs=runs, split=split, device=_PROCESSOR, threads=1)
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
        at_once = len(runs) * min(self._settings.batch_size, len(self._places[0]))
        self._gathered = torch.empty(at_once, self._tensors["training"].shape[1])
        trainings = [run.specification.training for run in runs]
        self._smoothing = torch.tensor([one.chosen_loss.keywords.get("label_smoothing", 0.0) for one in trainings])
        arrays = self._take_up(states)
        self._rows = self._head.rows(arrays)
        self._average = self._head.rows([with_average(one) for one in arrays])
        self._optimizer: StackedOptimizer = stacked_optimizer(self._runs, self._rows)
        if states is not None:
            self._optimizer.first = self._head.rows(arrays, "first_moments.")
            self._optimizer.second = self._head.rows(arrays, "second_moments.")
            self._optimizer.steps = self._steps_taken
        self._gradient = torch.zeros_like(self._rows)

    @torch.inference_mode()
    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train on; see `PackedTraining.advance`."""
        return super().advance()

    def _remembered(self, index: int) -> Arrays:
        head, optimizer = self._head, self._optimizer
        return {
            **head.arrays(self._rows, index),
            **(head.arrays(self._average, index, PREFIX) if self._decays[index] else {}),
            **head.arrays(optimizer.first, index, "first_moments."),
            **head.arrays(optimizer.second, index, "second_moments."),
        }

    @property
    def _scored_rows(self) -> Tensor:
        return self._average if self._decays.any() else self._rows

    def _scored(self, index: int) -> Arrays:
        return self._head.arrays(self._scored_rows, index)

    def _draw(self, epoch: int) -> None:
        """Look up which image each place of an epoch has, and whether it is mirrored. Shapes (r, n)."""
        seeds = [run.seed for run in self._runs]
        orders = [sampling_order(seed, epoch, places) for seed, places in zip(seeds, self._places, strict=True)]
        self._order_rn = torch.from_numpy(np.stack(orders)).long()
        if self._settings.flip:
            rows = [shifts(seed, epoch, len(self._places[0]), flip=True, crop=0)[:, 0] for seed in seeds]
            self._mirrored_rn = torch.from_numpy(np.stack(rows)).bool()

    def _learn(self, epoch: int, step: int) -> None:
        size = self._settings.batch_size
        chosen_rb = self._order_rn[:, step * size : (step + 1) * size]
        flat = chosen_rb.flatten()
        features = torch.index_select(self._tensors["training"], 0, flat, out=self._gathered[: len(flat)])
        if self._settings.flip:
            swapped = self._mirrored_rn[:, step * size : (step + 1) * size].flatten()
            features[swapped] = self._tensors["mirrored"].index_select(0, flat[swapped])
        labels_rb = self._labels["training"][chosen_rb]
        place = BatchPosition(epoch=epoch, positions=torch.arange(step * size, step * size + chosen_rb.shape[1]))
        inputs_rbf = features.view(*chosen_rb.shape, -1)
        logits = self._head.gradients(
            self._rows, inputs_rbf, labels_rb, place, self._gradient, smoothing_r=self._smoothing
        )
        self._clip(self._gradient)
        self._optimizer.step(self._rows, self._gradient, self._factors[:, step])
        if self._decays.any():  # PyTorch's average begins with the first step
            decays_r1 = as_tensor(self._decays, self._rows)
            moved = self._average.lerp(self._rows, 1 - decays_r1)
            copies = (decays_r1 == 0) | (self._optimizer.steps == 1)
            self._average = torch.where(copies, self._rows, moved)
        losses = logits.logsumexp(2) - logits.gather(2, labels_rb[:, :, None])[:, :, 0]
        self._losses.add(losses.sum(1, dtype=torch.float64))
        self._correct += (logits.argmax(2) == labels_rb).sum(1)

    def _validated(self) -> Sequence[tuple[float, float]]:
        return [self._score("validation", self._scored_rows, run)[1:] for run in range(len(self._runs))]

    def _score(self, name: str, rows: Tensor, run: int) -> tuple[Tensor, float, float]:
        logits, labels = self._head.logits(rows, self._tensors[name], run), self._labels[name]
        loss = functional.cross_entropy(logits, labels, reduction="none").sum(dtype=torch.float64)
        mean_loss, accuracy = mean_loss_and_accuracy(float(loss), int((logits.argmax(1) == labels).sum()), len(labels))
        return logits, mean_loss, accuracy

    def _tested(self, weights: Sequence[Arrays], runs: Sequence[int]) -> tuple[Outcome, ...]:
        return tuple(self._outcome(self._head.rows([own])) for own in weights)

    def _outcome(self, rows: Tensor) -> Outcome:
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


def _labels(images: LabelledImages) -> Tensor:
    return torch.from_numpy(images.labels.astype(np.int64))
