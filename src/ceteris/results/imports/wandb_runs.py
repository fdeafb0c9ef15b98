"""Runs of Weights & Biases that are on this machine: the logs `run-*.wandb`; the package itself is not needed.

A log is in the record format of LevelDB: blocks of 32 KiB, and in them fragments with a checksum, a length and a kind.
Joined, they are records of protocol buffers, of which settings, history and exit code are read.
"""

import json
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ceteris.checksummed import DamagedError
from ceteris.errors import ResultsError
from ceteris.results.imports import protobuf
from ceteris.results.imports.given import Given, ImportKind, read_bytes
from ceteris.results.imports.logged import LoggedRun, table_of_logged
from ceteris.results.imports.records import flat
from ceteris.results.imports.table import Table

_MAGIC = b":W&B"
_HEADER = struct.Struct("<IHB")
_BLOCK = 32768
_WHOLE, _BEGIN, _MIDDLE, _END = 1, 2, 3, 4
_HISTORY, _SUMMARY, _CONFIG, _RUN, _EXIT = 2, 3, 5, 17, 18  # Fields of Record.
_KEY, _NESTED, _INTEGER, _NUMBER, _TEXT, _JSON, _VALUE_JSON = 1, 2, 5, 6, 7, 8, 16  # Fields of an item.


def wandb_table(given: Given) -> Table:
    """Read the runs of a folder, or of one log.

    Raises:
        ResultsError: If a log is damaged, or there is none.
    """
    logs = _logs(given)
    if not logs:
        raise ResultsError(f"{given.name} holds no log of Weights & Biases (run-*.wandb).")
    return table_of_logged(list(map(_run, logs)), given.name, ["Read: the logs (*.wandb) of Weights & Biases."])


def _logs(given: Given) -> list[Path]:
    if given.folder is not None:
        return sorted({*given.folder.glob("*.wandb"), *given.folder.glob("*run-*/*.wandb"),
                       *given.folder.glob("wandb/*run-*/*.wandb")})  # fmt: skip
    return [given.path] if given.path is not None and given.head.startswith(_MAGIC) else []


@dataclass
class _Log:
    about: bytes = b""
    config: dict[str, object] = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    points: dict[str, dict[float, float]] = field(default_factory=dict)
    exit_code: int | None = None

    def add(self, kind: int, content: bytes) -> None:
        if kind == _RUN:
            self.about = content
            self.config |= _items(protobuf.part(content, 4), 1)
        elif kind == _CONFIG:
            self.config |= _items(content, 1)
        elif kind == _SUMMARY:
            self.summary |= _items(content, 1)
        elif kind == _HISTORY:
            _add_points(self.points, content)
        elif kind == _EXIT:
            self.exit_code = protobuf.signed(protobuf.last(content, 1))


def _run(path: Path) -> LoggedRun:
    log = _Log()
    try:
        for record in _records(read_bytes(path)):
            for kind, content in protobuf.fields(record):
                if isinstance(content, bytes):
                    log.add(kind, content)
        tags = [protobuf.text(content) for number, content in protobuf.fields(log.about) if number == 10]
    except DamagedError as error:
        raise ResultsError(f"{path} {error}. Copy it again, or leave it out.") from None
    for metric, value in _numbers(log.summary):  # of what has a history, the last point
        log.points.setdefault(metric, {0.0: value})
    identity, group, job, name = (protobuf.text(protobuf.last(log.about, number)) for number in (1, 6, 7, 8))
    status = {None: "running", 0: "finished"}.get(log.exit_code, "failed")
    if status == "failed" and "diverged" in tags:  # as `ceteris log` says it
        status = "diverged"
    log.config.pop("_wandb", None)
    facts: dict[str, str] = {"id": identity, "name": name, "group": group, "job type": job, **flat(log.config)}
    return LoggedRun(place=f"run {identity or path.stem}", status=status, facts=facts, points=log.points)


def _records(content: bytes) -> Iterator[bytes]:
    """Give the records of a log; one whose end was never written is left out."""
    if not content.startswith(_MAGIC):
        raise DamagedError("is not a log of Weights & Biases")
    place, parts = _HEADER.size, b""
    while place + _HEADER.size <= len(content):
        left = _BLOCK - place % _BLOCK
        if left < _HEADER.size:
            place += left
            continue
        checksum, length, kind = _HEADER.unpack_from(content, place)
        fragment = content[place + _HEADER.size : place + _HEADER.size + length]
        if len(fragment) < length:
            return
        if zlib.crc32(bytes([kind]) + fragment) != checksum:
            raise DamagedError(f"is damaged at byte {place}: a checksum does not match")
        place += _HEADER.size + length
        parts = fragment if kind in (_WHOLE, _BEGIN) else parts + fragment
        if kind in (_WHOLE, _END):
            yield parts


def _items(message: bytes, wanted: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, item in protobuf.fields(message):
        if number == wanted and isinstance(item, bytes):
            key, nested = "", []
            value: object = None
            for inner, content in protobuf.fields(item):
                if inner == _KEY:
                    key = protobuf.text(content)
                elif inner == _NESTED:
                    nested.append(protobuf.text(content))
                elif inner == _INTEGER and isinstance(content, int):
                    value = content >> 1 ^ -(content & 1)  # zigzag
                elif inner == _NUMBER:
                    value = protobuf.real(content)
                elif inner == _TEXT:
                    value = protobuf.text(content)
                elif inner in (_JSON, _VALUE_JSON):
                    value = _decoded(content)
            found[key or ".".join(nested)] = value
    return found


def _decoded(content: protobuf.Field) -> object:
    try:
        return json.loads(protobuf.text(content))
    except (ValueError, RecursionError):
        raise DamagedError("has a value that is not JSON") from None


def _add_points(points: dict[str, dict[float, float]], history: bytes) -> None:
    items = _items(history, 1)
    step = items.get("_step")
    if not isinstance(step, int | float):
        step = protobuf.signed(protobuf.last(protobuf.part(history, 2), 1))
    for name, value in _numbers(items):
        points.setdefault(name, {})[float(step)] = value


def _numbers(items: dict[str, object]) -> Iterator[tuple[str, float]]:
    """Give what are numbers, without those that wandb itself adds; `NaN` and `Infinity` come as text."""
    for name, value in items.items():
        if name.startswith("_"):
            continue
        if isinstance(value, dict):
            yield from _numbers({f"{name}.{key}": inner for key, inner in value.items()})
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
        elif value in ("NaN", "Infinity", "-Infinity"):
            yield name, float(str(value)) if value != "NaN" else math.nan


WANDB_RUNS = ImportKind(name="wandb", fits=lambda given: bool(_logs(given)), table=wandb_table)
