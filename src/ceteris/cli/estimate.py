"""How long a study will take on this machine, from two seconds of training on random images, now or lately."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

import numpy as np

from ceteris.cli.speeds import Speed, keep_speeds, read_speeds, speed_key, today
from ceteris.datasets.choice import share
from ceteris.datasets.dataset import ImageKind, LabelledImages, Split
from ceteris.engines.engine import Engine, PreparingEngine, SpreadTraining
from ceteris.execution.course import cores_of_each, course_of
from ceteris.execution.packing import PackedBatch, preparing
from ceteris.networks.cost import network_cost
from ceteris.networks.network import Network
from ceteris.progress.board import FORWARD_SHARE
from ceteris.study.run import Run

_WARMED, _PREPARED = 8, 128
"""Images that a preparation is tried on, which loads what it needs, and those that it is then measured on."""

_OURS, _OURS_TOGETHER = 0.75, 0.55
"""Share of the time that a core, or several that wait for each other, must have been ours in what is kept."""
_SCORED_IN_A_ROUND = 16
"""Images for validation in a round that is measured, which the time of a round includes."""

_ENOUGH, _FEWEST = 12_000_000_000, 8
"""Multiply-adds forward after which a minibatch that is measured needs no more images, and how many it has anyway.

The network of `studies/residual.toml` took 20.1, 18.6, 17.4 and 15.8 ms of processor time for an image of sixteen runs
in minibatches of 8, 16, 32 and 128 images (AMD EPYC with AVX-512), because its weights are transformed once for each.
"""
_LONG = 2.0
"""Seconds after which what was trained first counts, although it is slower than what comes later."""

_STEADYING = ("clip_norm", "average_decay")
"""Settings that add a pass over all weights to each step of a packed batch where one of its runs has them."""

_NOTICED = 0.05
"""Share of the time of a study from which it matters how fast a packed batch is on the cores that others have left."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """How long a study takes here.

    Attributes:
        seconds: Until the last packed batch is done.
        speed: Images times models a second on average, all threads together.
        preparation: Seconds of what engines do once before that, all cores together.
        work: By name of the engine, seconds of one core that its packed batches take.
        batches: Seconds of one core that each packed batch takes, in the order in which they were given.
        known_since: The day of the oldest measurement that was kept from before and used; empty if none was.
        is_known: Whether nothing was measured now.
        is_disturbed: Whether other programs took the processor while something of it was measured.
        may_stop: Whether runs may stop early, so that this is the most that it takes.
        speeds: What was measured or known of each kind of packed batch, by key.
    """

    seconds: float
    speed: float
    preparation: float = 0.0
    work: Mapping[str, float] = field(default_factory=dict)
    batches: tuple[float, ...] = ()
    known_since: str = ""
    is_known: bool = False
    is_disturbed: bool = False
    may_stop: bool = False
    speeds: Mapping[str, Speed] = field(default_factory=dict)


def estimate_time(
    batches: Sequence[PackedBatch],
    images: ImageKind,
    *,
    threads: int,
    side_by_side: int | None = None,
    spreads: bool = True,
    budget: float = 2.0,
    known: Mapping[str, Speed] = MappingProxyType({}),
) -> Estimate:
    """Train a few random images with each kind of packed batch, and work out how long all of them take.

    What was measured here before, and is still kept, is not measured again. What is measured now is kept, unless other
    programs took the processor meanwhile.

    Args:
        batches: What is to be trained, the longest first; at least one.
        images: Their size, and how many there are.
        threads: How many cores packed batches share, one each at least.
        side_by_side: How many train side by side on this machine, where it is measured; as many, if not given.
        spreads: Whether they share all cores, or have one each even where they are fewer.
        budget: Seconds to measure, all kinds together; one minibatch of each is measured in any case.
        known: Speeds by key, for example those of an estimate a moment ago.
    """
    kinds: dict[Hashable, PackedBatch] = {}
    for batch in batches:
        kinds.setdefault(_kind(batch), batch)
    most = {kind: batch.requirements(images).most_cores if spreads else 1 for kind, batch in kinds.items()}
    meter = _Meter(read_speeds(), known)
    measured: dict[tuple[Hashable, int], Speed] = {}

    def cost(batch: PackedBatch, cores: int) -> float:
        """Give the seconds of a packed batch on so many cores, or on the most of fewer that were measured."""
        kind = _kind(batch)
        fewer = max(of for same, of in measured if same == kind and of <= cores)
        return batch_seconds(batch, images, measured[kind, fewer].seconds)

    cores = cores_of_each(threads, min(threads, len(batches)))
    wanted = {(kind, min(cores, most[kind])): batch for kind, batch in kinds.items()}
    while wanted:
        measured |= _measure(wanted, images, meter, side_by_side or threads, budget)
        course = course_of(batches, threads, cost)
        wanted = {}
        for one in course.stretches:
            spread = (kind := _kind(one.batch)), min(one.cores, most[kind])
            if one.seconds > _NOTICED * course.seconds and spread not in measured:
                wanted[spread] = one.batch
    preparation = _preparation(batches, images, meter, threads)
    keep_speeds(meter.new)
    work: dict[str, float] = {}
    each = tuple(cost(batch, cores) * min(cores, most[_kind(batch)]) for batch in batches)
    for batch, of_one in zip(batches, each, strict=True):
        work[batch.engine.name] = work.get(batch.engine.name, 0.0) + of_one
    trained = sum(
        len(batch.runs)
        * batch.runs[0].specification.training.epochs
        * share(images.training_images, batch.runs[0].specification.data.fraction)
        for batch in batches
    )
    return Estimate(
        seconds=course.seconds,
        speed=trained / course.seconds,
        preparation=preparation,
        work=work,
        batches=each,
        known_since=min(meter.used, default=""),
        is_known=not meter.measured,
        is_disturbed=not meter.calm.issuperset(meter.asked),
        may_stop=any(run.specification.training.patience for batch in batches for run in batch.runs),
        speeds=meter.asked,
    )


def _measure(
    wanted: Mapping[tuple[Hashable, int], PackedBatch],
    images: ImageKind,
    meter: "_Meter",
    at_a_time: int,
    budget: float,
) -> dict[tuple[Hashable, int], Speed]:
    """Measure packed batches of each kind, side by side where each has one core, if they are not known."""
    is_alone = any(cores > 1 for _, cores in wanted) or not all(batch.engine.threaded for batch in wanted.values())
    side_by_side = 1 if is_alone else min(at_a_time, len(wanted))
    keys = {spread: _key(*spread, batch.engine, images, side_by_side) for spread, batch in wanted.items()}
    unknown = {spread: batch for spread, batch in wanted.items() if not meter.knows(keys[spread])}
    patience = budget * side_by_side / max(1, len(unknown))
    # What prepares features does that with all cores, and would make all that is measured meanwhile look slow.
    apart = [spread for spread, batch in unknown.items() if isinstance(batch.engine, PreparingEngine)]
    beside = [spread for spread in unknown if spread not in apart]

    def measure(spread: tuple[Hashable, int]) -> None:
        batch = wanted[spread]
        cost = partial(seconds_per_image, batch, images, budget=patience, cores=spread[1])
        meter.take(keys[spread], cost, time.thread_time if batch.requirements(images).device == "cpu" else None)

    for group, workers in ((beside, side_by_side), (apart, 1)):
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(measure, group))
    meter.asked.update({key: meter.speeds[key] for key in keys.values()})
    return {spread: meter.speeds[key] for spread, key in keys.items()}


class _Meter:
    """Speeds that are kept, those that are measured now, and which of both were used."""

    def __init__(self, kept: Mapping[str, Speed], known: Mapping[str, Speed]) -> None:
        self.speeds = {**kept, **known}
        self.asked: dict[str, Speed] = {}
        self.calm = set(kept)
        self.fresh = {key for key, speed in known.items() if speed.day == today()}
        self.new: dict[str, Speed] = {}
        self.used: set[str] = set()
        self.measured = 0

    def knows(self, key: str) -> bool:
        """Say whether something was measured before, which is used then."""
        if key in self.speeds and key not in self.fresh:
            self.used.add(self.speeds[key].day)
        return key in self.speeds

    def take(self, key: str, cost: Callable[..., float], busy: Callable[[], float] | None, cores: int = 1) -> None:
        """Measure what an image costs, in seconds, and keep it if the cores were ours meanwhile.

        `cost` calls its argument `begin` when all is warm; `busy` gives the processor time spent, where that tells.
        """
        marks: list[tuple[float, float]] = []

        def mark() -> None:
            marks.append((time.perf_counter(), 0.0 if busy is None else busy()))

        mark()
        speed = Speed(seconds=cost(begin=mark), day=today())
        mark()
        self.measured += 1
        self.speeds[key] = speed
        (began, worked), (ended, worked_in_all) = marks[-2:]
        ours = cores * (_OURS if cores == 1 else _OURS_TOGETHER)
        if busy is None or worked_in_all - worked >= (ended - began) * ours:
            self.new[key] = speed
            self.calm.add(key)


def _preparation(batches: Sequence[PackedBatch], images: ImageKind, meter: _Meter, threads: int) -> float:
    """Say how long engines prepare for all images, if nothing were there yet."""
    every_image = images.training_images + images.validation_images + images.test_images
    seconds = 0.0
    for engine, runs in preparing(batches).items():
        wanted = sorted({f"{run.specification.network} {run.specification.training.flip}" for run in runs})
        (same, *_) = (batch.engine for batch in batches if batch.runs[0] == runs[0])
        key = _key(tuple(wanted), 1, same, images, threads)
        if not meter.knows(key):
            meter.take(key, partial(preparation_seconds, engine, runs, images), time.process_time, threads)
        seconds += meter.speeds[key].seconds * every_image
    return seconds


def preparation_seconds(
    engine: PreparingEngine, runs: Sequence[Run], images: ImageKind, *, begin: Callable[[], None]
) -> float:
    """Measure on a few images how long an engine prepares for one; `begin` is called before it."""
    warm, split = random_split(images, _WARMED), random_split(images, _PREPARED)
    for _ in engine.rehearsal(runs, warm):
        pass
    begin()
    began = time.perf_counter()
    for _ in engine.rehearsal(runs, split):
        pass
    return (time.perf_counter() - began) / (len(split.training) + len(split.validation) + len(split.test))


def seconds_per_image(
    batch: PackedBatch, kind: ImageKind, *, budget: float, begin: Callable[[], None], cores: int = 1
) -> float:
    """Measure for about `budget` seconds how long a packed batch trains on one image, all its runs together.

    Of large networks a few images make a minibatch, so that one takes about a second; whole minibatches are measured.
    `begin` is called before what counts.
    """
    runs = [_shortened(run, batch.engine.packed_runs, kind) for run in batch.runs]
    settings = runs[0].specification.training
    steps = max(4, -(-128 // settings.batch_size))
    engine = batch.engine.rehearsing() if isinstance(batch.engine, PreparingEngine) else batch.engine
    training = engine.start(runs, random_split(kind, steps * settings.batch_size))
    if isinstance(training, SpreadTraining):
        training.spread(cores)
    whole, first = steps * settings.epochs, 0
    begin()
    began = time.perf_counter()

    def advanced() -> tuple[int, float]:
        training.advance()
        return training.position.epoch * steps + training.position.step, time.perf_counter() - began

    done, taken = advanced()
    # What comes first builds what is used later, and counts only where it takes long, or is all there is.
    if taken < _LONG:
        while taken < budget and done % steps:
            done, taken = advanced()
        if done < whole:
            first, taken, began = done, 0.0, time.perf_counter()
            begin()
            while done == first or (taken < budget and done < whole):
                done, taken = advanced()
    rounds = done // steps - first // steps
    return taken / ((done - first) * settings.batch_size + FORWARD_SHARE * _SCORED_IN_A_ROUND * rounds)


def _shortened(run: Run, packed_runs: int, images: ImageKind) -> Run:
    """Give a run of smaller minibatches where its own would take long, on all images that it is given."""
    specification = run.specification
    network, training = specification.network, specification.training
    most = training.batch_size
    if isinstance(network, Network):
        cost = network_cost(network, images.shape, images.classes).multiply_adds
        most = min(most, max(_FEWEST, _ENOUGH // max(1, cost * packed_runs)))
    changes = {"data": specification.data.whole, "training": training.model_copy(update={"batch_size": most})}
    return replace(run, specification=specification.model_copy(update=changes))


def batch_seconds(batch: PackedBatch, images: ImageKind, seconds_an_image: float) -> float:
    """Work out how long a packed batch takes: training and validation of every epoch, and the test at the end."""
    specification = batch.runs[0].specification
    epochs = specification.training.epochs
    training = share(images.training_images, specification.data.fraction)
    scored = FORWARD_SHARE * (images.validation_images * epochs + images.test_images)
    return seconds_an_image * (training * epochs + scored)


def _kind(batch: PackedBatch) -> Hashable:
    """Give what decides the speed of a packed batch: values such as the learning rate do not."""
    specification = batch.runs[0].specification
    training = specification.training
    augmentations = [
        one
        for run in batch.runs
        for one in (*run.specification.training.augmentations, *run.specification.training.mixtures)
    ]
    return (
        batch.engine.name,
        len(batch.runs) if batch.engine.packed_runs == 1 else batch.engine.packed_runs,
        specification.network.model_dump_json(),
        (
            training.optimizer,
            training.batch_size,
            tuple(sorted({type(one).__name__ for one in augmentations if one.is_active})),
            *(any(getattr(run.specification.training, name) for run in batch.runs) for name in _STEADYING),
        ),
    )


def _key(kind: Hashable, cores: int, engine: Engine, images: ImageKind, side_by_side: int) -> str:
    """Name what is measured: how, on what, on how many cores, and beside how many others."""
    how = (engine.name, engine.arithmetic, dict(engine.facts))
    what = kind if cores == 1 else (kind, cores)
    return speed_key(how, what, images.shape, images.classes, side_by_side)


def random_split(kind: ImageKind, images: int) -> Split:
    """Draw so many training images of a kind at random, and a few for validation."""
    generator = np.random.default_rng(0)

    def draw(count: int) -> LabelledImages:
        sides = (count, kind.shape.height, kind.shape.width, kind.shape.channels)
        pixels = generator.integers(0, 256, sides, dtype=np.uint8)
        return LabelledImages(images=pixels, labels=generator.integers(0, kind.classes, count, dtype=np.int32))

    channels = kind.shape.channels
    return Split(
        training=draw(images),
        validation=draw(_SCORED_IN_A_ROUND),
        test=draw(1),
        classes=kind.classes,
        scale=np.full(channels, 1 / 255, np.float32),
        offset=np.zeros(channels, np.float32),
    )
