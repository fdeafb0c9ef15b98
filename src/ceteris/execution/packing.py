"""Which engine trains which run, which runs train together, and how much memory that takes."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ceteris.datasets.choice import known_images, presumed_images, share
from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import Engine, Position, PreparingEngine
from ceteris.errors import EngineError
from ceteris.formatting.wording import byte_count, listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.resources import Memory, Requirements, Resources
from ceteris.results.manifest import StudyNote
from ceteris.study.run import Run
from ceteris.study.specification import Specification, lone_value_layer

_SHOWN_VARIATIONS = 3
_START = Position()
_PRESUMED = Shape(64, 64, 3)

# In multiply-adds: what a value that leaves a layer costs, and a weight at each update. Fitted to twelve small CNNs
# with minibatches of 4 to 128 (AVX-512): their time relative to the first one's is met to within 22 %, by
# multiply-adds alone to within 31 %.
_VALUE, _UPDATE = 35, 45


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Who trains what.

    Attributes:
        shares: Each engine that has something to train, with its runs in the order of the study.
        notes: What must be said about it: every variation that the first engine cannot train, and why; and every one
            that no engine trains as it should.
    """

    shares: tuple[tuple[Engine, tuple[Run, ...]], ...]
    notes: tuple[str, ...]


def assign(runs: Iterable[Run], engines: Sequence[Engine], images: ImageKind | None = None) -> Assignment:
    """Give every run to the first of the engines, in the order of preference, that can train it.

    Raises:
        EngineError: If there is a run that none of them can train.
    """
    runs = tuple(runs)
    shares: dict[int, list[Run]] = {}
    fallbacks: dict[tuple[str, int], dict[str, None]] = {}
    for run in runs:
        reasons: list[str] = []
        for rank, engine in enumerate(engines):
            unsupported = engine.unsupported(run.specification)
            if unsupported is None:
                shares.setdefault(rank, []).append(run)
                # That a backbone is trained by those who can is nothing to be told; a fallback is.
                if rank and not (isinstance(run.specification.network, BackboneNetwork) or run.specification.code):
                    fallbacks.setdefault((reasons[0], rank), {})[run.variation] = None
                break
            reasons.append(f"the {engine.name} engine cannot: {unsupported}")
        else:
            raise EngineError(
                f"nothing here can train '{run.variation}': {'; '.join(reasons)}. "
                "Change the variation, or leave it out."
            )
    return Assignment(
        shares=tuple((engines[rank], tuple(its_runs)) for rank, its_runs in sorted(shares.items())),
        notes=(
            *(_note(tuple(names), engines[rank].name, unsupported) for (unsupported, rank), names in fallbacks.items()),
            *_lone_images(runs, images),
        ),
    )


def _lone_images(runs: Iterable[Run], given: ImageKind | None) -> Iterator[StudyNote]:
    """Warn of batch norms after a dense layer that a last minibatch of one image leaves without a variance."""
    for name, specification in {run.variation: run.specification for run in runs}.items():
        kind = given or known_images(specification.data)
        if kind is None:
            continue
        images = share(kind.training_images, specification.data.fraction)
        layer = lone_value_layer(specification, kind.shape, kind.classes, images)
        if layer is not None:
            yield StudyNote(
                f"'{name}': the last minibatch of an epoch is one image ({images:,} images, batch_size "
                f"{specification.training.batch_size}), and batch_norm in layer {layer + 1} sees no variance in it: "
                "the lanes engine makes its values 0 there, the torch engine refuses to train it. Choose another "
                "batch_size.",
                arms=(name,),
            )


def _note(variations: Sequence[str], engine: str, unsupported: str) -> StudyNote:
    names = [f"'{name}'" for name in variations]
    if len(names) > _SHOWN_VARIATIONS:
        names = [*names[:_SHOWN_VARIATIONS], f"{len(names) - _SHOWN_VARIATIONS} more variations"]
    verb = "is" if len(names) == 1 else "are"
    return StudyNote(f"{listed(names)} {verb} trained by the {engine} engine; {unsupported}.", arms=variations)


@dataclass(frozen=True, kw_only=True)
class PackedBatch:
    """Runs that advance together, from one position.

    Attributes:
        runs: Up to `engine.packed_runs` runs with one packing key.
        work: By which they are ordered, in multiply-adds of a forward pass: those of one image, with what its values
            and its share of an update of the weights cost, times the epochs left and the share of the images that is
            trained on. The features of a frozen backbone are there already.
    """

    engine: Engine
    runs: tuple[Run, ...]
    position: Position
    work: float

    @property
    def runs_own_code(self) -> bool:
        """Whether code of the user's own is run to train it."""
        return any(run.specification.runs_own_code for run in self.runs)

    def requirements(self, images: ImageKind) -> Requirements:
        """Estimate what it takes while it trains on such images: as much as the run that wants the most of it."""
        specifications = {run.variation: run.specification for run in self.runs}.values()
        all_runs = (self.engine.requirements(one, images, len(self.runs)) for one in specifications)
        return max(all_runs, key=lambda one: one.memory)


