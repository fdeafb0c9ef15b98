"""A run that could not be trained: kept and shown, and tried again by the next command."""

import traceback
from dataclasses import dataclass
from pathlib import Path

from ceteris.engines.engine import Position
from ceteris.results.damage import DamagedError
from ceteris.results.sealed import seal, unseal
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class RunFailure:
    """What went wrong with a run.

    Attributes:
        run: What was to be trained.
        engine: Name of the engine that failed.
        error: Kind and text of the error, for example `MemoryError: cannot allocate 3 GB`.
        where: The calls that led to it, outermost first, as `worker.py, line 120, in train_batch`: enough for a report
            of the fault, without the folders of a machine.
        position: How far the run had come.
    """

    run: Run
    engine: str
    error: str
    where: tuple[str, ...]
    position: Position


def describe_error(error: BaseException) -> tuple[str, tuple[str, ...]]:
    """Give `error` and `where` of a `RunFailure`."""
    text = str(error).strip()
    frames = traceback.extract_tb(error.__traceback__)
    where = tuple(f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}" for frame in frames)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, where


def encode_failure(failure: RunFailure) -> bytes:
    """Write the content of `failure.json`."""
    return seal(
        {
            "digest": failure.run.digest,
            "seed": failure.run.seed,
            "engine": failure.engine,
            "error": failure.error,
            "where": list(failure.where),
            "epoch": failure.position.epoch,
            "step": failure.position.step,
        }
    )


def decode_failure(content: bytes, run: Run) -> RunFailure:
    """Read the content of `failure.json`.

    Args:
        content: All bytes of the file.
        run: The run whose folder it was found in.

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
    )
