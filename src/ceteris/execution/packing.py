"""Packed batches: runs that one engine trains together."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ceteris.datasets.choice import presumed_images
from ceteris.engines.engine import Engine, Position
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.placed import placed_layers
from ceteris.study.run import Run
from ceteris.study.specification import Specification

_START = Position()

# In multiply-adds: what a value that leaves a layer costs, and a weight at each update. Fitted to twelve small CNNs
# with minibatches of 4 to 128 (AVX-512): their time relative to the first one's is met to within 22 %, by
# multiply-adds alone to within 31 %.
_VALUE, _UPDATE = 35, 45


@dataclass(frozen=True, kw_only=True)
class PackedBatch:
    """Runs that advance together, from one position.

    Attributes:
        engine: Who trains them.
        runs: Up to `engine.packed_runs` runs with one packing key.
        position: Where all of them are.
        work: By which they are ordered, in multiply-adds of a forward pass: those of one image, with what its values
            and its share of an update of the weights cost, times the epochs left and the share of the images that is
            trained on. The features of a frozen backbone are there already.
    """

    engine: Engine
    runs: tuple[Run, ...]
    position: Position
    work: float


def pack(
    runs: Iterable[Run], engine: Engine, positions: Mapping[str, Position] | None = None
) -> tuple[PackedBatch, ...]:
    """Put runs into as few packed batches as one engine can train them in.

    The same runs give the same packed batches. A run's result does not depend on its packed batch, only its time does.

    Args:
        runs: What is to be trained, all of it within the engine's reach.
        engine: Who trains it.
        positions: By digest of the run, where an unfinished one goes on; others start at the beginning.

    Returns:
        The packed batches, the longest first, so that the cores end at about the same time.
    """
    positions = positions or {}
    groups: dict[tuple[Hashable, Position], list[Run]] = {}
    for run in runs:
        position = positions.get(run.digest, _START)
        groups.setdefault((engine.packing_key(run.specification), position), []).append(run)
    batches = [
        PackedBatch(engine=engine, runs=members, position=position, work=_work(members[0].specification, position))
        for (_, position), group in groups.items()
        for members in _chunks(group, engine.packed_runs)
    ]
    return longest_first(batches)


def longest_first(batches: Iterable[PackedBatch]) -> tuple[PackedBatch, ...]:
    """Order packed batches by the work in them; those with equal work stay in order."""
    return tuple(sorted(batches, key=lambda batch: -batch.work))


def _work(specification: Specification, position: Position) -> float:
    kind, network = presumed_images(specification.data, specification.network), specification.network
    assert kind is not None, "a study names known data or a folder"
    cost = network_cost(network, kind.shape, kind.classes)
    is_frozen = isinstance(network, BackboneNetwork) and network.is_frozen
    values = sum(layer.after.values for layer in placed_layers(network, kind.shape, kind.classes))
    updates = (0 if is_frozen else cost.parameters) / specification.training.batch_size
    image = (cost.head_multiply_adds if is_frozen else cost.multiply_adds) + _VALUE * values + _UPDATE * updates
    return float(image * specification.data.fraction * (specification.training.epochs - position.epoch))


def _chunks(runs: list[Run], size: int) -> Iterator[tuple[Run, ...]]:
    for first in range(0, len(runs), size):
        yield tuple(runs[first : first + size])
