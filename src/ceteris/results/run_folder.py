"""The folder of one run: what is read from it and written to it, and in which order."""

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ceteris.checksummed import Damage, DamagedError, LaterFormatError, check_digest
from ceteris.errors import LostRunError, ResultsError
from ceteris.locks.lock import Claim
from ceteris.results.atomic import (
    PARTIAL,
    clear_partials,
    explained,
    make_folder,
    move,
    remove,
    write_atomically,
    write_together,
)
from ceteris.results.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint
from ceteris.results.epochs import EpochRecord, decode_epochs, encode_epochs, training_time
from ceteris.results.finding import Finding
from ceteris.results.machine import Machine, decode_machine, describe_machine, encode_machine
from ceteris.results.record import (
    Result,
    RunFailure,
    RunRecord,
    decode_failure,
    decode_record,
    decode_weights,
    encode_failure,
    encode_record,
)
from ceteris.study.run import Run

CHECKPOINT, FAILURE, PREDICTIONS = "checkpoint.safetensors", "failure.json", "predictions.npy"
PRINTED = "printed.txt"
"""What code of the user's own has printed, for people; nothing reads it."""
WEIGHTS, EPOCHS, MACHINE, RESULT = "weights.safetensors", "epochs.csv", "machine.json", "result.json"

_Read = TypeVar("_Read")


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """Files of one run as they are to be kept, by name; made where it trains, which may be another machine."""

    run: Run
    contents: Mapping[str, bytes]


def checkpoint_files(checkpoint: Checkpoint) -> RunFiles:
    """Give what keeps where a run is."""
    return RunFiles(run=checkpoint.run, contents={CHECKPOINT: encode_checkpoint(checkpoint)})


def failure_files(failure: RunFailure) -> RunFiles:
    """Give what keeps what went wrong."""
    return RunFiles(run=failure.run, contents={FAILURE: encode_failure(failure)})


