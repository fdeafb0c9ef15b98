"""How long a study will take on this machine, from two seconds of training on random images."""

import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.engine import PreparingEngine
from ceteris.execution.bank import Bank
from ceteris.study.images import ImageKind
from ceteris.study.specification import share

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
        seconds: Until the last bank is done.
        speed: Images times models a second on average, all threads together.
        preparation: Seconds of what engines do once before that, all cores together.
        work: By name of the engine, seconds of one core that its banks take.
        banks: Seconds of one core that each bank takes, in the order in which they were given.
    """

    seconds: float
    speed: float
    preparation: float = 0.0
    work: Mapping[str, float] = field(default_factory=dict)
    banks: tuple[float, ...] = ()


def estimate_time(banks: Sequence[Bank], images: ImageKind, *, threads: int, budget: float = 2.0) -> Estimate:
    """Train a few random images with each kind of bank, and work out how long all of them take.

    Args:
        banks: What is to be trained, the longest first.
        images: Their size, and how many there are.
        threads: How many banks train side by side.
        budget: Seconds to measure, all kinds together; one round of each is measured in any case.
    """
    kinds: dict[Hashable, Bank] = {}
    for bank in banks:
        kinds.setdefault(_kind(bank), bank)
    side_by_side = min(threads, len(kinds)) if all(bank.engine.threaded for bank in kinds.values()) else 1
    patience = budget * side_by_side / len(kinds)
    # What prepares features does that with all cores, and would make all that is measured meanwhile look slow.
    apart = {kind: bank for kind, bank in kinds.items() if isinstance(bank.engine, PreparingEngine)}
    beside = {kind: bank for kind, bank in kinds.items() if kind not in apart}
    costs: dict[Hashable, float] = {}
    for group, workers in ((beside, side_by_side), (apart, 1)):
        with ThreadPoolExecutor(workers) as pool:
            measured = pool.map(lambda bank: seconds_per_image(bank, images, budget=patience), group.values())
            costs |= zip(group, measured, strict=True)
    # The longest bank first, each on the thread that is free first: as the executor does it.
    free = [0.0] * threads
    work: dict[str, float] = {}
    each = tuple(bank_seconds(bank, images, costs[_kind(bank)]) for bank in banks)
    for bank, seconds in zip(banks, each, strict=True):
        thread = free.index(min(free))
        free[thread] += seconds
        work[bank.engine.name] = work.get(bank.engine.name, 0.0) + seconds
    trained = sum(
        len(bank.runs)
        * bank.runs[0].specification.training.epochs
        * share(images.training_images, bank.runs[0].specification.data.fraction)
        for bank in banks
    )
    return Estimate(
        seconds=max(free),
        speed=trained / max(free),
        preparation=preparation_seconds(banks, images),
        work=work,
        banks=each,
    )


def preparation_seconds(banks: Sequence[Bank], images: ImageKind) -> float:
    """Measure on a few images how long engines prepare for all of them, if nothing were there yet."""
    engines = dict.fromkeys(bank.engine for bank in banks if isinstance(bank.engine, PreparingEngine))
    seconds = 0.0
    for engine in engines:
        members = [run for bank in banks if bank.engine == engine for run in bank.runs]
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


def seconds_per_image(bank: Bank, kind: ImageKind, *, budget: float) -> float:
    """Measure how long a bank trains on one image, all its runs together.

    Args:
        bank: What to train.
        kind: What the images are like.
        budget: About how many seconds to spend.
    """
    specification = bank.runs[0].specification
    images = max(128, 4 * specification.training.batch_size)
    engine = bank.engine.rehearsing() if isinstance(bank.engine, PreparingEngine) else bank.engine
    training = engine.start(bank.runs, _random_split(kind, images))
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


def bank_seconds(bank: Bank, images: ImageKind, seconds_an_image: float) -> float:
    """Work out how long a bank takes: training and validation of every epoch, and the test at the end."""
    specification = bank.runs[0].specification
    epochs = specification.training.epochs
    training = share(images.training_images, specification.data.fraction)
    scored = FORWARD_SHARE * (images.validation_images * epochs + images.test_images)
    return seconds_an_image * (training * epochs + scored)


def _kind(bank: Bank) -> Hashable:
    """Give what decides the speed of a bank: values such as the learning rate do not."""
    specification = bank.runs[0].specification
    training = specification.training
    return (
        bank.engine.name,
        len(bank.runs) if bank.engine.bank_size == 1 else bank.engine.bank_size,
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
