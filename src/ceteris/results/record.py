"""What happened to a run: its result, all that its specification and seed determine, or what went wrong."""

import hashlib
import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from ceteris.checksummed import DamagedError, finite, seal, unseal
from ceteris.engines.engine import EpochMetrics, Outcome, Position
from ceteris.networks.cost import network_cost
from ceteris.networks.shape import Shape
from ceteris.study.run import Run
from ceteris.usercode.load import OwnCodeError


class Status(StrEnum):
    """What is in the folder of a run."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    MISSING = "missing"
    DAMAGED = "damaged"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class RunFailure:
    """What went wrong with a run.

    Attributes:
        error: Kind and text of the error, for example `MemoryError: cannot allocate 3 GB`.
        trace: Of code of the user's own, the traceback as Python writes it.
        where: The calls that led to it, outermost first, as `worker.py, line 120, in train_batch`: enough for a report
            of the fault, without the folders of a machine.
    """

    run: Run
    engine: str
    error: str
    where: tuple[str, ...]
    position: Position
    trace: str = ""


def describe_error(error: BaseException) -> tuple[str, tuple[str, ...]]:
    """Give `error` and `where` of a `RunFailure`."""
    text = str(error).strip()
    frames = traceback.extract_tb(error.__traceback__)
    where = tuple(f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}" for frame in frames)
    if isinstance(error, OwnCodeError):
        return text, where  # which names the error of that code
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, where


def encode_failure(failure: RunFailure) -> bytes:
    """Write the content of `failure.json`."""
    facts = {name: getattr(failure, name) for name in ("engine", "error", "where")}
    facts |= {"trace": failure.trace} if failure.trace else {}
    return seal({**facts, **asdict(failure.position), "digest": failure.run.digest, "seed": failure.run.seed})


def decode_failure(content: bytes, run: Run) -> RunFailure:
    """Read the content of the `failure.json` that was found in the folder of a run.

    Raises:
        DamagedError: If it is not as it was written, or belongs to another run.
    """
    facts = unseal(content)
    if facts["digest"] != run.digest:
        raise DamagedError(f"is of another run, with digest {facts['digest'][:8]}")
    return RunFailure(
        run=run,
        engine=facts["engine"],
        error=facts["error"],
        where=tuple(facts["where"]),
        position=Position(epoch=facts["epoch"], step=facts["step"]),
        trace=facts.get("trace", ""),
    )


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The result of a run: the same, to the last bit, in whatever company and with whatever interruptions it trained.

    The study says which variation the run belongs to; it is not stored with the result, so that renaming a variation
    does not lose its runs.

    Attributes:
        arithmetic: What decides the last bits, as the engine says it.
        data_origin: What is known about the images: `official`, `modified copy` or `built in`.
        parameters: How many numbers the network learns.
        epochs: Epochs trained: up to the one that the run stopped after, and with the one that diverged, if one did.
        diverged_epoch: The first epoch whose training or validation loss was not finite, or the last one if the test
            loss after it was not; else None.
        test_accuracy: Share of the test images classified correctly, in [0, 1]; None if the run diverged.
        test_loss: Mean cross-entropy over the test images, in nats; None if the run diverged.
        best_validation_accuracy: Highest over the epochs before divergence, in [0, 1]; None if there is none.
        best_validation_epoch: The first epoch that reached it, counted from 1.
        final_validation_accuracy: After the last epoch; None if the run diverged.
        predictions_sha256: Of `predictions.npy`; None if the run diverged: it was not scored.
        weights_sha256: Of `weights.safetensors`; None if the run diverged.
        scored_epoch: The epoch whose network was scored and kept, where the study asks for the best one; else None: the
            last.
    """

    run: Run
    engine: str
    arithmetic: str
    data_origin: str
    parameters: int
    epochs: int
    diverged_epoch: int | None
    test_accuracy: float | None
    test_loss: float | None
    best_validation_accuracy: float | None
    best_validation_epoch: int | None
    final_validation_accuracy: float | None
    predictions_sha256: str | None
    weights_sha256: str | None
    scored_epoch: int | None = None

    @property
    def status(self) -> Status:
        """Finished or diverged."""
        return Status.FINISHED if self.diverged_epoch is None else Status.DIVERGED


@dataclass(frozen=True, kw_only=True)
class Result:
    """A record with the two arrays that belong to it.

    Attributes:
        record: What is in `result.json`.
        predictions: Content of `predictions.npy`; None if the run diverged.
        weights: Content of `weights.safetensors`; None if the run diverged.
    """

    record: RunRecord
    predictions: bytes | None
    weights: bytes | None


