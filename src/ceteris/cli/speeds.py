"""How fast this machine was measured to train, kept for thirty days in the cache folder."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

from ceteris.datasets.cache import cache_folder
from ceteris.errors import DataError, ResultsError
from ceteris.results.atomic import make_folder, write_atomically
from ceteris.results.machine import describe_host

_FILE = "speeds.json"
_MOST, _DAYS = 500, 30
"""How many speeds are kept, and how long."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one image costs, and when that was measured.

    Attributes:
        seconds: For one image, all runs of a packed batch together.
    """

    seconds: float
    day: str


def speed_key(*facts: object) -> str:
    """Name what was measured: these facts, on this processor, with this version of ceteris."""
    host = describe_host()
    whole = [host["processor"], host["cores"], metadata.version("ceteris"), *facts]
    return hashlib.sha256(json.dumps(whole, default=str).encode()).hexdigest()[:32]


def today() -> str:
    """Give the day, in coordinated universal time."""
    return datetime.now(UTC).date().isoformat()


def read_speeds() -> dict[str, Speed]:
    """Give the speeds that were measured in the last thirty days; none if the file cannot be read."""
    with suppress(DataError, OSError, ValueError, TypeError, AttributeError):
        first = (datetime.now(UTC).date() - timedelta(days=_DAYS)).isoformat()
        kept = json.loads((_folder() / _FILE).read_bytes())
        speeds = {str(key): Speed(seconds=float(seconds), day=str(day)) for key, (seconds, day) in kept.items()}
        return {key: speed for key, speed in speeds.items() if speed.seconds > 0 and first <= speed.day <= today()}
    return {}


def keep_speeds(measured: Mapping[str, Speed]) -> None:
    """Add speeds to those that are kept, the latest of them; where nothing can be written, nothing is kept."""
    if not measured:
        return
    latest = sorted((read_speeds() | dict(measured)).items(), key=lambda entry: entry[1].day)[-_MOST:]
    content = json.dumps({key: [speed.seconds, speed.day] for key, speed in latest}, indent=1)
    with suppress(DataError, ResultsError, OSError):
        make_folder(_folder())
        write_atomically(_folder() / _FILE, content.encode())


def _folder() -> Path:
    return cache_folder() / "speeds"
