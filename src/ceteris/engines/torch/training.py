"""One run in training with PyTorch: it advances, gives its state, and leaves its outcome; and layers that predict."""

# b = images of a minibatch, k = classes

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ceteris.datasets.dataset import Split
from ceteris.engines.average import average_arrays
from ceteris.engines.best_epoch import BestEpoch, scored_weights, without_best
from ceteris.engines.engine import SLICE_SECONDS, EpochMetrics, Outcome, Position, RunState, mean_loss_and_accuracy
from ceteris.engines.streams import initial_weights, sampled_indices
from ceteris.engines.torch.batches import (
    DeviceImages,
    EpochPlan,
    device_images,
    epoch_plan,
    epoch_sums,
    fill,
    has_float64,
    minibatch,
    mismatch,
    optimizer_of,
    pixel_table,
    scaled,
    state_tensors,
    to_arrays,
    weight_tensors,
)
from ceteris.engines.torch.mirrored import scored_logits
from ceteris.engines.torch.mixing import Mixture, mixture
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.errors import EngineError
from ceteris.networks.network import Network
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class ScoredImages:
    """What a network makes of labelled images; loss and accuracy are not-a-number where the loss is not finite.

    Attributes:
        probabilities: Shape (images, k), float32.
    """

    probabilities: NDArray[np.float32]
    loss: float
    accuracy: float


@torch.no_grad()
def score(
    network: nn.Module, images: DeviceImages, inputs: Callable[[Tensor], Tensor], *, at_once: int, flip: bool = False
) -> ScoredImages:
    """Score a network in evaluation mode, some images at once, and put it back into the mode it was in.

    `inputs` turns pixels, uint8, into what the network sees, which gives logits, shape (b, k). With `flip` an image's
    class probabilities are averaged with those of its mirror image.
    """
    was_training = network.training
    network.eval()
    sums, probabilities = epoch_sums(images.labels.device), []
    for pixels, labels in zip(torch.split(images.pixels, at_once), torch.split(images.labels, at_once), strict=True):
        logits_bk = scored_logits(network, pixels, inputs, flip=flip)
        sums.add(functional.cross_entropy(logits_bk, labels, reduction="sum"))
        sums.correct.add_((logits_bk.argmax(1) == labels).sum())
        probabilities.append(logits_bk.softmax(1).to(torch.float32))
    network.train(was_training)
    loss, accuracy = mean_loss_and_accuracy(float(sums.loss), int(sums.correct), len(images))
    return ScoredImages(probabilities=torch.cat(probabilities).cpu().numpy(), loss=loss, accuracy=accuracy)


