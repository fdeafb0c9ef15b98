"""A run has the same bits in any packed batch, lane, thread and build, and when it was interrupted."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import (
    InstructionSet,
    chosen_instruction_set,
    load_kernels,
    usable_instruction_sets,
)

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

FUSED = [name for name in usable_instruction_sets() if load_kernels(name).fused]


def engine(name=None):
    """Give the engine with one build, by default the one that `CETERIS_ISA` names, or the widest."""
    return LanesEngine(instruction_set=name or chosen_instruction_set())


def finish(training, *, epochs=2):
    """Train to the end, and give one digest of all that each run came to."""
    curves = []
    while training.position.epoch < epochs:
        metrics = training.advance()
        if metrics is not None:
            curves.append(metrics)
    return digests(training.outcomes(), curves)


def digests(outcomes, curves):
    """Give one digest of the outcome and the epochs of each run."""
    found = []
    for number, outcome in enumerate(outcomes):
        digest = hashlib.sha256(outcome.probabilities.tobytes())
        digest.update(repr((outcome.test_loss, outcome.test_accuracy)).encode())
        digest.update(repr([metrics[number] for metrics in curves]).encode())
        for name in sorted(outcome.weights):
            digest.update(outcome.weights[name].tobytes())
        found.append(digest.hexdigest())
    return found


@pytest.mark.parametrize("kind", [{}, {"batch_norm": True}, {"residual": True}])
def test_a_run_alone_equals_the_same_run_in_every_lane_of_a_full_packed_batch(make, kind):
    """Sixteen runs together give the bits that each gives alone, and in any other place of the packed batch."""
    split, runs = make.split(), [make.run(seed, **kind) for seed in range(16)]

    together = finish(engine().start(runs, split))

    assert len(set(together)) == 16
    assert finish(engine().start(runs[::-1], split)) == together[::-1]
    for number in (0, 5, 15):
        assert finish(engine().start([runs[number]], split)) == [together[number]]


def test_a_packed_batch_may_mix_learning_rates_dropout_and_all_settings_of_an_optimiser(make):
    """Runs with different settings share a packed batch, and each gives the bits it gives alone."""
    runs = [
        make.run(1, learning_rate=0.01),
        make.run(1, learning_rate=0.0003),
        make.run(1, dropout=0.6),
        make.run(2, dropout=0.0, weight_decay=0.01),
        make.run(3, beta1=0.5, beta2=0.9, epsilon=1e-3),
    ]
    assert len({engine().packing_key(run.specification) for run in runs}) == 1

    together = finish(engine().start(runs, make.split()))

    assert len(set(together)) == len(runs)
    assert together == [finish(engine().start([run], make.split()))[0] for run in runs]


def test_a_packed_batch_may_mix_augmentations_and_their_strengths(make):
    """Each run sees its images as it would alone, also one that changes none."""
    runs = [
        make.run(1),
        make.run(1, flip=True, crop=2),
        make.run(1, flip=True),
        make.run(2, rotation=30.0, brightness=0.2),
        make.run(2, rotation=5.0, contrast=0.4),
        make.run(2, cutout=4),
    ]
    assert len({engine().packing_key(run.specification) for run in runs}) == 1

    together = finish(engine().start(runs, make.split()))

    assert len(set(together)) == len(runs)
    assert together == [finish(engine().start([run], make.split()))[0] for run in runs]


def test_momentum_is_each_runs_own(make):
    """Different momentum, Nesterov's too, may share a packed batch, and each run gives the bits it gives alone."""
    runs = [make.run(1, optimizer="sgd", momentum=momentum) for momentum in (0.0, 0.5, 0.9)]
    runs += [make.run(1, optimizer="sgd", momentum=0.5, nesterov=True)]

    together = finish(engine().start(runs, make.split()))

    assert len(set(together)) == len(runs)
    assert together == [finish(engine().start([run], make.split()))[0] for run in runs]


