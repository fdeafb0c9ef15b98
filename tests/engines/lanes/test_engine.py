"""The lanes engine as a whole: what it can train, that it learns, and that PyTorch agrees."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from tests.engines.lanes.single_steps import check_every_step
from tests.rounding import rounding

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")


def engine():
    """Give the engine with the widest kernels."""
    return LanesEngine(instruction_set=usable_instruction_sets()[0])


def train(training, epochs):
    """Train to the end and give the metrics of each epoch."""
    curve = []
    while training.position.epoch < epochs:
        metrics = training.advance()
        if metrics is not None:
            curve.append(metrics)
    return curve


def test_both_engines_learn_from_the_same_share_of_the_images(make):
    """With a fraction an epoch is as much shorter, on both engines, and each step of the two is the same."""
    run = make.run(3, epsilon=1e-4)
    specification = run.specification.model_copy(update={"data": DataChoice(fraction=0.4)})

    # Of 50 images 20, 8 at a time.
    assert check_every_step(engine(), replace(run, specification=specification), make.split()) == 2 * 3


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01, "learning_rate": 0.05},
        {"optimizer": "adam", "learning_rate": 0.001, "epsilon": 1e-4, "weight_decay": 0.01},
        {"optimizer": "sgd", "learning_rate": 0.05, "flip": True, "crop": 2},
        {"epsilon": 1e-4, "rotation": 15.0, "cutout": 3, "brightness": 0.3, "contrast": 0.3},
    ],
)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_every_step_is_that_of_pytorch_in_float64(make, settings, batch_norm):
    """From the same weights, order, dropout and augmentation, each step of both engines arrives at the same place."""
    run = make.run(3, batch_norm=batch_norm, **settings)

    assert check_every_step(engine(), run, make.split()) == 2 * 7


def test_a_packed_batch_learns_what_can_be_learnt(make):
    """The loss falls and the accuracy rises on images whose colour tells the class."""
    runs = [make.run(seed, epochs=8) for seed in range(4)]

    training = engine().start(runs, make.split(training=120))
    curve = train(training, 8)

    for number, outcome in enumerate(training.outcomes()):
        assert curve[-1][number].training_loss < 0.6 * curve[0][number].training_loss
        assert outcome.test_accuracy > 0.8
        assert outcome.probabilities.sum(axis=1) == pytest.approx(np.ones(23), abs=rounding(6))


def test_epochs_are_counted_and_scored_by_the_images(make):
    """An epoch ends with one record per run, whose accuracies are whole numbers of images."""
    training = engine().start([make.run(0), make.run(1)], make.split())

    curve = train(training, 2)

    assert [metrics[0].epoch for metrics in curve] == [1, 2]
    for metrics in curve:
        assert len(metrics) == 2
        assert metrics[1].training_accuracy * 50 == pytest.approx(round(metrics[1].training_accuracy * 50))
        assert metrics[1].validation_accuracy * 17 == pytest.approx(round(metrics[1].validation_accuracy * 17))


def test_accuracy_and_loss_are_those_of_the_probabilities(make):
    """The test score follows from the probabilities that are stored beside it."""
    training, test = engine().start([make.run(0)], make.split()), make.split().test
    train(training, 2)

    outcome = training.outcomes()[0]

    assert outcome.test_accuracy == np.mean(outcome.probabilities.argmax(axis=1) == test.labels)
    own = outcome.probabilities[np.arange(len(test)), test.labels].astype(np.float64)
    assert outcome.test_loss == pytest.approx(-np.log(own).mean(), rel=1e-5)


def test_runs_share_a_packed_batch_only_where_the_kernels_let_them(make):
    """Seed, rates, drop-out and augmentation may differ; batch size, epochs, optimiser and layers may not."""
    key = engine().packing_key
    baseline = make.run(0).specification

    assert key(make.run(1, learning_rate=0.5, dropout=0.1, weight_decay=0.1).specification) == key(baseline)
    assert key(make.run(1, flip=True, cutout=3, rotation=5.0).specification) == key(baseline)
    for other in (
        {"batch_size": 4},
        {"epochs": 3},
        {"optimizer": "sgd"},
        {"batch_norm": True},
    ):
        assert key(make.run(0, **other).specification) != key(baseline), other


def test_a_pool_too_large_for_the_kernels_is_unsupported(make):
    """The engine says what it cannot train, and why."""
    specification = make.run(0).specification
    layers = (Convolution(conv=2, kernel=1), MaxPool(max_pool=17), Dense(dense="classes"))

    assert engine().unsupported(specification) is None
    assert (
        engine().unsupported(specification.model_copy(update={"network": Network(layers=layers)}))
        == "layer 2 (max pool 17) has max_pool = 17; the largest is 16"
    )


def test_memory_counts_whole_minibatches_only_where_batch_norm_needs_them(make):
    """Without it a larger minibatch takes no more; with it at least what a convolution writes of each image more."""
    images = make.split().kind
    found = [
        [
            engine().requirements(make.run(0, batch_size=size, residual=residual).specification, images, 1).memory
            for size in (16, 116)
        ]
        for residual in (False, True)
    ]

    assert found[0][0] == found[0][1]
    assert found[1][1] - found[1][0] > 100 * 16 * 4 * (3 * 8 * 8 + 6 * 4 * 4)
    assert found[1][1] - found[1][0] < 100 * 16 * 4 * 10 * (3 * 10 * 10 + 6 * 4 * 4)
