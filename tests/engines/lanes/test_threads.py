"""A packed batch has the same bits on any number of threads, whatever layers, optimizers and minibatches it has."""

import hashlib

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.training.training import OPTIMIZERS
from tests.engines.lanes.test_bits import digests, engine, finish
from tests.engines.lanes.test_gradients import BATCH, NETWORKS, made_run, made_split

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")


def bits(runs, *, cores, split=None):
    """Train runs to their end on some cores, and give one digest of all that they came to."""
    training = engine().start(runs, split or made_split())
    training.spread(cores)
    assert training.cores == min(cores, runs[0].specification.training.batch_size)
    digest = hashlib.sha256()
    while training.position.epoch < runs[0].specification.training.epochs:
        metrics = training.advance()  # None as often as the clock has it
        digest.update(b"" if metrics is None else repr(metrics).encode())
    for state, outcome in zip(training.states(), training.outcomes(), strict=True):
        for arrays in (state.arrays, outcome.weights, {"probabilities": outcome.probabilities}):
            for name in sorted(arrays):
                digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_layer_has_the_same_bits_on_any_number_of_threads(name):
    """In whole minibatches, and where the last of an epoch is one image, so that some threads have none.

    The widest build; `make test-elsewhere` takes each, as `CETERIS_ISA` names it.
    """
    for batch_size in (BATCH, 6):
        runs = [made_run(NETWORKS[name], seed, batch_size=batch_size) for seed in (3, 4)]
        one, two, three = (bits(runs, cores=cores) for cores in (1, 2, 3))
        assert two == one
        assert three == one


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_every_optimizer_has_the_same_bits_on_any_number_of_threads(kind):
    """With clipped gradients, averaged weights and views of the images."""
    settings = {"optimizer": kind.key, "learning_rate": 0.01, "batch_size": 5, "epochs": 2, "flip": True, "crop": 2}
    steady = ({}, {"clip_norm": 0.2, "average_decay": 0.9, "label_smoothing": 0.1})
    runs = [made_run(NETWORKS["projection"], seed, **settings, **own) for seed, own in enumerate(steady)]

    assert bits(runs, cores=2) == bits(runs, cores=1)
    assert bits(runs, cores=4) == bits(runs, cores=1)


@pytest.mark.parametrize("steps", [1, 6, 8])
def test_threads_may_change_between_minibatches_and_when_an_interrupted_run_goes_on(make, steps):
    """Two threads, then one, then three from a checkpoint, end with the bits of one."""
    split, runs = make.split(), [make.run(seed, batch_norm=True, residual=True) for seed in range(3)]
    expected = finish(engine().start(runs, split))
    curves = []

    first = engine().start(runs, split)
    for step in range(steps):
        first.spread(1 + step % 2)
        first._steps_a_slice = 1
        metrics = first.advance()
        curves += [] if metrics is None else [metrics]
    second = engine().start(runs, split, first.states())
    second.spread(3)
    while second.position.epoch < 2:
        metrics = second.advance()
        curves += [] if metrics is None else [metrics]

    assert digests(second.outcomes(), curves) == expected


def test_a_packed_batch_is_spread_over_no_more_threads_than_a_minibatch_has_images(make):
    """Eight images keep eight threads busy, whatever it is given; and it takes one until it is told otherwise."""
    training = LanesEngine(instruction_set=usable_instruction_sets()[0]).start([make.run(1)], make.split())

    assert training.cores == 1
    training.spread(100)
    assert training.cores == 8
