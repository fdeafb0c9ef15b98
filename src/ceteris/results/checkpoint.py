"""`checkpoint.safetensors`: all that an unfinished run needs to go on exactly where it stopped."""

import hashlib
import json
import math
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ceteris.checksummed import FORMAT, DamagedError, LaterFormatError, finite
from ceteris.engines.engine import EpochMetrics, Position, RunState
from ceteris.results.epochs import METRICS, EpochRecord
from ceteris.study.run import Run

_KEY = "ceteris"
_UNSEALED = b"0" * 64
_LENGTH_BYTES = 8  # A safetensors file begins with the length of its header, as a little-endian 64-bit number.


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where a run stopped.

    Attributes:
        arithmetic: As that engine said it; another arithmetic would not continue with the same bits.
        seconds: Time on one core spent in the epoch after them.
    """

    run: Run
    engine: str
    arithmetic: str
    state: RunState
    epochs: tuple[EpochRecord, ...]
    seconds: float


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Write the content of `checkpoint.safetensors`, with a SHA-256 of all of it in its header."""
    facts = {
        "format": FORMAT,
        "digest": checkpoint.run.digest,
        "engine": checkpoint.engine,
        "arithmetic": checkpoint.arithmetic,
        "epoch": checkpoint.state.position.epoch,
        "step": checkpoint.state.position.step,
        "seconds": checkpoint.seconds,
        "epochs": [_encode_epoch(epoch) for epoch in checkpoint.epochs],
        "sha256": _UNSEALED.decode(),
    }
    arrays = {name: np.asarray(array, order="C") for name, array in checkpoint.state.arrays.items()}
    content = safetensors.numpy.save(arrays, {_KEY: json.dumps(facts)})
    digest = hashlib.sha256(content).hexdigest().encode()
    place = content.index(_UNSEALED)
    return content[:place] + digest + content[place + len(digest) :]


def decode_checkpoint(content: bytes, run: Run) -> Checkpoint:
    """Read the content of the `checkpoint.safetensors` that was found in the folder of a run.

    Raises:
        DamagedError: If a single bit differs from what was written, or it is of another run.
        LaterFormatError: If a later version of ceteris wrote it.
    """
    facts = _verified_facts(content)
    if facts["format"] > FORMAT:
        raise LaterFormatError(facts["format"], FORMAT)
    if facts["digest"] != run.digest:
        raise DamagedError(f"is of another run, with digest {facts['digest'][:8]}")
    return Checkpoint(
        run=run,
        engine=facts["engine"],
        arithmetic=facts["arithmetic"],
        state=RunState(
            position=Position(epoch=facts["epoch"], step=facts["step"]),
            arrays=safetensors.numpy.load(content),
        ),
        epochs=tuple(_decode_epoch(row) for row in facts["epochs"]),
        seconds=facts["seconds"],
    )


def _verified_facts(content: bytes) -> dict[str, Any]:
    header_end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    try:
        header = json.loads(content[_LENGTH_BYTES:header_end])
        facts: dict[str, Any] = json.loads(header["__metadata__"][_KEY])
        digest = facts["sha256"].encode("ascii")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError("is cut short, or was not written by ceteris") from None
    unsealed = content.replace(digest, _UNSEALED, 1) if len(digest) == len(_UNSEALED) else b""
    if hashlib.sha256(unsealed).hexdigest().encode() != digest:
        raise DamagedError("was changed after it was written: its SHA-256 does not match")
    return facts


def _encode_epoch(epoch: EpochRecord) -> list[float | int | None]:
    number, *scores = astuple(epoch.metrics)
    return [number, *map(finite, scores), epoch.seconds, epoch.packed_batch_runs]


def _decode_epoch(row: list[Any]) -> EpochRecord:
    number, *scores, seconds, packed_batch_runs = row
    values = (number, *(math.nan if score is None else score for score in scores))
    metrics = EpochMetrics(**dict(zip(METRICS, values, strict=True)))
    return EpochRecord(metrics=metrics, seconds=seconds, packed_batch_runs=packed_batch_runs)
