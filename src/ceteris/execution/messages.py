"""What workers send of a packed batch, as bytes in which its runs and its engine are numbers: who reads has them."""

import pickle
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from ceteris.execution.keeping import Happened
from ceteris.execution.packing import PackedBatch
from ceteris.study.run import Run

_ENGINE = -1


def encode_happened(happened: Sequence[Happened], batch: PackedBatch) -> bytes:
    """Write what happened to a packed batch: without its runs, whose specifications are most of an event."""
    buffer = BytesIO()
    _Pickler(buffer, batch).dump(tuple(happened))
    return buffer.getvalue()


def decode_happened(content: bytes, batch: PackedBatch) -> tuple[Happened, ...]:
    """Read what a worker of one's own sent of a packed batch; its runs and engine are those of `batch`."""
    happened: tuple[Happened, ...] = _Unpickler(BytesIO(content), batch).load()
    return happened


class _Pickler(pickle.Pickler):
    def __init__(self, file: BytesIO, batch: PackedBatch) -> None:
        super().__init__(file, protocol=5)
        self._engine = batch.engine
        self._numbers = {run.digest: number for number, run in enumerate(batch.runs)}

    def persistent_id(self, value: Any) -> int | None:
        if isinstance(value, Run):
            return self._numbers[value.digest]
        return _ENGINE if value is self._engine else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, batch: PackedBatch) -> None:
        super().__init__(file)
        self._batch = batch

    def persistent_load(self, number: Any) -> Any:
        return self._batch.engine if number == _ENGINE else self._batch.runs[number]
