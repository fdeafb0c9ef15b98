"""How much memory training takes, and whether it is there: what the system ends for want of memory saves nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import PreparingEngine
from ceteris.errors import EngineError
from ceteris.execution.packing import PackedBatch
from ceteris.formatting.wording import byte_count
from ceteris.resources import Memory, free_memory


@dataclass(frozen=True, kw_only=True)
class Need:
    """The memory that training takes, in bytes.

    Attributes:
        images: All images of the study, once.
        training: The packed batches that train at a time.
        largest: The largest of them.
        arm: The name of the arm that it belongs to.
    """

    images: int
    training: int
    largest: int
    arm: str


def needed_memory(batches: Sequence[PackedBatch], images: ImageKind, *, threads: int) -> Need:
    """Estimate the memory that packed batches take, the largest of them at a time.

    Args:
        batches: What is to be trained, at least one.
        images: What it is trained on.
        threads: How many packed batches train at a time.
    """
    sizes = sorted(((_size(batch, images), batch.runs[0].variation) for batch in batches), reverse=True)
    every_image = images.training_images + images.validation_images + images.test_images
    return Need(
        images=every_image * images.shape.values,
        training=sum(size for size, _ in sizes[:threads]) + _prepared(batches, images),
        largest=sizes[0][0],
        arm=sizes[0][1],
    )


def check_memory(batches: Sequence[PackedBatch], images: ImageKind, *, threads: int) -> None:
    """Refuse to begin what there is no memory for.

    Args:
        batches: What is to be trained; may be empty.
        images: What it is trained on; in memory already.
        threads: How many packed batches train at a time.

    Raises:
        EngineError: If training needs more than is free on this machine, in its container, or for this process.
    """
    free = free_memory()
    if not batches or free is None:
        return
    need = needed_memory(batches, images, threads=threads)
    if reason := shortage(need, need.training, free):
        raise EngineError(f"{reason} Nothing was trained yet.")


def shortage(need: Need, total: int, free: Memory) -> str:
    """Say that memory will not do, and what to do about it; empty if it will.

    Args:
        need: Of the study.
        total: What is still to be taken of it, in bytes.
        free: What there is.
    """
    if total <= free.free:
        return ""
    way = "Give --threads a smaller number, or make the networks or images smaller."
    if need.largest > free.free:
        way = (
            f"One packed batch of '{need.arm}' alone takes {byte_count(need.largest)}: make its layers or the images "
            "smaller."
        )
    return (
        f"training needs about {byte_count(total)} of memory, and {byte_count(free.free)} are free {free.limit}. {way}"
    )


def _size(batch: PackedBatch, images: ImageKind) -> int:
    return batch.engine.memory(batch.runs[0].specification, images, len(batch.runs))


def _prepared(batches: Sequence[PackedBatch], images: ImageKind) -> int:
    """Count what engines keep of all images for all their runs."""
    engines = dict.fromkeys(batch.engine for batch in batches if isinstance(batch.engine, PreparingEngine))
    return sum(
        engine.prepared_memory([run for batch in batches if batch.engine == engine for run in batch.runs], images)
        for engine in engines
        if isinstance(engine, PreparingEngine)
    )