class TorchTraining(ABC):
    """One run in training, a packed batch of its own; see `ceteris.engines.engine.PackedTraining`.

    What kind of network learns is a subclass's business: it makes the network, says what that sees of an image, and
    which tensors it leaves.
    """

    def __init__(
        self,
        *,
        run: Run,
        split: Split,
        device: torch.device,
        threads: int,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        at_once: int,
    ) -> None:
        """Begin at the network's present weights.

        The network gives logits, shape (b, k), of inputs and their place in training; of inputs alone in scoring.
        """
        self._settings, self._seed, self._threads = run.specification.training, run.seed, threads
        self._loss, self._schedule = self._settings.chosen_loss, self._settings.chosen_schedule
        self._minimises_score = (self._loss.function, dict(self._loss.keywords)) == ("cross_entropy", {})
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self._device, self._network, self._optimizer, self._at_once = device, network, optimizer, at_once
        self._training = device_images(split.training, device)
        self._validation = device_images(split.validation, device)
        self._test = device_images(split.test, device)
        self._places = sampled_indices(run, split.training.labels, classes=split.classes)
        self._sums = epoch_sums(device)
        self._position = Position()
        self._plan: EpochPlan | None = None
        self._factors = np.ones(0)
        self._best = BestEpoch.of(run, None)
        # The first step begins the average.
        is_averaged = self._settings.average_decay > 0
        self._average = {name: torch.zeros_like(one) for name, one in self._trained().items()} if is_averaged else {}

    @abstractmethod
    def _inputs(self, pixels: Tensor) -> Tensor:
        """Turn pixels, uint8, into what the network sees."""

    @abstractmethod
    def _trained(self) -> dict[str, Tensor]:
        """Name the tensors that change in training, as in `weights.safetensors`."""

    @property
    def position(self) -> Position:
        """Where the run is."""
        return self._position

    def advance(self, *, seconds: float | None = None) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second, or one minibatch if that takes longer; validate after an epoch."""
        epoch, step = self._position.epoch, self._position.step
        assert epoch < self._settings.epochs, "the run is finished"
        if self._plan is None or self._plan.epoch != epoch:
            self._factors = self._schedule.factors(epoch, self._settings.length(len(self._places)))
            image = Shape(*self._training.pixels.shape[1:])
            self._plan = epoch_plan(self._seed, epoch, self._places, self._settings, image=image, device=self._device)
        until = time.monotonic() + (SLICE_SECONDS if seconds is None else seconds)
        with processor_threads(self._threads):
            while True:
                self._learn(self._plan, step)
                step += 1
                if step == self._steps_an_epoch:
                    return (self._end_epoch(),)
                if time.monotonic() >= until:
                    break
        self._position = Position(epoch=epoch, step=step)
        return None

    @property
    def _steps_an_epoch(self) -> int:
        return self._settings.length(len(self._places)).steps

    def states(self) -> tuple[RunState, ...]:
        """Copy what the run needs to go on from here."""
        best = {} if self._best is None else self._best.arrays
        return (RunState(position=self._position, arrays=to_arrays(self._tensors()) | best),)

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once; see `PackedTraining.outcomes`."""
        if runs is not None and not runs:
            return ()
        weights = scored_weights(self._best, self._scored())
        with processor_threads(self._threads):
            scores = self._score(self._test, weights)
        return (
            Outcome(
                probabilities=scores.probabilities,
                test_loss=scores.loss,
                test_accuracy=scores.accuracy,
                weights={name: np.asarray(array, np.float32) for name, array in weights.items()},
            ),
        )

    def _learn(self, plan: EpochPlan, step: int) -> None:
        """Take one step on one minibatch."""
        size = self._settings.batch_size
        batch = minibatch(self._training, plan, step * size, size)
        pixels, labels = batch.pixels, batch.labels
        image = Shape(*pixels.shape[1:])
        mixed = mixture(self._seed, plan.epoch, step * size, len(labels), self._settings, image)
        inputs = self._inputs(pixels) if mixed is None else mixed.blended(self._inputs(mixed.pasted(pixels)))
        logits_bk = self._network(inputs, batch.place)
        loss = _of_labels(partial(self._minimised, logits_bk), labels, mixed)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * float(self._factors[step])
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        if self._settings.clip_norm:
            parameters = [one for group in self._optimizer.param_groups for one in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self._settings.clip_norm)
        self._optimizer.step()
        self._follow(begins=(plan.epoch, step) == (0, 0))
        logits_bk, score = logits_bk.detach(), loss.detach()
        if not self._minimises_score:
            score = _of_labels(partial(functional.cross_entropy, logits_bk), labels, mixed)
        self._sums.add(score, len(labels))
        right = labels if mixed is None else mixed.larger(labels)
        self._sums.correct.add_((logits_bk.argmax(1) == right).sum())

    @torch.no_grad()
    def _follow(self, *, begins: bool) -> None:
        """Let the average follow a step."""
        trained = self._trained() if self._average else {}
        for name, average in self._average.items():
            if begins or not average.is_floating_point():  # what a module counts has no average
                average.copy_(trained[name])
            else:
                average.lerp_(trained[name], 1 - self._settings.average_decay)

    def _scored(self) -> dict[str, NDArray[np.generic]]:
        """Copy what is scored: the weights, or their average."""
        return to_arrays(self._average or self._trained())

    def _minimised(self, logits_bk: Tensor, labels: Tensor) -> Tensor:
        loss: Tensor = getattr(functional, self._loss.function)(logits_bk, labels, **self._loss.keywords)
        return loss

    def _end_epoch(self) -> EpochMetrics:
        training = mean_loss_and_accuracy(float(self._sums.loss), int(self._sums.correct), len(self._places))
        scored = self._scored()
        scores = self._score(self._validation, scored)
        if self._best is not None and scores.loss < self._best.loss:
            self._best = BestEpoch(loss=scores.loss, weights=scored)
        self._sums = epoch_sums(self._device)
        self._position = Position(epoch=self._position.epoch + 1)
        return EpochMetrics.of(self._position.epoch, training, (scores.loss, scores.accuracy))

    def _score(self, images: DeviceImages, weights: Mapping[str, NDArray[np.generic]]) -> ScoredImages:
        """Score with these weights in place of the present ones."""
        present = to_arrays(self._trained())
        fill(self._trained(), weights)
        flip = self._settings.test_time_flip
        scores = score(self._network, images, self._inputs, at_once=self._at_once, flip=flip)
        fill(self._trained(), present)
        return scores

    def _tensors(self) -> dict[str, Tensor]:
        tensors = state_tensors(self._trained(), self._network, self._optimizer, self._sums)
        return tensors | average_arrays(self._average)

    def _restore(self, state: RunState, run: Run) -> None:
        own = without_best(state.arrays)
        fault = mismatch(self._tensors(), own)
        if fault is not None:
            raise EngineError(
                f"variation {run.variation!r}, seed {run.seed}: the state to go on from {fault}, "
                "so this engine did not leave it for this run. Delete the run's checkpoint to begin it again."
            )
        fill(self._tensors(), own)
        self._best = BestEpoch.of(run, state.arrays)
        self._position = state.position


