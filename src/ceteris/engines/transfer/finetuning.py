"""One run that trains the last blocks of a pretrained network; see `ceteris.engines.engine.BankTraining`."""

# b = images of a minibatch, n = images of a set, k = classes

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ceteris.data.dataset import Split
from ceteris.engines.engine import EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.torch.batches import DeviceImages, EpochPlan, device_images, epoch_plan, minibatch
from ceteris.engines.torch.optimizer import optimizer_of
from ceteris.engines.torch.scoring import Scores
from ceteris.engines.torch.state import epoch_sums, fill, mismatch, to_arrays
from ceteris.engines.torch.training import SLICE_SECONDS, processor_threads, usable_device
from ceteris.engines.transfer.finetuned import FineTunedNetwork
from ceteris.engines.transfer.preparation import prepared
from ceteris.engines.visits import visited_places
from ceteris.errors import EngineError
from ceteris.study.backbone import BackboneNetwork
from ceteris.study.run import Run
from ceteris.study.shape import Shape

_SCORED_AT_ONCE = 64


class FineTuning:
    """One run in training, a bank of its own."""

    def __init__(
        self, *, run: Run, split: Split, weights: Path, device: str, threads: int, state: RunState | None
    ) -> None:
        network = run.specification.network
        assert isinstance(network, BackboneNetwork)
        self._choice, self._settings = network, run.specification.training
        self._seed, self._threads = run.seed, threads
        self._device = usable_device(device)
        image = Shape(*split.training.images.shape[1:])
        self._network = FineTunedNetwork(run, weights, image, split.classes).to(self._device)
        self._network.to(memory_format=torch.channels_last)
        rate = network.backbone_learning_rate or self._settings.learning_rate
        self._optimizer = optimizer_of(
            self._settings,
            [
                (list(self._network.backbone.parameters()), rate),
                (list(self._network.head.parameters()), self._settings.learning_rate),
            ],
        )
        self._training = device_images(split.training, self._device)
        self._validation = device_images(split.validation, self._device)
        self._test = device_images(split.test, self._device)
        self._places = visited_places(run, split.training.labels, classes=split.classes)
        self._sums = epoch_sums(self._device)
        self._position = Position()
        self._plan: EpochPlan | None = None
        if state is not None:
            self._restore(state, run)

    @property
    def position(self) -> Position:
        """Where the run is."""
        return self._position

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second, or one minibatch if that takes longer; validate after an epoch."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._settings.epochs, "the run is finished"
        if self._plan is None or self._plan.epoch != epoch:
            self._plan = epoch_plan(self._seed, epoch, self._places, self._settings, self._device)
        steps = -(-len(self._places) // self._settings.batch_size)
        until = time.monotonic() + SLICE_SECONDS
        with processor_threads(self._threads):
            while True:
                self._learn(self._plan, step)
                step += 1
                if step == steps:
                    return (self._end_epoch(),)
                if time.monotonic() >= until:
                    break
        self._position = Position(epoch=epoch, step=step)
        return None

    def states(self) -> tuple[RunState, ...]:
        """Copy what the run needs to go on from here; blocks that do not learn are read from their file again."""
        return (RunState(position=self._position, arrays=to_arrays(self._tensors())),)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Score the test images, once, after the last epoch."""
        assert self._position.epoch == self._settings.epochs, "the run is not finished"
        with processor_threads(self._threads):
            scores = self._score(self._test)
        weights = to_arrays(self._network.learnt())
        return (
            Outcome(
                probabilities=scores.probabilities,
                test_loss=scores.loss,
                test_accuracy=scores.accuracy,
                weights={name: array.astype(np.float32) for name, array in weights.items()},
            ),
        )

    def _learn(self, plan: EpochPlan, step: int) -> None:
        """Take one step on one minibatch."""
        size = self._settings.batch_size
        batch = minibatch(self._training, plan, step * size, size)
        logits_bk = self._network(self._prepared(batch.pixels), batch.place)
        loss = functional.cross_entropy(logits_bk, batch.labels)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._sums.loss.add_(loss.detach().to(torch.float64) * len(batch.labels))
        self._sums.correct.add_((logits_bk.detach().argmax(1) == batch.labels).sum())

    def _prepared(self, pixels: Tensor) -> Tensor:
        return prepared(pixels, self._choice.backbone, self._choice.resolution, torch.float32)

    def _end_epoch(self) -> EpochMetrics:
        epoch = self._position.epoch + 1
        training_loss, training_accuracy = mean_loss_and_accuracy(
            float(self._sums.loss), int(self._sums.correct), len(self._places)
        )
        scores = self._score(self._validation)
        self._sums = epoch_sums(self._device)
        self._position = Position(epoch=epoch)
        return EpochMetrics(
            epoch=epoch,
            training_loss=training_loss,
            training_accuracy=training_accuracy,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
        )

    @torch.no_grad()
    def _score(self, images: DeviceImages) -> Scores:
        sums, probabilities = epoch_sums(self._device), []
        for pixels, labels in zip(
            torch.split(images.pixels, _SCORED_AT_ONCE), torch.split(images.labels, _SCORED_AT_ONCE), strict=True
        ):
            logits_bk = self._network(self._prepared(pixels))
            sums.loss.add_(functional.cross_entropy(logits_bk, labels, reduction="sum").to(torch.float64))
            sums.correct.add_((logits_bk.argmax(1) == labels).sum())
            probabilities.append(logits_bk.softmax(1))
        loss, accuracy = mean_loss_and_accuracy(float(sums.loss), int(sums.correct), len(images))
        return Scores(probabilities=torch.cat(probabilities).cpu().numpy(), loss=loss, accuracy=accuracy)

    def _tensors(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = self._network.learnt()
        for name, parameter in self._network.named_parameters():
            if parameter.requires_grad:
                moments = self._optimizer.state[parameter].items()
                tensors |= {f"optimizer.{moment}.{name}": tensor for moment, tensor in moments}
        return tensors | {"epoch.loss": self._sums.loss, "epoch.correct": self._sums.correct}

    def _restore(self, state: RunState, run: Run) -> None:
        fault = mismatch(self._tensors(), state.arrays)
        if fault is not None:
            raise EngineError(
                f"variation {run.variation!r}, seed {run.seed}: the state to go on from {fault}, "
                "so the fine-tuning engine did not leave it for this run. Delete its checkpoint to begin it again."
            )
        fill(self._tensors(), state.arrays)
        self._position = state.position
