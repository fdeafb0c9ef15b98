"""The network after the epoch with the lowest validation loss, on engines that train layers."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine
from ceteris.training.stopping import best_epoch
from tests.engines.lanes.conftest import Maker

ENGINES = [TorchEngine(), *(LanesEngine(instruction_set=name) for name in usable_instruction_sets()[:1])]
EPOCHS = 6


def runs_of(engine, scored_epoch, learning_rate=0.3):
    """Runs that learn so fast that their validation loss rises again; one of them scores its last epoch always."""
    chosen = ["last", *[scored_epoch] * 3]
    runs = [
        Maker().run(seed, epochs=EPOCHS, learning_rate=learning_rate, batch_norm=True, scored_epoch=one)
        for seed, one in enumerate(chosen)
    ]
    return runs if engine.packed_runs > 1 else runs[-1:]


def finish(training, metrics=()):
    """Train to the end; give the metrics of each epoch, and the outcomes after each."""
    curve, ends = list(metrics), []
    while training.position.epoch < EPOCHS:
        own = training.advance()
        if own is not None:
            curve.append(own)
            ends.append(training.outcomes())
    return curve, ends


def assert_same(found, expected):
    """Compare every bit of two outcomes."""
    assert (found.test_loss, found.test_accuracy) == (expected.test_loss, expected.test_accuracy)
    assert np.array_equal(found.probabilities, expected.probabilities)
    assert found.weights.keys() == expected.weights.keys()
    for name, array in expected.weights.items():
        assert np.array_equal(found.weights[name], array), name


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_its_outcome_is_the_one_that_the_run_had_then(engine):
    """Bit for bit, beside runs that score another epoch; training and validation are as without it."""
    split = Maker().split()
    curve, ends = finish(engine.start(runs_of(engine, "last"), split))
    best_curve, best_ends = finish(engine.start(runs_of(engine, "best"), split))

    assert best_curve == curve
    chosen = [best_epoch([own[place].validation_loss for own in curve]) for place in range(len(curve[0]))]
    assert any(epoch < EPOCHS for epoch in chosen[-3:])
    for place, epoch in enumerate(chosen):
        is_last = place == 0 and len(chosen) > 1
        assert_same(best_ends[-1][place], ends[-1 if is_last else epoch - 1][place])


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_an_interrupted_run_keeps_its_best_epoch(engine):
    """Interrupted after any epoch, it ends with the same bits; the state is all that it needs."""
    split, runs = Maker().split(), runs_of(engine, "best")
    _, ends = finish(engine.start(runs, split))

    for epoch in range(1, EPOCHS):
        training = engine.start(runs, split)
        while training.position.epoch < epoch:
            training.advance()
        _, resumed = finish(engine.start(runs, split, training.states()))
        for found, expected in zip(resumed[-1], ends[-1], strict=True):
            assert_same(found, expected)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_run_without_a_number_for_any_loss_has_an_outcome_all_the_same(engine):
    """There is no best epoch, and the present network is scored, so that its neighbours can be."""
    (run, *_) = runs_of(engine, "best")[::-1]
    training = run.specification.training.model_copy(update={"optimizer": "sgd", "learning_rate": 1e38})
    wild = replace(run, specification=run.specification.model_copy(update={"training": training}))

    _, ends = finish(engine.start([wild], Maker().split()))

    assert np.isnan([ends[-1][0].test_loss, ends[-1][0].test_accuracy]).all()