def _of_labels(loss: Callable[[Tensor], Tensor], labels: Tensor, mixed: Mixture | None) -> Tensor:
    return loss(labels) if mixed is None else mixed.loss(loss, labels)


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
        torch.zeros((), dtype=torch.float64 if has_float64(device) else torch.float32, device=device).item()
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
    # OpenMP keeps this number for each thread of the program, so packed batches side by side do not disturb each other.
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# b = images of a batch, always 1, h, w, c = height, width, channels, k = classes


VALUES_AT_ONCE = 2**22
"""Values that the widest layer may hold while scoring: 16 MiB in float32, so that scoring needs less than training."""


class ScaledTraining(TorchTraining):
    """One run of a network that sees the scaled pixels of whole images; a subclass builds the network."""

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
        """Begin at initial weights, or where the run stopped."""
        place, dtype = usable_device(device), torch.float64 if precision == "float64" else torch.float32
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(place, dtype)
        network, at_once = self._built(run, split, place, dtype)
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        settings = run.specification.training
        super().__init__(
            run=run,
            split=split,
            device=place,
            threads=threads,
            network=network,
            optimizer=optimizer_of(settings, [(trained, settings.learning_rate)]),
            at_once=at_once,
        )
        if state is not None:
            self._restore(state, run)

    @abstractmethod
    def _built(self, run: Run, split: Split, place: torch.device, dtype: torch.dtype) -> tuple[nn.Module, int]:
        """Give the network with its initial weights, and how many images it may score at once."""

    def _inputs(self, pixels: Tensor) -> Tensor:
        return scaled(pixels, self._table)


class LayeredTraining(ScaledTraining):
    """One run whose network is the study's layers."""

    def _built(self, run: Run, split: Split, place: torch.device, dtype: torch.dtype) -> tuple[nn.Module, int]:
        choice, image = run.specification.network, Shape(*split.training.images.shape[1:])
        assert isinstance(choice, Network), "the PyTorch engine has said that it cannot train this"
        layers = every_layer(choice, image, split.classes)
        network = LayeredNetwork(choice, image, split.classes, run.seed).to(place, dtype)
        fill(weight_tensors(network), initial_weights(choice, image, split.classes, run.seed))
        widest = max(image.values, *(layer.after.values for layer in layers))
        return network, max(1, VALUES_AT_ONCE // widest)

    def _trained(self) -> dict[str, Tensor]:
        return weight_tensors(self._network)


class LayeredPredictor:
    """Layers with the weights of a run; see `ceteris.engines.engine.Predictor`."""

    pretrained_bytes = 0

    def __init__(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> None:
        choice, image = run.specification.network, Shape(*split.training.images.shape[1:])
        assert isinstance(choice, Network), "the PyTorch engine has said that it knows no backbone"
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(torch.float32)
        self._network = LayeredNetwork(choice, image, split.classes, run.seed)
        with torch.no_grad():
            for name, tensor in weight_tensors(self._network).items():
                tensor.copy_(torch.from_numpy(weights[name]))
        self._network.eval()
        self._flip = run.specification.training.test_time_flip

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Go from pixels, shape (h, w, c), to class probabilities, shape (k,), on one core."""
        with processor_threads(1), torch.inference_mode():
            pixels_bhwc = torch.from_numpy(image[None].copy())
            logits_bk = scored_logits(
                self._network, pixels_bhwc, lambda pixels: scaled(pixels, self._table), flip=self._flip
            )
            probabilities: NDArray[np.float32] = logits_bk.softmax(1)[0].numpy()
            return probabilities