def diverged_epoch(epochs: Sequence[EpochMetrics]) -> int | None:
    """Give the first epoch whose training or validation loss is not finite, or None.

    Example:
        >>> calm = EpochMetrics(
        ...     epoch=1, training_loss=2.0, training_accuracy=0.3, validation_loss=1.9, validation_accuracy=0.3
        ... )
        >>> diverged_epoch([calm]) is None
        True
    """
    for metrics in epochs:
        if not (math.isfinite(metrics.training_loss) and math.isfinite(metrics.validation_loss)):
            return metrics.epoch
    return None


def conclude(  # noqa: PLR0913 - all that is known of a run
    run: Run,
    epochs: Sequence[EpochMetrics],
    outcome: Outcome | None,
    *,
    engine: str,
    arithmetic: str,
    data_origin: str,
    image: Shape,
    classes: int,
    parameters: int | None = None,
) -> Result:
    """Sum up a run that has trained all its epochs, or diverged.

    Of code of the user's own, the number of `parameters` is what that says; 0 if it says none.

    A network that overflows on a test image has diverged, though the validation images did not show it: an accuracy of
    the others would not be one of this test set.
    """
    diverged = diverged_epoch(epochs)
    assert (outcome is None) == (diverged is not None), "scored, or diverged"
    if outcome is not None and not math.isfinite(outcome.test_loss):
        outcome, diverged = None, epochs[-1].epoch
    sound = [metrics for metrics in epochs if diverged is None or metrics.epoch < diverged]
    # max gives the first of equals.
    best = max(sound, key=lambda metrics: metrics.validation_accuracy, default=None)
    stopping, losses = run.specification.training.stopping, [metrics.validation_loss for metrics in sound]
    is_chosen = outcome is not None and stopping.scored_epoch == "best"
    if parameters is None:
        parameters = network_cost(run.specification.network, image, classes).trainable
    predictions = None if outcome is None else encode_array(half_precision(outcome.probabilities))
    weights = None if outcome is None else encode_weights(outcome.weights)
    record = RunRecord(
        run=run,
        engine=engine,
        arithmetic=arithmetic,
        data_origin=data_origin,
        parameters=parameters,
        epochs=len(sound) if diverged is None else diverged,
        diverged_epoch=diverged,
        test_accuracy=None if outcome is None else finite(outcome.test_accuracy),
        test_loss=None if outcome is None else finite(outcome.test_loss),
        best_validation_accuracy=None if best is None else finite(best.validation_accuracy),
        best_validation_epoch=None if best is None else best.epoch,
        final_validation_accuracy=None if diverged is not None else finite(sound[-1].validation_accuracy),
        predictions_sha256=None if predictions is None else hashlib.sha256(predictions).hexdigest(),
        weights_sha256=None if weights is None else hashlib.sha256(weights).hexdigest(),
        scored_epoch=stopping.scored(losses) if is_chosen else None,
    )
    return Result(record=record, predictions=predictions, weights=weights)


_PLAIN = tuple(field.name for field in fields(RunRecord) if field.name != "run")
_LATER = {"scored_epoch"}  # which version 0.1 did not write, and which stays unwritten where it is None


def encode_record(record: RunRecord) -> bytes:
    """Write the content of `result.json`."""
    facts: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    facts = {name: value for name, value in facts.items() if not (name in _LATER and value is None)}
    facts |= {
        "status": record.status.value,
        "digest": record.run.digest,
        "seed": record.run.seed,
        "data_digest": record.run.data_digest,
        "specification": record.run.specification.written,
    }
    return seal(facts)


def decode_record(content: bytes, run: Run) -> RunRecord:
    """Read the content of the `result.json` that was found in the folder of a run.

    Raises:
        DamagedError: If it is not as it was written, or is the result of another run.
    """
    facts = unseal(content)
    if facts["digest"] != run.digest:
        raise DamagedError(f"is the result of another run, with digest {facts['digest'][:8]}")
    facts = {**dict.fromkeys(_LATER), **facts}
    return RunRecord(run=run, **{name: facts[name] for name in _PLAIN})


def encode_array(array: NDArray[np.generic]) -> bytes:
    """Write an array as the content of an npy file."""
    buffer = BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def decode_array(content: bytes) -> NDArray[Any]:
    """Read the content of an npy file, in the shape and numbers that were written."""
    array: NDArray[Any] = np.load(BytesIO(content), allow_pickle=False)
    return array


def half_precision(probabilities: NDArray[np.float32]) -> NDArray[np.float16]:
    """Give class probabilities as they are stored, in float16; shape (images, classes), in [0, 1].

    Half precision keeps three digits of each probability, which is finer than any comparison of predictions needs, and
    takes 200 kB for 10,000 images of 10 classes.
    """
    return np.asarray(probabilities, np.float16)


def encode_weights(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Write weights as the content of a safetensors file; the same weights give the same bytes."""
    return safetensors.numpy.save({name: np.asarray(array, np.float32, order="C") for name, array in weights.items()})


def decode_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the content of `weights.safetensors`: parameters and batch-norm statistics, PyTorch's names and shapes."""
    return safetensors.numpy.load(content)
