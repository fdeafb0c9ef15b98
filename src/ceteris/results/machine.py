"""`machine.json`: when and on what a run was trained; nothing in it decides the result, and nothing names a person."""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ceteris.checksummed import seal, unseal
from ceteris.resources import processor_fact

# What `Machine.measured` calls the time that a trained network takes for one image; see `execution/prediction_time.py`.
MEDIAN, TIMED_IMAGES = "prediction (milliseconds)", "prediction (images)"
FIRST_QUARTILE = "prediction, first quartile (milliseconds)"
THIRD_QUARTILE = "prediction, third quartile (milliseconds)"
PRETRAINED_BYTES = "pretrained weights (bytes)"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The circumstances of a run.

    Attributes:
        finished: When its result was written, in UTC, ISO 8601.
        training_seconds: Time on one core that its packed batches trained and validated, over all resumptions: of all
            runs in them together; see `TrainingTime` for the share of this run.
        engine: What the engine says of itself here, for example its instruction set or device.
        epochs_sha256: Of `epochs.csv`.
        measured: What else was measured, by name with its unit: by the engine, for example `feature extraction
            (seconds)`, work done once for all runs, which `training_seconds` leaves out; or of the trained network
            afterwards, on the same host, for example `prediction (milliseconds)`.
    """

    finished: str
    training_seconds: float
    versions: Mapping[str, str]
    host: Mapping[str, str | int]
    engine: Mapping[str, str]
    epochs_sha256: str
    measured: Mapping[str, float] = field(default_factory=dict)


def describe_machine(
    *, training_seconds: float, engine: Mapping[str, str], epochs: bytes, measured: Mapping[str, float] | None = None
) -> Machine:
    """Say what this process runs on, now."""
    return Machine(
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        training_seconds=round(training_seconds, 3),
        versions={name: _version(name) for name in ("ceteris", "numpy")} | {"python": platform.python_version()},
        host=describe_host(),
        engine=engine,
        epochs_sha256=hashlib.sha256(epochs).hexdigest(),
        measured=dict(measured or {}),
    )


def describe_host() -> dict[str, str | int]:
    """Say which processor, cores and operating system this process runs on; nothing that names it or a person."""
    return {
        "processor": processor_fact("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
    }


def encode_machine(machine: Machine) -> bytes:
    """Write the content of `machine.json`."""
    return seal(asdict(machine))


def decode_machine(content: bytes) -> Machine:
    """Read the content of `machine.json`.

    Raises:
        DamagedError: If it is not as it was written.
    """
    facts: dict[str, Any] = unseal(content)
    del facts["format"], facts["seal"]
    return Machine(**facts)


@cache
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed as a package"
