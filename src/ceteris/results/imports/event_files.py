"""Runs as TensorBoard event files, one folder per run; neither TensorBoard nor TensorFlow is needed.

A file holds TFRecords: a length, its checksum, that many bytes, and their checksum (CRC-32C, masked). Each is an
`Event` of protocol buffers, of which scalars (`simple_value`, and tensors of one number) and hyperparameters are read.
"""

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from ceteris.checksummed import DamagedError
from ceteris.errors import ResultsError
from ceteris.results.imports import protobuf
from ceteris.results.imports.given import Given, ImportKind, read_bytes
from ceteris.results.imports.logged import LoggedRun, table_of_logged
from ceteris.results.imports.names import named_runs
from ceteris.results.imports.table import Table
from ceteris.results.imports.values import some

_FILES = "*tfevents*"
_STEP, _SUMMARY = 2, 5  # Fields of Event.
_TAG, _SIMPLE, _TENSOR, _METADATA = 1, 2, 8, 9  # Fields of Summary.Value.
_START, _END = "_hparams_/session_start_info", "_hparams_/session_end_info"
_HEAD = struct.Struct("<QI")
_STATES = {1: "finished", 2: "failed", 3: "running"}
_OF_HPARAMS = re.compile(r"\d{9,}\.\d+")  # SummaryWriter.add_hparams of PyTorch writes into a folder named by the time.


@dataclass
class _Run:
    points: dict[str, dict[float, float]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    status: str = ""
    cut: bool = False


def events_table(given: Given) -> Table:
    """Read the runs of a log folder, or of one file. A run is called by the path of its folder.

    Raises:
        ResultsError: If a file is damaged. One that is cut short is read up to there, and the run is named.
    """
    runs: dict[str, _Run] = {}
    for file in _files(given):
        folder = file.parent.relative_to(given.folder or file.parent)
        if _OF_HPARAMS.fullmatch(folder.name):
            folder = folder.parent
        try:
            _read(read_bytes(file), runs.setdefault(folder.as_posix(), _Run()))
        except DamagedError as error:
            raise ResultsError(f"{file} {error}. Copy it again, or leave it out.") from None
    found = {name: run for name, run in runs.items() if run.points}
    named = named_runs(found)
    logged = []
    for name, run in found.items():
        facts = {**named.get(name, {}), "run": name, **run.facts}
        logged.append(LoggedRun(place=f"run {name}", status=_status(run), facts=facts, points=run.points))
    taken = ["Read: the scalars of TensorBoard event files."]
    if named:
        taken.append(f"Variation and seed: from the names of folders, as in '{next(iter(found))}'.")
    cut = [f"run {name}" for name, run in found.items() if run.cut]
    files = "The event file of {} ends" if len(cut) == 1 else "The event files of {} end"
    notes = [f"{files.format(some(cut))} in the middle of a record: what came before is read."] if cut else []
    return table_of_logged(logged, given.name, taken, notes)


def _files(given: Given) -> list[Path]:
    if given.folder is not None:
        return sorted(path for path in given.folder.rglob(_FILES) if path.is_file())
    is_event_file = given.path is not None and given.path.match(_FILES)
    return [given.path] if given.path is not None and is_event_file else []


def _status(run: _Run) -> str:
    # `ceteris log` writes runs that finished or diverged, and TensorBoard has one word for both that did not finish.
    return "diverged" if run.status == "failed" and {"variation", "factor"} <= run.facts.keys() else run.status


def _read(content: bytes, run: _Run) -> None:
    place = 0
    while place < len(content):
        if place + _HEAD.size > len(content):
            run.cut = True
            return
        length, checksum = _HEAD.unpack_from(content, place)
        if _masked(content[place : place + 8]) != checksum:
            raise DamagedError(f"is damaged at byte {place}: a checksum does not match")
        end = place + _HEAD.size + length
        if end + 4 > len(content):
            run.cut = True
            return
        record = content[place + _HEAD.size : end]
        try:
            step, values = _event(record)
        except DamagedError as error:
            raise DamagedError(f"is damaged at byte {place}: it {error}") from None
        # Only what is used is checked: pictures and graphs are large, and Python takes a second for 5 MB.
        if values and _masked(record) != int.from_bytes(content[end : end + 4], "little"):
            raise DamagedError(f"is damaged at byte {place}: a checksum does not match")
        for tag, value in values:
            if isinstance(value, float):
                run.points.setdefault(tag, {})[float(step)] = value
            else:
                _add_hparams(tag, value, run)
        place = end + 4


def _event(record: bytes) -> tuple[int, list[tuple[str, float | bytes]]]:
    """Give the step of an event, its scalars, and its messages about hyperparameters."""
    step, values = 0, []
    for number, content in protobuf.fields(record):
        if number == _STEP:
            step = protobuf.signed(content)
        elif number == _SUMMARY and isinstance(content, bytes):
            for inner, value in protobuf.fields(content):
                if inner == 1 and isinstance(value, bytes) and (found := _summary_value(value)) is not None:
                    values.append(found)
    return step, values


def _summary_value(message: bytes) -> tuple[str, float | bytes] | None:
    tag, scalar = "", None
    plugin = b""
    for number, content in protobuf.fields(message):
        if number == _TAG:
            tag = protobuf.text(content)
        elif number == _SIMPLE:
            scalar = protobuf.real(content)
        elif number == _TENSOR and isinstance(content, bytes):
            scalar = _tensor(content)
        elif number == _METADATA and isinstance(content, bytes):
            plugin = protobuf.part(content, 1)
    if tag in (_START, _END):
        return tag, protobuf.part(plugin, 2)
    return None if scalar is None else (tag, scalar)


def _tensor(message: bytes) -> float | None:
    """Give the number of a tensor of one float32 (kind 1) or float64 (kind 2); None for any other."""
    kind = protobuf.last(message, 1)
    size = {1: 4, 2: 8}.get(kind) if isinstance(kind, int) else None
    raw = protobuf.part(message, 4) or protobuf.part(message, 5 if kind == 1 else 6)
    return protobuf.real(raw) if size is not None and len(raw) == size else None


def _add_hparams(tag: str, content: bytes, run: _Run) -> None:
    if tag == _END:
        state = protobuf.last(protobuf.part(content, 4), 1)
        run.status = _STATES.get(state, "") if isinstance(state, int) else ""
        return
    start = protobuf.part(content, 3)
    for number, entry in protobuf.fields(start):
        if number == 1 and isinstance(entry, bytes):
            for kind, value in protobuf.fields(protobuf.part(entry, 2)):
                name = protobuf.text(protobuf.last(entry, 1))
                run.facts[name] = _hparam(kind, value)
    if group := protobuf.text(protobuf.last(start, 4)):
        run.facts.setdefault("group", group)


def _hparam(kind: int, value: protobuf.Field) -> str:
    if kind == 2:
        number = protobuf.real(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return protobuf.text(value) if kind == 3 else str(bool(value)).lower() if kind == 4 else ""


def _masked(content: bytes) -> int:
    """Give the checksum of TFRecords: CRC-32C, rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _crc_entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC = tuple(map(_crc_entry, range(256)))

EVENT_FILES = ImportKind(name="tensorboard", fits=lambda given: bool(_files(given)), table=events_table)
