"""Processes that train on command, started once, idle while others are measured."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from baseline import Images
from cases import Case, Crew, crew_size, loops


class UnmeasurableError(Exception):
    """A case cannot be measured here: something is not installed, or does not work."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Train a case for some seconds; a case of nothing asks for the peak of the arithmetic instead."""

    case: Case | None
    batch_size: int
    seconds: float


class Workers:
    """The processes of all crews, started when first needed."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._context = multiprocessing.get_context("spawn")
        self._crews: dict[Crew, list[Connection]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A process whose pipe closes ends by itself.
        for connections in self._crews.values():
            for connection in connections:
                connection.close()

    def measure(self, crew: Crew, order: Order) -> float:
        """Let all processes of a crew work at the same time; give the sum of their rates a second.

        Raises:
            UnmeasurableError: If one of them could not.
        """
        if crew not in self._crews:
            self._crews[crew] = [self._start() for _ in range(crew_size(crew))]
        for connection in self._crews[crew]:
            connection.send(order)
        replies = [connection.recv() for connection in self._crews[crew]]
        for reply in replies:
            if isinstance(reply, str):
                raise UnmeasurableError(reply)
        return float(sum(replies))

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        self._context.Process(target=serve, args=(theirs, self._images)).start()
        theirs.close()
        return ours


def serve(connection: Connection, images: Images) -> None:
    """Carry out orders until the pipe closes; what was built for one order is kept for the next of its kind."""
    built: dict[tuple[Case, int], Sequence[Iterator[int]]] = {}
    while True:
        try:
            order: Order = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            connection.send(_obey(order, images, built))
        except KeyboardInterrupt:
            return
        except Exception as error:  # noqa: BLE001 - whatever a framework raises is a reason to leave it out
            connection.send(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def _obey(order: Order, images: Images, built: dict[tuple[Case, int], Sequence[Iterator[int]]]) -> float:
    if order.case is None:
        from ceteris_loops import peak_operations  # noqa: PLC0415 - needs compiled kernels

        return peak_operations()
    place = (order.case, order.batch_size)
    if place not in built:
        built[place] = loops(order.case, images, order.batch_size)
    with ThreadPoolExecutor(len(built[place])) as pool:
        return sum(pool.map(lambda steps: _rate(steps, order.seconds), built[place]))


def _rate(steps: Iterator[int], seconds: float) -> float:
    """Take steps for that long, and give images times models a second."""
    done, start = 0, time.perf_counter()
    while True:
        done += next(steps)
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done / elapsed
