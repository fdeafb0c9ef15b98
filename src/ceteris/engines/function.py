"""Training functions of the user's own: what they are asked, what they give, and how that is checked."""

# n = images, h and w = height and width, c = channels, k = classes

import inspect
import random
import sys
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import ImageKind, LabelledImages, Split
from ceteris.engines.engine import (
    EpochMetrics,
    Outcome,
    OwnCodeEngine,
    OwnCodeTraining,
    Position,
    RunState,
    mean_loss_and_accuracy,
)
from ceteris.engines.streams import sampled_indices, words
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.scoring import Scoring
from ceteris.training.stopping import Stopping
from ceteris.usercode.load import OwnCodeError, Printed, captured, explained, kind_of, load

_PROCESS = 800_000_000  # bytes of a worker process, PyTorch in it if the function uses that
_LEAST = 1e-7  # a probability, so that a method that is sure of a wrong class has a loss and has not diverged
_TOLERANCE = 1e-3
_TRIED_IMAGES = 256
_USUAL = {**dict(Stopping()), **dict(Scoring())}


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingRequest:
    """What a training function is asked to do. Arrays cannot be written to.

    Attributes:
        training_images: Grey levels. Shape (n, h, w, c), uint8.
        training_labels: Shape (n,), int32.
        validation_images: As those for training.
        validation_labels: Likewise.
        test_images: As those for training; their labels are not given.
        classes: How many there are.
        seed: Of the run; whatever the function draws must come from it. The generators of Python and NumPy, and that of
            PyTorch where the code imports it, are seeded from it before the function begins.
        epochs: How often the function yields.
        settings: The training section of the arm, by name; it is up to the function to follow it.
        arguments: What the study says in `train = { function = ..., arguments = { ... } }`.
        scale: What grey levels of each channel are multiplied by, as `[data] scaling` says. Shape (c,).
        offset: What is added then. Shape (c,).
    """

    training_images: NDArray[np.uint8]
    training_labels: NDArray[np.int32]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int32]
    test_images: NDArray[np.uint8]
    classes: int
    seed: int
    epochs: int
    settings: Mapping[str, Any]
    arguments: Mapping[str, Any]
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    def scaled(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give images as networks of ceteris see them. Shape (n, c, h, w), float32."""
        values = images.astype(np.float32) * self.scale + self.offset
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


_METRICS = tuple(one.name for one in fields(EpochMetrics) if one.name != "epoch")


@dataclass(frozen=True, kw_only=True)
class FunctionEngine(OwnCodeEngine):
    """Trains runs by functions of the user's own, one at a time in a process of its own."""

    name: ClassVar[str] = "own function"
    packed_runs: ClassVar[int] = 1
    threaded: ClassVar[bool] = False
    arithmetic: ClassVar[str] = "that of the user's own code"
    repeated: ClassVar[str] = f"one epoch on at most {_TRIED_IMAGES} images"

    facts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def unsupported(self, specification: Specification) -> str | None:
        """Say that there is no function, or that ceteris would have to do a part of its work."""
        if not specification.train:
            return "there is no training function"
        training = specification.training
        asked = {**dict(training.stopping), **dict(training.scoring)}
        set_here = next((name for name, value in asked.items() if value != _USUAL[name]), None)
        return f"training.{set_here} is left to the training function, which gets arguments" if set_here else None

    def packing_key(self, specification: Specification) -> Hashable:
        """Give what must be equal for two runs to share a packed batch, which holds one run here."""
        return specification

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Count a process and its images in float32; what the function takes is not known."""
        del specification, runs
        count = images.training_images + images.validation_images + images.test_images
        return Requirements(memory=_PROCESS + 5 * count * images.shape.values)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "FunctionTraining":
        """Load the function; it begins with the first epoch, and has no state that could be gone on from."""
        assert len(runs) == 1, "one run at a time"
        assert states is None, "no state was ever given"
        return FunctionTraining(runs[0], split)

    def repeats(self, run: Run, split: Split) -> bool:
        """Train an epoch on a few images twice, and compare the metrics and the probabilities."""
        training = run.specification.training.model_copy(update={"epochs": 1})
        short = replace(run, specification=run.specification.model_copy(update={"training": training}))
        few = replace(split, training=_few(split.training), validation=_few(split.validation), test=_few(split.test))
        first, second = (_trained(FunctionTraining(short, few)) for _ in range(2))
        return first == second


class FunctionTraining(OwnCodeTraining):
    """One run of a training function; see `ceteris.engines.engine.PackedTraining`."""

    is_resumable = False

    def __init__(self, run: Run, split: Split) -> None:
        choice = run.specification.train
        assert choice is not None, "the engine has said that it needs a function"
        self._choice, self._seed, self._test, self._classes = choice, run.seed, split.test, split.classes
        self._epochs = run.specification.training.epochs
        self._printed, self._position = Printed(), Position()
        with captured(self._printed):
            function = load(choice.function, choice.code)
        if not callable(function) or not inspect.isgeneratorfunction(inspect.unwrap(function)):
            raise OwnCodeError(
                f"{choice.function} is not a generator function; define it with def, yield the metrics of each epoch "
                "in it, and return the class probabilities of the test images."
            )
        self._generator: Generator[object, None, object] = function(_request(run, split))

    @property
    def position(self) -> Position:
        """Whole epochs that the function has yielded."""
        return self._position

    @property
    def parameters(self) -> int:
        """None are known: a function need not train a network."""
        return 0

    def printed(self) -> str:
        """Give what the function has printed so far."""
        return self._printed.text()

    def advance(self) -> tuple[EpochMetrics, ...]:
        """Train until the function yields: a whole epoch."""
        if self.position == Position():
            _seed_generators(self._seed)
        epoch, name = self.position.epoch + 1, self._choice.function
        try:
            with captured(self._printed), explained(self._choice.code, f"{name} fails in epoch {epoch}"):
                found = next(self._generator, _ENDED)
        finally:
            self._position = Position(epoch=epoch)
        if found is _ENDED:
            raise OwnCodeError(
                f"{name} ended after {epoch - 1} of {self._epochs} epochs; yield the metrics of each epoch, "
                "request.epochs times, before the return."
            )
        return (_metrics(found, epoch, name),)

    def states(self) -> tuple[RunState, ...]:
        """Give none: a function begins again."""
        return ()

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Let the function end, and score what it returns; see `PackedTraining.outcomes`."""
        if runs is not None and not runs:
            return ()
        name = self._choice.function
        with captured(self._printed), explained(self._choice.code, f"{name} fails after its last epoch"):
            try:
                next(self._generator)
            except StopIteration as end:
                found = end.value
            else:
                raise OwnCodeError(
                    f"{name} yields more than {self._epochs} times; yield once in each of request.epochs epochs."
                )
            probabilities_nk = _checked(found, len(self._test), self._classes, name)
        own = probabilities_nk[np.arange(len(self._test)), self._test.labels]
        loss = float(-np.log(np.maximum(own, _LEAST)).sum())
        correct = int((probabilities_nk.argmax(1) == self._test.labels).sum())
        mean, accuracy = mean_loss_and_accuracy(loss, correct, len(self._test))
        return (
            Outcome(
                probabilities=probabilities_nk.astype(np.float32), test_loss=mean, test_accuracy=accuracy, weights={}
            ),
        )


_ENDED = object()


def _request(run: Run, split: Split) -> TrainingRequest:
    choice = run.specification.train
    assert choice is not None
    chosen = sampled_indices(run, split.training.labels, classes=split.classes)
    return TrainingRequest(
        training_images=_locked(split.training.images[chosen]),
        training_labels=_locked(np.asarray(split.training.labels[chosen], np.int32)),
        validation_images=_locked(split.validation.images.view()),
        validation_labels=_locked(np.array(split.validation.labels, np.int32)),
        test_images=_locked(split.test.images.view()),
        classes=split.classes,
        seed=run.seed,
        epochs=run.specification.training.epochs,
        settings=run.specification.training.model_dump(mode="json"),
        arguments={name: list(one) if isinstance(one, tuple) else one for name, one in choice.arguments},
        scale=_locked(split.scale.copy()),
        offset=_locked(split.offset.copy()),
    )


_Kind = TypeVar("_Kind", bound=np.generic)


def _locked(array: NDArray[_Kind]) -> NDArray[_Kind]:
    array.flags.writeable = False
    return array


def _metrics(found: object, epoch: int, name: str) -> EpochMetrics:
    end = f"expected a dict with {', '.join(_METRICS)}."
    if not isinstance(found, Mapping):
        raise OwnCodeError(f"{name} yields {kind_of(found)} in epoch {epoch}, {end}")
    if wrong := [key for key in _METRICS if key not in found] + [str(key) for key in found if key not in _METRICS]:
        raise OwnCodeError(f"{name} yields a dict without or with a wrong '{wrong[0]}' in epoch {epoch}, {end}")
    try:
        numbers = {key: float(found[key]) for key in _METRICS}
    except (TypeError, ValueError):
        raise OwnCodeError(f"{name} yields what is no number in epoch {epoch}, {end}") from None
    for key in ("training_accuracy", "validation_accuracy"):
        if not 0 <= numbers[key] <= 1 and np.isfinite(numbers[key]):
            raise OwnCodeError(
                f"{name} yields {key} = {numbers[key]:g} in epoch {epoch}, expected a share from 0 to 1; divide "
                "percent by 100."
            )
    return EpochMetrics(epoch=epoch, **numbers)


def _checked(found: Any, images: int, classes: int, name: str) -> NDArray[np.float64]:
    if hasattr(found, "detach"):
        found = found.detach().cpu().numpy()
    expected = f"expected class probabilities of shape ({images}, {classes}), a row for each test image"
    try:
        array = np.asarray(found, np.float64)
    except (TypeError, ValueError):
        raise OwnCodeError(f"{name} returns {kind_of(found)}, {expected}.") from None
    if array.shape != (images, classes):
        what = "nothing" if found is None else f"shape {array.shape}"
        raise OwnCodeError(f"{name} returns {what}, {expected}.")
    if not np.isfinite(array).all():
        raise OwnCodeError(f"{name} returns what is not finite, {expected}.")
    sums = array.sum(1)
    worst = int(np.abs(sums - 1).argmax())
    if array.min() < -_TOLERANCE or abs(sums[worst] - 1) > _TOLERANCE:
        raise OwnCodeError(
            f"{name} returns numbers that are no probabilities: row {worst} adds up to {sums[worst]:.4g}, and the "
            f"smallest number is {array.min():.4g}. Logits become probabilities by softmax."
        )
    return array


def _seed_generators(seed: int) -> None:
    low, high = (int(word) for word in words(seed, "own-function", 2))
    np.random.seed(low)  # noqa: NPY002 - the generator that user code may draw from
    random.seed(high << 32 | low)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(high << 32 | low)


def _few(images: LabelledImages) -> LabelledImages:
    return replace(images, images=images.images[:_TRIED_IMAGES], labels=images.labels[:_TRIED_IMAGES])


def _trained(training: FunctionTraining) -> tuple[str, bytes]:
    metrics = training.advance()
    return repr(metrics), training.outcomes()[0].probabilities.tobytes()
