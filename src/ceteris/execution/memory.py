"""How much memory training takes, and whether it is there: what the system ends for want of memory saves nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ceteris.engines.engine import PreparingEngine
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.errors import EngineError
from ceteris.execution.bank import Bank
from ceteris.networks.backbone import FEATURES, BackboneNetwork
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.cost import network_cost
from ceteris.networks.placed import placed_layers
from ceteris.resources import Memory, free_memory, gigabytes
from ceteris.study.images import ImageKind

_FLOAT = 4
_LANES = 16  # runs that one number of the lanes engine is kept for, whether so many are there or not
_GROUP = 16  # images that go through a network of the lanes engine together, at least
_PROCESS = 400_000_000  # bytes of a worker process with PyTorch in it
_BLOCKS = 20  # times the largest block of a backbone: what a step backward through all blocks keeps of an image


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


def needed_memory(banks: Sequence[Bank], images: ImageKind, *, threads: int) -> Need:
    """Estimate the memory that packed batches take, the largest of them at a time.

    Args:
        banks: What is to be trained, at least one.
        images: What it is trained on.
        threads: How many packed batches train at a time.
    """
    sizes = sorted(((_bank(bank, images), bank.runs[0].variation) for bank in banks), reverse=True)
    every_image = images.training_images + images.validation_images + images.test_images
    return Need(
        images=every_image * images.shape.values,
        training=sum(size for size, _ in sizes[:threads]) + _features(banks, every_image),
        largest=sizes[0][0],
        arm=sizes[0][1],
    )


def check_memory(banks: Sequence[Bank], images: ImageKind, *, threads: int) -> None:
    """Refuse to begin what there is no memory for.

    Args:
        banks: What is to be trained; may be empty.
        images: What it is trained on; in memory already.
        threads: How many packed batches train at a time.

    Raises:
        EngineError: If training needs more than is free on this machine, in its container, or for this process.
    """
    free = free_memory()
    if not banks or free is None:
        return
    need = needed_memory(banks, images, threads=threads)
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
            f"One packed batch of '{need.arm}' alone takes {gigabytes(need.largest)}: make its layers or the images "
            "smaller."
        )
    return f"training needs about {gigabytes(total)} of memory, and {gigabytes(free.free)} are free {free.limit}. {way}"


def _bank(bank: Bank, images: ImageKind) -> int:
    specification = bank.runs[0].specification
    network, batch = specification.network, specification.training.batch_size
    cost = network_cost(network, images.shape, images.classes)
    layers = placed_layers(network, images.shape, images.classes)
    values = sum(layer.after.values for layer in layers) + layers[0].before.values
    answers = _FLOAT * len(bank.runs) * images.test_images * images.classes
    if isinstance(bank.engine, LanesEngine):
        group = max(batch, _GROUP) if any(isinstance(layer.layer, BatchNorm) for layer in layers) else _GROUP
        # Weights, gradients and two moments; what goes forward and what comes back. Weights go in and out as arrays.
        lanes = _FLOAT * _LANES * (4 * cost.parameters + 2 * group * values)
        return lanes + 3 * _FLOAT * len(bank.runs) * cost.parameters + answers
    if isinstance(bank.engine, PreparingEngine):
        return _FLOAT * len(bank.runs) * (4 * cost.learnt + 2 * batch * values) + answers
    kept = values + (_BLOCKS * cost.values if isinstance(network, BackboneNetwork) else 0)
    every_image = images.training_images + images.validation_images + images.test_images
    network_size = _FLOAT * (cost.parameters + 3 * cost.learnt + 2 * batch * kept)
    return _PROCESS + every_image * images.shape.values + network_size + answers


def _features(banks: Iterable[Bank], images: int) -> int:
    """Count what is kept of all images for heads of pretrained networks, once for each backbone and resolution."""
    networks = {bank.runs[0].specification.network for bank in banks if isinstance(bank.engine, PreparingEngine)}
    kept = {(one.backbone, one.resolution) for one in networks if isinstance(one, BackboneNetwork)}
    return sum(_FLOAT * images * FEATURES[backbone] for backbone, _ in kept)
