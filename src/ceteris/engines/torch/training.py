"""One run in training with PyTorch: it advances, gives its state, and leaves its outcome."""

# b = images of a minibatch, k = classes

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from ceteris.data.dataset import Split
from ceteris.engines.engine import EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.initial import initial_weights
from ceteris.engines.torch.batches import EpochPlan, device_images, epoch_plan, minibatch, pixel_table, scaled
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.engines.torch.optimizer import make_optimizer
from ceteris.engines.torch.scoring import score
from ceteris.engines.torch.state import epoch_sums, fill, mismatch, state_tensors, to_arrays, weight_tensors
from ceteris.engines.visits import visited_places
from ceteris.errors import EngineError
from ceteris.study.backbone import BackboneNetwork
from ceteris.study.run import Run
from ceteris.study.shape import Shape, layer_shapes

SLICE_SECONDS = 0.25
"""About how long one call of `advance` trains: short enough for a live display and a prompt Ctrl-C."""


class TorchTraining:
    """One run in training, a bank of its own; see `ceteris.engines.engine.BankTraining`."""

    def __init__(
        self,
        *,
        run: Run,
        split: Split,
        device: str,
        precision: Literal["float32", "float64"],
        threads: int,
        state: RunState | None,
    ) -> None:
        self._specification, self._seed, self._threads = run.specification.training, run.seed, threads
        self._device = usable_device(device)
        dtype = torch.float64 if precision == "float64" else torch.float32
        image = Shape(*split.training.images.shape[1:])
        layers = layer_shapes(run.specification.network, image, split.classes)
        self._widest = max(image.values, *(shape.after.values for shape in layers))
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(self._device, dtype)
        self._training = device_images(split.training, self._device)
        self._validation = device_images(split.validation, self._device)
        self._test = device_images(split.test, self._device)

        self._places = visited_places(run, split.training.labels, classes=split.classes)

        layered = run.specification.network
        assert not isinstance(layered, BackboneNetwork), "the PyTorch engine has said that it cannot train this"
        network = LayeredNetwork(layered, image, split.classes, run.seed)
        self._network = network.to(self._device, dtype)
        self._optimizer = make_optimizer(self._specification, self._network)
        self._sums = epoch_sums(self._device)
        self._position = Position()
        self._plan: EpochPlan | None = None
        if state is None:
            weights = initial_weights(run.specification.network, image, split.classes, run.seed)
            fill(weight_tensors(self._network), weights)
        else:
            self._restore(state, run)

    @property
    def position(self) -> Position:
        """Where the run is."""
        return self._position

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second; at the end of an epoch, validate and return its record."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._specification.epochs, "the run is finished"
        if self._plan is None or self._plan.epoch != epoch:
            self._plan = epoch_plan(self._seed, epoch, self._places, self._specification, self._device)
        steps = -(-len(self._places) // self._specification.batch_size)
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
        """Copy what the run needs to go on from here."""
        return (RunState(position=self._position, arrays=to_arrays(self._tensors())),)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Score the test images, once, after the last epoch."""
        assert self._position.epoch == self._specification.epochs, "the run is not finished"
        with processor_threads(self._threads):
            scores = score(self._network, self._test, self._table, self._widest)
        weights = to_arrays(weight_tensors(self._network))
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
        size = self._specification.batch_size
        batch = minibatch(self._training, plan, step * size, size)
        logits_bk = self._network(scaled(batch.pixels, self._table), batch.place)
        loss = functional.cross_entropy(logits_bk, batch.labels)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._sums.loss.add_(loss.detach().to(torch.float64) * len(batch.labels))
        self._sums.correct.add_((logits_bk.detach().argmax(1) == batch.labels).sum())

    def _end_epoch(self) -> EpochMetrics:
        epoch = self._position.epoch + 1
        training_loss, training_accuracy = mean_loss_and_accuracy(
            float(self._sums.loss), int(self._sums.correct), len(self._places)
        )
        scores = score(self._network, self._validation, self._table, self._widest)
        self._sums = epoch_sums(self._device)
        self._position = Position(epoch=epoch)
        return EpochMetrics(
            epoch=epoch,
            training_loss=training_loss,
            training_accuracy=training_accuracy,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
        )

    def _tensors(self) -> dict[str, torch.Tensor]:
        return state_tensors(self._network, self._optimizer, self._sums)

    def _restore(self, state: RunState, run: Run) -> None:
        fault = mismatch(self._tensors(), state.arrays)
        if fault is not None:
            raise EngineError(
                f"variation {run.variation!r}, seed {run.seed}: the state to go on from {fault}, "
                "so the PyTorch engine did not leave it for this run. Delete the run's checkpoint to begin it again."
            )
        fill(self._tensors(), state.arrays)
        self._position = state.position


def usable_device(name: str) -> torch.device:
    """Look whether PyTorch can compute there; on a GPU, choose what repeats exactly over what is fastest."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineError(
            f"device {name!r} is not one that PyTorch knows. "
            "Choose 'cpu', 'cuda' for the first graphics processor, or 'cuda:1' for the second."
        ) from error
    try:
        torch.zeros((), dtype=torch.float64, device=device).item()
    except (RuntimeError, AssertionError, TypeError) as error:
        # PyTorch built without CUDA asserts; a device without float64, which sums need, is a TypeError.
        # What follows the first sentence is for PyTorch's own developers.
        reason = str(error).splitlines()[0].split(". ")[0].rstrip(".")
        raise EngineError(
            f"device {name!r} cannot be used on this machine: PyTorch says {reason!r}. "
            "Choose device 'cpu', or install the driver and the build of PyTorch that the device needs."
        ) from error
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
    return device


@contextmanager
def processor_threads(threads: int) -> Iterator[None]:
    """Let PyTorch's operations use so many threads meanwhile."""
    # OpenMP keeps this number for each thread of the program, so banks side by side do not disturb each other.
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
