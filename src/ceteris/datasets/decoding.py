"""Decodes image files in processes of their own, so that no file can hang, crash or fill the program that asks."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import IO, Any, cast

import numpy as np

from ceteris.datasets.decoder import exactly, receive, send
from ceteris.datasets.file_kinds import NAMES
from ceteris.datasets.picture import Frame, Picture
from ceteris.errors import DataError
from ceteris.paths import shown

SECONDS = 60.0
"""How long one file may take. The slowest honest one that was tried, a hundred million pixels of PNG, takes 2 alone,
and many times as long on a machine that does much else."""

_LOOK_SECONDS = 0.25
_WAITING = 32  # decoded pictures that wait to be taken; more would only fill the memory


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that is no picture.

    Attributes:
        reason: Why, to follow the name of the file: `is cut short or damaged`.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A picture and the bytes it came from."""

    picture: Picture
    sha256: str


Answer = Decoded | Unreadable


def load_picture(source: Path | bytes, frame: Frame, *, name: str | None = None) -> Picture:
    """Read one image file of the user's.

    Raises:
        DataError: If it is no picture that can be used.
    """
    with closing(decode([source], frame, workers=1)) as answers:
        _, answer = next(answers)
    if isinstance(answer, Unreadable):
        called = name or (shown(source) if isinstance(source, Path) else "the picture")
        raise DataError(f"{called} {answer.reason}. Give a whole picture in {NAMES}.")
    return answer.picture


def decode(
    sources: Iterable[Path | bytes], frame: Frame, *, workers: int, seconds: float = SECONDS
) -> Generator[tuple[int, Answer], None, None]:
    """Decode image files side by side.

    A file that takes too long, or whose decoder dies, costs the process that decodes it and nothing else.

    Args:
        sources: Files, or their contents; taken as they are needed.
        frame: What to make of each.
        workers: How many processes decode.
        seconds: How long one file may take.

    Yields:
        The index of a source and its picture or why there is none, as they are done. Close the iterator to stop early.

    Raises:
        DataError: If no decoder can be started.
    """
    numbered = enumerate(sources)
    taking, stop = threading.Lock(), threading.Event()
    done: Queue[tuple[int, Answer] | BaseException | None] = Queue(_WAITING)
    watch = _Watch(seconds)

    def serve() -> None:
        try:
            with closing(_Worker(watch)) as worker:
                while not stop.is_set():
                    with taking:
                        entry = next(numbered, None)
                    if entry is None:
                        break
                    done.put((entry[0], worker.decode(entry[1], frame)))
        except BaseException as error:  # noqa: BLE001 - raised again where the answers are taken
            done.put(error)
        finally:
            done.put(None)

    with ThreadPoolExecutor(workers + 1) as pool:
        for _ in range(workers):
            pool.submit(serve)
        pool.submit(watch.run)
        left = workers
        try:
            while left:
                entry = done.get()
                if entry is None:
                    left -= 1
                elif isinstance(entry, BaseException):
                    raise entry
                else:
                    yield entry
        finally:
            stop.set()
            watch.stop()
            while left:  # a thread that is about to put something must find room
                left -= done.get() is None


class _Watch:
    """Ends processes that are over their time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._begun: dict[_Worker, float] = {}

    def begin(self, worker: "_Worker") -> None:
        with self._lock:
            self._begun[worker] = time.monotonic()

    def left(self, worker: "_Worker") -> None:
        with self._lock:
            self._begun.pop(worker, None)

    def stop(self) -> None:
        """End whatever is still at work: nobody waits for it any more."""
        self._end.set()
        with self._lock:
            for worker in self._begun:
                worker.end_late()

    def run(self) -> None:
        before = time.monotonic()
        while not self._end.wait(_LOOK_SECONDS):
            now = time.monotonic()
            # Whoever stops this process, or puts the machine to sleep, stops the others with it: not their fault.
            lost = max(0.0, now - before - 4 * _LOOK_SECONDS)
            before = now
            with self._lock:
                for worker, begun in self._begun.items():
                    self._begun[worker] = begun + lost
                    if now - begun - lost > self.seconds:
                        worker.end_late()


class _Worker:
    """One process at a time, started when there is something to decode and again when it has died."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch
        self._process: subprocess.Popen[bytes] | None = None
        self._is_late = False

    def decode(self, source: Path | bytes, frame: Frame) -> Answer:
        facts: dict[str, Any] = {
            "height": frame.height,
            "width": frame.width,
            "channels": frame.channels,
            "fit": frame.fit.value,
        }
        process = self._process or self._start()
        requests, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        self._is_late = False
        self._watch.begin(self)
        try:
            if isinstance(source, bytes):
                send(requests, {**facts, "bytes": len(source)}, source)
            else:
                send(requests, {**facts, "path": os.fspath(source)})
            answer = receive(answers)
            if "reason" in answer:
                return Unreadable(reason=answer["reason"])
            content = exactly(answers, answer["shape"][0] * answer["shape"][1] * answer["shape"][2])
        except (EOFError, OSError):
            self._watch.left(self)
            self.close()
            if self._is_late:
                return Unreadable(reason=f"takes longer than {self._watch.seconds:g} seconds to decode")
            return Unreadable(reason="makes the decoder crash")
        finally:
            self._watch.left(self)
        picture = Picture(
            pixels=np.frombuffer(content, np.uint8).reshape(answer["shape"]),
            width=answer["width"],
            height=answer["height"],
            format=answer["format"],
            mode=answer["mode"],
            notes=tuple(answer["notes"]),
        )
        return Decoded(picture=picture, sha256=answer["sha256"])

    def end_late(self) -> None:
        self._is_late = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()
        self._process.kill()
        self._process.wait()
        self._process = None

    def _start(self) -> "subprocess.Popen[bytes]":
        # NumPy's helper threads would each reserve memory that counts against the limit.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            # -P: nothing is imported from the folder that the user happens to be in
            [sys.executable, "-P", "-m", "ceteris.datasets.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libtiff writes what it thinks of a file there
            env=environment,
        )
        try:
            receive(cast("IO[bytes]", self._process.stdout))
        except EOFError:
            code = self._process.wait()
            self.close()
            raise DataError(
                f"the process that decodes images ended with exit code {code} before its first one. Run "
                "`python -m ceteris.datasets.decoder` to see why; installing ceteris again may help."
            ) from None
        return self._process