def pack(
    runs: Iterable[Run], engine: Engine, positions: Mapping[str, Position] | None = None
) -> tuple[PackedBatch, ...]:
    """Put runs, all within an engine's reach, into as few packed batches as it can train them in.

    The same runs give the same packed batches. A run's result does not depend on its packed batch, only its time does.
    An unfinished run goes on at its position, by digest; others start at the beginning.

    Returns:
        The packed batches, the longest first, so that the cores end at about the same time.
    """
    positions = positions or {}
    groups: dict[tuple[Hashable, Position], list[Run]] = {}
    for run in runs:
        position = positions.get(run.digest, _START)
        groups.setdefault((engine.packing_key(run.specification), position), []).append(run)
    batches = [
        PackedBatch(
            engine=engine,
            runs=tuple(group[first : first + engine.packed_runs]),
            position=position,
            work=_work(group[first].specification, position),
        )
        for (_, position), group in groups.items()
        for first in range(0, len(group), engine.packed_runs)
    ]
    return longest_first(batches)


def longest_first(batches: Iterable[PackedBatch]) -> tuple[PackedBatch, ...]:
    """Order packed batches by the work in them; those with equal work stay in order."""
    return tuple(sorted(batches, key=lambda batch: -batch.work))


def _work(specification: Specification, position: Position) -> float:
    kind, network = presumed_images(specification.data, specification.network), specification.network
    if kind is None:  # only the images tell; of one study all are alike, and this gives no more than an order
        kind = ImageKind(shape=_PRESUMED, classes=10, training_images=0, validation_images=0, test_images=0)
    cost = network_cost(network, kind.shape, kind.classes)
    values = sum(layer.after.values for layer in every_layer(network, kind.shape, kind.classes))
    updates = (0 if network.is_frozen else cost.parameters) / specification.training.batch_size
    image = (cost.head_multiply_adds if network.is_frozen else cost.multiply_adds) + _VALUE * values + _UPDATE * updates
    return float(image * specification.data.fraction * (specification.training.epochs - position.epoch))


@dataclass(frozen=True, kw_only=True)
class NeededMemory:
    """The memory that training takes, in bytes.

    Attributes:
        images: All images of the study, once.
        training: The packed batches that train at a time, the largest of them, and what engines keep for all runs.
    """

    images: int
    training: int
    largest: int
    arm: str

    def shortage(self, total: int, free: Memory | None) -> str:
        """Say that so many bytes are not free, and what to do about it; empty if they are, or nothing is known."""
        if free is None or total <= free.free:
            return ""
        way = "Give --threads a smaller number, or make the networks or images smaller."
        if self.largest > free.free:
            way = (
                f"One packed batch of '{self.arm}' alone takes {byte_count(self.largest)}: make its layers or the "
                "images smaller."
            )
        return (
            f"training needs about {byte_count(total)} of memory, and {byte_count(free.free)} are free {free.limit}. "
            f"{way}"
        )


def needed_memory(batches: Sequence[PackedBatch], images: ImageKind, *, cores: int) -> NeededMemory | None:
    """Estimate the memory that packed batches take, the largest of them at a time; None if there are none."""
    if not batches:
        return None
    sizes = sorted(((batch.requirements(images).memory, batch.runs[0].variation) for batch in batches), reverse=True)
    kept = sum(engine.prepared_memory(runs, images) for engine, runs in preparing(batches).items())
    every_image = images.training_images + images.validation_images + images.test_images
    return NeededMemory(
        images=every_image * images.shape.values,
        training=sum(size for size, _ in sizes[:cores]) + kept,
        largest=sizes[0][0],
        arm=sizes[0][1],
    )


def check_resources(batches: Sequence[PackedBatch], images: ImageKind, resources: Resources) -> None:
    """Refuse to begin what an executor has not the memory or the device for.

    Raises:
        EngineError: If training needs more than is free on this machine, in its container, or for this process.
    """
    for batch in batches:
        device = batch.requirements(images).device
        if resources.devices is not None and device not in resources.devices:
            raise EngineError(
                f"'{batch.runs[0].variation}' is trained on {device}, and the executor has "
                f"{listed(sorted(resources.devices))}. Choose another device or executor. Nothing was trained yet."
            )
    need = needed_memory(batches, images, cores=resources.cores)
    if need is not None and (reason := need.shortage(need.training, resources.memory)):
        raise EngineError(f"{reason} Nothing was trained yet.")


def preparing(batches: Iterable[PackedBatch]) -> dict[PreparingEngine, list[Run]]:
    """Give the engines that have something to do once for all their runs, with these runs."""
    runs: dict[PreparingEngine, list[Run]] = {}
    for batch in batches:
        if isinstance(batch.engine, PreparingEngine):
            runs.setdefault(batch.engine, []).extend(batch.runs)
    return runs
