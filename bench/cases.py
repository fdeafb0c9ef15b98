"""Who is measured, and in which processes: the rows of the table and the variants that each row is the best of."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from baseline import Images, Workload


class Crew(StrEnum):
    """Processes that stay alive through the session; what shares a crew takes turns."""

    LANES = "lanes"
    TUTORIAL = "tutorial"
    KERAS = "keras"
    EACH_CORE = "each core"


class Row(StrEnum):
    """A line of the table."""

    LANES = "**ceteris, lanes engine**: sixteen runs a thread, one thread a core"
    TORCH_ENGINE = "ceteris, PyTorch engine: one single-thread process a core"
    EXPERT = "PyTorch by an expert: data in memory, fused optimizer, one single-thread process a core"
    TUTORIAL = "PyTorch as in its tutorials: PIL images, DataLoader, one process with all cores"
    TUTORIAL_EACH_CORE = "the same, one single-thread process a core"
    KERAS = "Keras, arrays in memory, one process with all cores"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing to measure.

    Attributes:
        row: The line it belongs to.
        variant: What tells it from the row's other cases; empty if there are none.
        crew: Where it runs.
        workload: What it trains.
    """

    row: Row
    variant: str
    crew: Crew
    workload: Workload = Workload.BASELINE


CASES = (
    Case(row=Row.LANES, variant="", crew=Crew.LANES),
    Case(row=Row.EXPERT, variant="channels first", crew=Crew.EACH_CORE),
    Case(row=Row.EXPERT, variant="channels last", crew=Crew.EACH_CORE),
    Case(row=Row.EXPERT, variant="channels first, torch.compile", crew=Crew.EACH_CORE),
    Case(row=Row.EXPERT, variant="channels last, torch.compile", crew=Crew.EACH_CORE),
    Case(row=Row.TORCH_ENGINE, variant="", crew=Crew.EACH_CORE),
    Case(row=Row.TUTORIAL, variant="0 workers", crew=Crew.TUTORIAL),
    Case(row=Row.TUTORIAL, variant="1 worker", crew=Crew.TUTORIAL),
    Case(row=Row.TUTORIAL, variant="2 workers", crew=Crew.TUTORIAL),
    Case(row=Row.TUTORIAL_EACH_CORE, variant="0 workers", crew=Crew.EACH_CORE),
    Case(row=Row.KERAS, variant="", crew=Crew.KERAS),
)


_EVERY_NETWORK = {
    (Row.LANES, ""),
    (Row.TORCH_ENGINE, ""),
    (Row.EXPERT, "channels first"),
    (Row.EXPERT, "channels last"),
}


def cases_of(workload: Workload, *, whole: bool) -> tuple[Case, ...]:
    """Give the whole of what is measured of the baseline, or, of any network, what decides who trains it."""
    if whole and workload is Workload.BASELINE:
        return CASES
    return tuple(replace(case, workload=workload) for case in CASES if (case.row, case.variant) in _EVERY_NETWORK)


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew_size(crew: Crew) -> int:
    """Say how many processes a crew has."""
    return cores() if crew is Crew.EACH_CORE else 1


def loops(case: Case, images: Images, batch_size: int) -> Sequence[Iterator[int]]:
    """Build the training loops of a case for one process, one loop for each thread of it.

    Frameworks are imported here, so that a process loads only those that it measures.
    """
    match case.row:
        case Row.LANES:
            from ceteris_loops import lanes  # noqa: PLC0415

            return [lanes(case.workload, images, batch_size, rank=rank) for rank in range(cores())]
        case Row.TORCH_ENGINE:
            from ceteris_loops import torch_engine  # noqa: PLC0415

            return [torch_engine(case.workload, images, batch_size)]
        case Row.EXPERT:
            from pytorch_loops import expert  # noqa: PLC0415

            channels_last, compiled = "channels last" in case.variant, "torch.compile" in case.variant
            return [expert(case.workload, images, batch_size, channels_last=channels_last, compiled=compiled)]
        case Row.TUTORIAL:
            from pytorch_loops import tutorial  # noqa: PLC0415

            return [tutorial(images, batch_size, workers=int(case.variant.split()[0]))]
        case Row.TUTORIAL_EACH_CORE:
            from pytorch_loops import tutorial  # noqa: PLC0415

            return [tutorial(images, batch_size, workers=0, threads=1)]
        case Row.KERAS:
            from keras_loop import keras_fit  # noqa: PLC0415

            return [keras_fit(images, batch_size)]
