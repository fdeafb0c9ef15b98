"""Ways to let a study die at a chosen call of the operating system, and what must hold afterwards."""

import errno
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from ceteris.errors import ResultsError
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.results.folder import ResultsFolder
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

CALLS = ("open", "write", "fsync", "replace", "mkdir", "unlink", "rename", "close")
"""Every call of `os` that changes what is on the disk, or says whether it is safe there."""

STUDY = miniature_study(
    seeds=2,
    data={"name": "shapes", "batches": 1, "validation": 0.34},
    baseline={
        "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
        "training": {"learning_rate": 0.1, "batch_size": 8, "epochs": 2},
    },
    variation=[{"factor": "learning rate", "name": "0.5", "set": {"training.learning_rate": 0.5}}],
)
DATASET = miniature_dataset()
RUNS = STUDY.runs(DATASET.digest)
ENGINE = FakeEngine(diverging=frozenset([1]))


def run(folder: Path, *, threads: int = 1, checkpoint_seconds: float = 0.0) -> None:
    """Run the study, or what is left of it, with a checkpoint after every minibatch."""
    for _ in run_study(
        STUDY,
        DATASET,
        folder=folder,
        engines=(ENGINE,),
        executor=LocalExecutor(threads=threads),
        checkpoint_seconds=checkpoint_seconds,
    ):
        pass


class Trap:
    """Counts calls of `os`, and springs at one of them, or at each from one on."""

    def __init__(self, number: int, *, code: int | None = None, stays: bool = False) -> None:
        """Choose the call; with an error code the call fails, without one the process is killed there."""
        self.number, self.code, self.stays, self.count = number, code, stays, 0
        self._real = {name: getattr(os, name) for name in CALLS}

    def __enter__(self) -> Self:
        for name in CALLS:
            setattr(os, name, self._guarded(name))
        return self

    def __exit__(self, *_) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    @property
    def has_sprung(self) -> bool:
        """Whether there were enough calls."""
        return self.count >= self.number

    def _guarded(self, name: str) -> Callable:
        def call(*arguments, **options):
            self.count += 1
            if self.count == self.number or (self.stays and self.count > self.number):
                self._spring(name, arguments)
            return self._real[name](*arguments, **options)

        return call

    def _spring(self, name: str, arguments: tuple) -> None:
        if name == "write":
            descriptor, content = arguments
            self._real["write"](descriptor, content[: len(content) // 2])
        if self.code is None:
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "close":
            self._real["close"](*arguments)  # Linux closes the file even where it reports an error.
        raise OSError(self.code, os.strerror(self.code))


def killed_at(folder: Path, number: int, *, threads: int = 1) -> bool:
    """Run the study in a process that dies at its nth call; say whether it got that far."""
    child = os.fork()
    if not child:
        code = 1
        try:
            with Trap(number):
                run(folder, threads=threads)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def failing_at(folder: Path, number: int, code: int, *, stays: bool = False, threads: int = 1) -> bool:
    """Run the study while the nth call, or every one from there on, fails; say whether there were that many."""
    with Trap(number, code=code, stays=stays) as trap, suppress(ResultsError):
        run(folder, threads=threads)
    return trap.has_sprung


def check_sound(folder: Path) -> None:
    """What is on disk after a crash is old or new, never a part: nothing is damaged, nothing is held."""
    place = ResultsFolder(folder)
    for finding in place.survey(RUNS):
        assert finding.status is not Status.DAMAGED, finding.damage
        assert not place.holder(finding.run)


def check_recovers(folder: Path, reference: dict[str, bytes]) -> None:
    """The next command ends with the files of a study that was never interrupted, and leaves nothing else."""
    check_sound(folder)
    run(folder)
    assert results_of(folder) == reference
    assert not (folder / "damaged").exists()
    assert not list(folder.rglob("*.partial"))
    assert sorted(path.name for path in folder.iterdir()) == [
        "claims",
        "labels.npy",
        "results.csv",
        "runs",
        "study.json",
        "test-images.npy",
    ]


ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES)