def result_files(
    result: Result,
    epochs: Sequence[EpochRecord],
    engine: dict[str, str],
    measured: Mapping[str, float] | None = None,
) -> RunFiles:
    """Give what keeps a finished run: its arrays, its epochs, the circumstances of this process, and its result."""
    assert len(epochs) == result.record.epochs
    epochs_csv = encode_epochs(epochs)
    seconds = sum(epoch.seconds for epoch in epochs)
    machine = describe_machine(training_seconds=seconds, engine=engine, epochs=epochs_csv, measured=measured)
    arrays = {PREDICTIONS: result.predictions, WEIGHTS: result.weights}
    return RunFiles(
        run=result.record.run,
        contents={
            EPOCHS: epochs_csv,
            MACHINE: encode_machine(machine),
            **{name: content for name, content in arrays.items() if content is not None},
            RESULT: encode_record(result.record),
        },
    )


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """One run on disk; its folder may not exist yet. Whoever writes holds the run's claim; reading needs none.

    `result.json` is written last and says that the run is complete; a folder without it is unfinished, whatever else it
    holds.

    Attributes:
        held: The claim, which is confirmed before anything is written; None where the caller sees to that.
    """

    path: Path
    run: Run
    held: Claim | None = field(default=None, compare=False, repr=False)

    def examine(self) -> Finding:
        """Read everything, compare every digest, and change nothing.

        Raises:
            ResultsError: If a file cannot be read at all, or was written by a later version of ceteris.
        """
        damage: list[Damage] = []
        record = self._read(RESULT, lambda content: decode_record(content, self.run), damage)
        if record is not None or damage:
            epochs = None if record is None else self._examine_companions(record, damage)
            time = training_time(epochs) if epochs else None
            engine = "" if record is None else record.engine
            return Finding(run=self.run, record=record, engine=engine, training_time=time, damage=tuple(damage))
        checkpoint = self._read(CHECKPOINT, lambda content: decode_checkpoint(content, self.run), damage)
        failure = self._read(FAILURE, lambda content: decode_failure(content, self.run), damage)
        if checkpoint is None and failure is None and (self.path / RESULT).exists():
            return self.examine()  # It was published between the two looks.
        latest = failure or checkpoint
        return Finding(
            run=self.run,
            failure=failure,
            position=None if checkpoint is None else checkpoint.state.position,
            engine="" if latest is None else latest.engine,
            damage=tuple(damage),
        )

    def read_checkpoint(self) -> Checkpoint | None:
        """Read where the run stopped, if it did; `examine` has found it undamaged."""
        content = _content(self.path / CHECKPOINT)
        return None if content is None else decode_checkpoint(content, self.run)

    def keep(self, files: RunFiles) -> None:
        """Write files of the run; a result last, in place of all that an unfinished or failed run has.

        A checkpoint takes the place of the one before and of a failure before that; after a failure the checkpoint
        stays for the next attempt.

        Raises:
            LostRunError: If another process has taken the run over, as from whatever else writes.
        """
        self._confirm()
        contents = dict(files.contents)
        result = contents.pop(RESULT, None)
        make_folder(self.path)
        if result is not None:
            for name in (PREDICTIONS, WEIGHTS):
                if name not in contents:
                    remove(self.path / name)
        write_together(self.path, contents)
        if result is not None:
            self._confirm()
            write_atomically(self.path / RESULT, result)
            self.tidy()
        elif CHECKPOINT in contents:
            remove(self.path / FAILURE)

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep where the run is."""
        self.keep(checkpoint_files(checkpoint))

    def write_failure(self, failure: RunFailure) -> None:
        """Keep what went wrong."""
        self.keep(failure_files(failure))

    def publish(
        self,
        result: Result,
        epochs: Sequence[EpochRecord],
        engine: dict[str, str],
        measured: Mapping[str, float] | None = None,
    ) -> None:
        """Keep a finished run."""
        self.keep(result_files(result, epochs, engine, measured))

    def read_machine(self) -> Machine:
        """Read the circumstances of a finished run; `examine` has found them undamaged."""
        with explained(self.path, f"read {MACHINE}", needed=0):
            return decode_machine((self.path / MACHINE).read_bytes())

    def read_weights(self) -> dict[str, NDArray[np.float32]]:
        """Read the weights of a finished run, under PyTorch's names and in its shapes."""
        with explained(self.path, f"read {WEIGHTS}", needed=0):
            return decode_weights((self.path / WEIGHTS).read_bytes())

    def add_measured(self, measured: Mapping[str, float]) -> None:
        """Keep what was measured of a finished run afterwards, beside its other circumstances."""
        machine = self.read_machine()
        content = encode_machine(replace(machine, measured={**machine.measured, **measured}))
        write_atomically(self.path / MACHINE, content)

    def has_leftovers(self) -> bool:
        """Say whether `tidy` would remove anything of a finished run."""
        return any(path.name in (CHECKPOINT, FAILURE) or path.name.endswith(PARTIAL) for path in self.path.glob("*"))

    def tidy(self) -> None:
        """Remove what a killed process left half written, and what a finished run no longer needs."""
        if not self.path.exists():
            return
        self._confirm()
        clear_partials(self.path)
        if (self.path / RESULT).exists():
            remove(self.path / CHECKPOINT)
            remove(self.path / FAILURE)

    def set_aside(self, damage: Sequence[Damage], place: Path) -> Path:
        """Move what is damaged into a new folder, and give that, so that it can be redone and still be looked at.

        A result is moved with all that belongs to it, for it stands and falls with each of its files; of an unfinished
        run only the damaged files are moved.
        """
        self._confirm()
        make_folder(place)
        name = f"{self.path.parent.name}-{self.path.name}"
        number = 1
        while (aside := place / f"{name}-{number}").exists():
            number += 1
        if (self.path / RESULT).exists():
            move(self.path, aside)
        else:
            make_folder(aside)
            for one in damage:
                move(self.path / one.file, aside / one.file)
        return aside

    def _confirm(self) -> None:
        """Refuse to write a run that another process has taken over."""
        if self.held is None:
            return
        with explained(self.path, "confirm that the run is still held", needed=0):
            is_held = self.held.confirm()
        if not is_held:
            raise LostRunError(lost(self.path))

    def _examine_companions(self, record: RunRecord, damage: list[Damage]) -> Sequence[EpochRecord] | None:
        """Compare the files that a result counts on with the digests it holds, and give its epochs."""
        machine = self._read(MACHINE, decode_machine, damage, is_required=True)
        expected = {PREDICTIONS: record.predictions_sha256, WEIGHTS: record.weights_sha256}
        for name, digest in expected.items():
            if digest is not None:
                self._read(name, partial(check_digest, digest=digest), damage, is_required=True)
        if machine is None:
            return None
        return self._read(EPOCHS, partial(_epochs, digest=machine.epochs_sha256), damage, is_required=True)

    def _read(
        self, name: str, decode: Callable[[bytes], _Read], damage: list[Damage], *, is_required: bool = False
    ) -> _Read | None:
        try:
            content = _content(self.path / name)
            if content is not None:
                return decode(content)
            if is_required:
                damage.append(Damage(file=name, reason="is missing"))
        except DamagedError as error:
            damage.append(Damage(file=name, reason=str(error)))
        except LaterFormatError as error:
            raise ResultsError(f"{self.path / name} {error}") from None
        return None


def lost(path: Path) -> str:
    """Say that another process has taken over what this one was training."""
    return (
        f"{path}: another process has taken over, because this one gave no sign of life for long, as when its machine "
        "sleeps. It writes nothing here any more; run the same command again for what is left."
    )


def _content(path: Path) -> bytes | None:
    with explained(path.parent, f"read {path.name}", needed=0):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:
                raise DamagedError("cannot be read: the disk reports an error") from error
            raise


def _epochs(content: bytes, *, digest: str) -> Sequence[EpochRecord]:
    check_digest(content, digest)
    return decode_epochs(content)
