"""The seam between what is asked and how it is trained: an engine trains a packed batch of runs."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import ImageKind, Split
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification


@dataclass(frozen=True, kw_only=True, order=True)
class Position:
    """How far a run has come: whole epochs done, and minibatches done in the epoch after them."""

    epoch: int = 0
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class RunState:
    """All that a run needs to go on exactly where it stopped; random numbers need no state, they are counted.

    Attributes:
        arrays: The network's weights under their names in `weights.safetensors` (for example `layers.0.weight`), and
            whatever else the engine keeps (moments, running sums), under names of the engine's own.
    """

    position: Position
    arrays: Mapping[str, NDArray[np.generic]]


def mean_loss_and_accuracy(loss: float, correct: int, images: int) -> tuple[float, float]:
    """Turn sums over images into the mean loss and the share classified correctly.

    A network that overflows on one image has diverged, and what it still gets right on others is no accuracy: both are
    not-a-number then, on every engine.

    Args:
        loss: Sum of the cross-entropies, in nats.
        correct: How many images were classified correctly.
        images: How many there are.

    Example:
        >>> mean_loss_and_accuracy(5.0, 3, 4), mean_loss_and_accuracy(math.inf, 3, 4)
        ((1.25, 0.75), (nan, nan))
    """
    return (loss / images, correct / images) if math.isfinite(loss) else (math.nan, math.nan)


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """What one epoch of one run came to; where a loss is no longer finite, neither it nor its accuracy is a number.

    Attributes:
        epoch: 1 for the first.
        training_loss: Mean cross-entropy over the epoch's training images, as they were trained on, in nats.
        training_accuracy: Share of them classified correctly at that moment, in [0, 1]; an image mixed of two
            counts as the one with the larger share.
        validation_loss: Mean cross-entropy over the validation images at the end of the epoch, in nats.
        validation_accuracy: Share of the validation images classified correctly, in [0, 1].
    """

    epoch: int
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float

    @classmethod
    def of(cls, epoch: int, training: tuple[float, float], validation: tuple[float, float]) -> Self:
        """Make it of mean loss and accuracy, as `mean_loss_and_accuracy` gives them."""
        return cls(
            epoch=epoch,
            training_loss=training[0],
            training_accuracy=training[1],
            validation_loss=validation[0],
            validation_accuracy=validation[1],
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished run leaves; where the loss is not finite, neither it nor the accuracy is a number.

    Attributes:
        probabilities: Class probabilities of the test images. Shape (images, classes), float32.
        test_loss: Mean cross-entropy over the test images, in nats.
        test_accuracy: Share of the test images classified correctly, in [0, 1].
        weights: Parameters and batch-norm statistics under PyTorch's names (`layers.0.weight`) in PyTorch's shapes.
        measured: What the engine has measured on the way, by name with its unit, for example
            `feature extraction (seconds)`; stored with the times, for it is not the same on every machine.
    """

    probabilities: NDArray[np.float32]
    test_loss: float
    test_accuracy: float
    weights: Mapping[str, NDArray[np.float32]]
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How far an engine is with what must be done once before runs can be trained.

    Attributes:
        what: What it does, for example `features of mobilenet_v2`.
    """

    what: str
    done: int
    total: int


SLICE_SECONDS = 0.25
"""About how long one call of `PackedTraining.advance` trains: short enough for a live display and a prompt Ctrl-C."""


class PackedTraining(Protocol):
    """A packed batch in training: runs that advance together and do not notice each other."""

    @property
    def position(self) -> Position:
        """Where all runs of the packed batch are."""

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second; if that ended an epoch, validate and return one record per run.

        Never crosses the end of an epoch. Where `Engine.threaded` holds, the interpreter lock is released meanwhile.
        """

    def states(self) -> tuple[RunState, ...]:
        """Copy what each run needs to go on from here, in the order of the packed batch."""

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run, after its last epoch.

        Args:
            runs: Indices of runs that end here, before the others, which go on as if nothing had happened; all runs
                if not given.

        Returns:
            What `training.scored_epoch` asks for, in the order of the indices.
        """


class SpreadTraining(ABC):
    """A packed batch that several cores may train together; how many they are changes no bit of any run."""

    @property
    @abstractmethod
    def cores(self) -> int:
        """On how many cores it trains."""

    @abstractmethod
    def spread(self, cores: int) -> None:
        """Train on so many cores from here on, or on as many of them as a minibatch has images."""


class OwnCodeTraining(ABC):
    """What a packed batch also tells if it runs code of the user's own, of which the study knows only the text."""

    is_resumable: ClassVar[bool] = True
    """Whether `states` gives what a run needs to go on; else it begins again."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """How many numbers it trains; 0 if the code does not say."""

    @abstractmethod
    def printed(self) -> str:
        """Give what the code has printed so far, the first 20,000 characters of it."""


class Engine(Protocol):
    """A way to train packed batches. Engines are values: they can be pickled and sent to another process."""

    @property
    def name(self) -> str:
        """`lanes` or `torch`; stored with every result."""

    @property
    def packed_runs(self) -> int:
        """The most runs that one packed batch may hold."""

    @property
    def threaded(self) -> bool:
        """Whether `advance` releases the interpreter lock, so packed batches run in threads; if not, in processes."""

    @property
    def arithmetic(self) -> str:
        """What decides the last bits, for example `float32, fused multiply-add`; stored with every result.

        A checkpoint is taken up only by the engine and the arithmetic that wrote it.
        """

    @property
    def facts(self) -> Mapping[str, str]:
        """What decides the speed here, for example `{"instruction set": "AVX-512"}`; stored with the times."""

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine does not support a specification; None if it does."""

    def packing_key(self, specification: Specification) -> Hashable:
        """What must be equal for two runs to share a packed batch."""

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Estimate what a packed batch of so many runs of a specification takes while it trains."""

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> PackedTraining:
        """Begin to train up to `packed_runs` runs with one key, from initial weights or from where they stopped."""


class PortableEngine(ABC):
    """An engine that is chosen for the processor that it runs on, and runs on others too."""

    @abstractmethod
    def here(self) -> Self:
        """Give the same as it is best on this machine; whoever sends it elsewhere compares `arithmetic`.

        Raises:
            EngineError: If it cannot run here.
        """


class Predictor(Protocol):
    """One trained network, ready to be shown one image after another on one core of the processor, in float32."""

    @property
    def pretrained_bytes(self) -> int:
        """Size of the file of pretrained weights that it needs besides the run's own; 0 where it needs none."""

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Go from pixels, shape (height, width, channels), to class probabilities, shape (classes,)."""


class PredictingEngine(ABC):
    """An engine that can take up a run it trained, or another engine, as one network that predicts."""

    @abstractmethod
    def predictor(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> Predictor:
        """Build the network of a finished run from `Outcome.weights`, for images of the size and scaling of a split.

        Raises:
            DataError: If pretrained weights cannot be read.
            EngineError: If PyTorch is missing.
        """


REPEATED_STEPS = 8
"""Minibatches of a run that are trained twice to see whether its seed decides all."""


class OwnCodeEngine(ABC):
    """An engine that runs code of the user's own.

    Attributes:
        repeated: What `repeats` trains twice, for example `8 steps`.
    """

    repeated: ClassVar[str]

    @abstractmethod
    def repeats(self, run: Run, split: Split) -> bool:
        """Say whether beginning to train a run twice gives the same bits: whether its seed decides all that it does."""


class CarryingEngine(ABC):
    """An engine that reads files of this machine, and brings what it needs of them along to another one."""

    @abstractmethod
    def carried(self, runs: Sequence[Run], split: Split) -> Mapping[str, Any]:
        """Give what training these runs takes of the files here, by name: arrays, which a node gets once for all."""

    @abstractmethod
    def unpacked(self, carried: Mapping[str, Any]) -> AbstractContextManager[Self]:
        """Give the engine as it is where nothing but that is there, for a `with` statement."""


Shared = TypeVar("Shared")
Result = TypeVar("Result")


class Places(ABC):
    """Several places that compute pieces of one work at a time."""

    @abstractmethod
    def cores(self) -> int:
        """How many pieces are computed at a time."""

    @abstractmethod
    def compute(
        self,
        function: Callable[[Shared, tuple[int, int]], Result],
        shared: Shared,
        pieces: Sequence[tuple[int, int]],
        *,
        needs: Requirements,
    ) -> Generator[tuple[tuple[int, int], Result], None, None]:
        """Call a function of a module for each piece, anywhere, and give what comes, in any order.

        Args:
            function: Of a module, so that it can be named elsewhere.
            shared: Its first argument, which each place gets once.
            pieces: Its second argument: from which index to which.
            needs: What a piece takes.
        """


class PreparingEngine(ABC):
    """An engine that has something to do once, for all runs together, before they are trained."""

    @abstractmethod
    def prepare(
        self, runs: Sequence[Run], split: Split, places: Places | None = None
    ) -> Generator[Preparation, None, None]:
        """Do it for every run that is to be trained, and tell how far it is; what was done before is not done again.

        Given a `places`, the work is split over them.
        """

    @abstractmethod
    def prepared_memory(self, runs: Sequence[Run], images: ImageKind) -> int:
        """Estimate the memory in bytes of what it keeps of all images for these runs."""

    @abstractmethod
    def rehearsal(self, runs: Sequence[Run], split: Split) -> Generator[Preparation, None, None]:
        """Do what `prepare` does on other images, and keep nothing, to measure how long it takes."""

    @abstractmethod
    def rehearsing(self) -> Engine:
        """Give an engine that does the same and keeps nothing, to measure how long it takes."""
