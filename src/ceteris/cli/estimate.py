"""How long a study will take on this machine, from two seconds of training on random images."""

import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ceteris.datasets.choice import share
from ceteris.datasets.dataset import ImageKind, LabelledImages, Split
from ceteris.engines.engine import PreparingEngine
from ceteris.execution.packing import PackedBatch

_WARMED, _PREPARED = 8, 128
"""Images that a preparation is tried on, which loads what it needs, and those that it is then measured on."""

FORWARD_SHARE = 1 / 3
"""What an image costs that is only scored: a forward pass without the two backward passes of training.

Measured: 0.23 to 0.33 on the lanes engine for batch sizes 4 to 128 (AVX-512); 0.16 to 0.51 on the PyTorch engine, whose
minibatches cost 1.4 ms besides their images. So each batch size is measured by itself.
"""
_SCORED_IN_A_ROUND = 16
"""Images for validation in a round that is measured, which the time of a round includes."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """How long a study takes here.

    Attributes:
        seconds: Until the last packed batch is done.
        speed: Images times models a second on average, all threads together.
        preparation: Seconds of what engines do once before that, all cores together.
        work: By name of the engine, seconds of one core that its packed batches take.
        batches: Seconds of one core that each packed batch takes, in the order in which they were given.
    """

    seconds: float
    speed: float
    preparation: float = 0.0
    work: Mapping[str, float] = field(default_factory=dict)
    batches: tuple[float, ...] = ()


def estimate_time(batches: Sequence[PackedBatch], images: ImageKind, *, threads: int, budget: float = 2.0) -> Estimate:
    """Train a few random images with each kind of packed batch, and work out how long all of them take.

    Args:
        batches: What is to be trained, the longest first.
        images: Their size, and how many there are.
        threads: How many packed batches train side by side.
        budget: Seconds to measure, all kinds together; one round of each is measured in any case.
    """
    kinds: dict[Hashable, PackedBatch] = {}
    for batch in batches:
        kinds.setdefault(_kind(batch), batch)
    side_by_side = min(threads, len(kinds)) if all(batch.engine.threaded for batch in kinds.values()) else 1
    patience = budget * side_by_side / len(kinds)
    # What prepares features does that with all cores, and would make all that is measured meanwhile look slow.
    apart = {kind: batch for kind, batch in kinds.items() if isinstance(batch.engine, PreparingEngine)}
    beside = {kind: batch for kind, batch in kinds.items() if kind not in apart}
    costs: dict[Hashable, float] = {}
    for group, workers in ((beside, side_by_side), (apart, 1)):
        with ThreadPoolExecutor(workers) as pool:
            measured = pool.map(lambda batch: seconds_per_image(batch, images, budget=patience), group.values())
            costs |= zip(group, measured, strict=True)
    # The longest packed batch first, each on the thread that is free first: as the executor does it.
    free = [0.0] * threads
    work: dict[str, float] = {}
    each = tuple(batch_seconds(batch, images, costs[_kind(batch)]) for batch in batches)
    for batch, seconds in zip(batches, each, strict=True):
        thread = free.index(min(free))
        free[thread] += seconds
        work[batch.engine.name] = work.get(batch.engine.name, 0.0) + seconds
    trained = sum(
        len(batch.runs)
        * batch.runs[0].specification.training.epochs
        * share(images.training_images, batch.runs[0].specification.data.fraction)
        for batch in batches
    )
    return Estimate(
        seconds=max(free),
        speed=trained / max(free),
        preparation=preparation_seconds(batches, images),
        work=work,
        batches=each,
    )


def preparation_seconds(batches: Sequence[PackedBatch], images: ImageKind) -> float:
    """Measure on a few images how long engines prepare for all of them, if nothing were there yet."""
    engines = dict.fromkeys(batch.engine for batch in batches if isinstance(batch.engine, PreparingEngine))
    seconds = 0.0
    for engine in engines:
        members = [run for batch in batches if batch.engine == engine for run in batch.runs]
        assert isinstance(engine, PreparingEngine)
        warm, split = _random_split(images, _WARMED), _random_split(images, _PREPARED)
        few = len(split.training) + len(split.validation) + len(split.test)
        all_images = images.training_images + images.validation_images + images.test_images
        for _ in engine.rehearsal(members, warm):
            pass
        began = time.perf_counter()
        for _ in engine.rehearsal(members, split):
            pass
        seconds += (time.perf_counter() - began) / few * all_images
    return seconds


def seconds_per_image(batch: PackedBatch, kind: ImageKind, *, budget: float) -> float:
    """Measure how long a packed batch trains on one image, all its runs together.

    Args:
        batch: What to train.
        kind: What the images are like.
        budget: About how many seconds to spend.
    """
    specification = batch.runs[0].specification
    images = max(128, 4 * specification.training.batch_size)
    engine = batch.engine.rehearsing() if isinstance(batch.engine, PreparingEngine) else batch.engine
    training = engine.start(batch.runs, _random_split(kind, images))
    epochs = 0
    began = time.perf_counter()
    while epochs < specification.training.epochs:
        if training.advance() is None:
            continue
        epochs += 1
        if epochs == 1:
            # The first epoch builds what later ones use, and counts only if it is the only one.
            warm = time.perf_counter()
        elif time.perf_counter() - began >= budget:
            break
    counted = images + FORWARD_SHARE * _SCORED_IN_A_ROUND
    if epochs == 1:
        return (warm - began) / counted
    return (time.perf_counter() - warm) / (counted * (epochs - 1))


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
    return (
        batch.engine.name,
        len(batch.runs) if batch.engine.packed_runs == 1 else batch.engine.packed_runs,
        specification.network.model_dump_json(),
        (training.optimizer, training.batch_size, training.flip, training.crop),
    )


def _random_split(kind: ImageKind, images: int) -> Split:
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
