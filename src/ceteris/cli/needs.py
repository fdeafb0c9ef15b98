"""What training a study takes, in sentences: memory, time and patience."""

from collections.abc import Sequence

from ceteris.cli.estimate import Estimate
from ceteris.cli.executors import Place
from ceteris.engines.transfer.engine import FINE_TUNING
from ceteris.execution.packing import NeededMemory, PackedBatch
from ceteris.formatting.console import duration
from ceteris.formatting.wording import byte_count, listed
from ceteris.report.quantities import count
from ceteris.resources import Memory, cores


def memory_needed(need: NeededMemory, free: Memory | None) -> str:
    """Say how much memory the study takes, and how much there is."""
    there = "" if free is None else f"; {byte_count(free.free)} are free {free.limit}"
    whole = byte_count(need.images + need.training)
    return f"Memory: about {whole}, {byte_count(need.images)} of it for the images{there}."


def time_needed(estimate: Estimate, threads: int, place: Place | None = None) -> str:
    """Say how long the study takes here, or in another place."""
    limit = cores().limit
    where = f"{count(threads, 'thread')} of this machine{f' ({limit})' if limit else ''}"
    if place is not None and place.description:
        where = f"{count(threads, 'core')} of the Ray cluster if they are as fast as this machine"
    most, text = "at most" if estimate.may_stop else "about", ""
    if estimate.is_disturbed:
        text += " Other programs used the processor meanwhile: without them it takes less."
    if estimate.preparation:
        text += f" Before that about {duration(estimate.preparation)} for features of pretrained networks, unless kept."
    return (
        f"Time: {most} {duration(estimate.seconds)} on {where}, at {estimate.speed:,.0f} images x models per second. "
        f"Measured on random images{_when(estimate)}.{text}"
    )


def _when(estimate: Estimate) -> str:
    if not estimate.known_since:
        return ""
    return f" on {estimate.known_since}" if estimate.is_known else f", in part on {estimate.known_since}"


def patience(batches: Sequence[PackedBatch], estimate: Estimate, device: str) -> str:
    """Warn of pretrained networks that are trained further on a processor; empty if there are none."""
    names = dict.fromkeys(run.variation for batch in batches if batch.engine.name == FINE_TUNING for run in batch.runs)
    if not names or device != "cpu":
        return ""
    tuned = listed(f"'{name}'" for name in names)
    return (
        f"of that, fine-tuning takes about {duration(estimate.work[FINE_TUNING])} of one core: "
        f"{tuned}. It works on a processor, and a GPU (--device cuda) is many times "
        "faster; fewer seeds, epochs or blocks help too."
    )