def test_a_diverged_run_stays_in_its_lane(make):
    """A run whose loss is no longer finite says so, and its neighbours keep their bits."""
    wild = make.run(0, optimizer="sgd", learning_rate=1e38)
    tame = [make.run(seed, optimizer="sgd") for seed in (1, 2)]
    training = engine().start([tame[0], wild, tame[1]], make.split())

    together = finish(training)

    outcome = training.outcomes()[1]
    assert np.isnan([outcome.test_loss, outcome.test_accuracy]).all()
    assert np.isnan(outcome.probabilities).all()
    assert [together[0], together[2]] == finish(engine().start(tame, make.split()))


def test_a_packed_batch_may_mix_schedules(make):
    """Schedules and their settings are each run's own."""
    schedules = (
        {},
        {"warmup_epochs": 1},
        {"schedule": "step", "step_epochs": 1},
        {"schedule": "step", "step_epochs": 1, "gamma": 0.5},
        {"schedule": "exponential", "gamma": 0.9},
        {"schedule": "cosine"},
        {"schedule": "cosine", "final_share": 0.5},
        {"schedule": "one_cycle"},
        {"schedule": "one_cycle", "learning_rate": 0.05, "rise": 0.5, "start_divisor": 5.0, "final_divisor": 10.0},
    )
    runs = [make.run(1, **schedule) for schedule in schedules]
    assert len({engine().packing_key(run.specification) for run in runs}) == 1

    together = finish(engine().start(runs, make.split()))

    assert len(set(together)) == len(runs)
    assert together == [finish(engine().start([run], make.split()))[0] for run in runs]


@pytest.mark.parametrize("steps", [1, 3, 6, 7, 8, 13])
def test_an_interrupted_run_ends_with_the_bits_of_an_uninterrupted_one(make, steps):
    """Stopping after any minibatch and going on in another packed batch changes nothing."""
    settings = ({}, {"schedule": "cosine"}, {"schedule": "one_cycle", "warmup_epochs": 1})
    runs = [make.run(seed, batch_norm=True, residual=True, **own) for seed, own in enumerate(settings)]
    split = make.split()
    expected = finish(engine().start(runs, split))
    curves = []

    first = engine().start(runs, split)
    for _ in range(steps):
        first._steps_a_slice = 1
        metrics = first.advance()
        if metrics is not None:
            curves.append(metrics)
    states = first.states()
    second = engine().start(runs[::-1], split, states[::-1])
    assert second.position == states[0].position
    while second.position.epoch < 2:
        metrics = second.advance()
        if metrics is not None:
            curves.append(metrics[::-1])

    assert digests(second.outcomes()[::-1], curves) == expected


@pytest.mark.skipif(len(FUSED) < 2, reason="this processor runs only one build with fused multiply-add")
@pytest.mark.parametrize("kind", [{}, {"batch_norm": True}, {"residual": True}])
def test_builds_with_fused_multiply_add_give_the_same_bits(make, kind):
    """AVX-512 and AVX2 agree to the last bit, with augmentation, decay and all."""
    split = make.split()
    runs = [make.run(seed, **kind, flip=True, crop=2, weight_decay=1e-4) for seed in range(11)]

    results = {name: finish(engine(name).start(runs, split)) for name in FUSED}

    assert results[InstructionSet.AVX512] == results[InstructionSet.AVX2]


def test_packed_batches_in_two_threads_do_not_notice_each_other(make):
    """Two threads give the bits that one gives."""
    split = make.split()
    batches = [[make.run(seed) for seed in range(first, first + 5)] for first in (0, 5, 10, 15)]
    alone = [finish(engine().start(batch, split)) for batch in batches]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda batch: finish(engine().start(batch, split)), batches)) == alone


def test_runs_differ_by_seed_alone_and_repeat_exactly(make):
    """The same seed gives the same bits again, another seed others."""
    split = make.split()

    first, again, other = (finish(engine().start([make.run(seed)], split)) for seed in (4, 4, 5))

    assert first == again
    assert first != other
