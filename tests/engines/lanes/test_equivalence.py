"""Both engines come to the same accuracy over sixteen seeds."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import split_dataset
from ceteris.datasets.shapes import draw_shapes
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine
from tests.engines.lanes.single_steps import check_every_step

SEEDS = 16


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_final_accuracies_over_sixteen_seeds_are_equal_within_one_point(make):
    """The 90 % interval of the paired difference in test accuracy lies within 1 percentage point."""
    split = split_dataset(draw_shapes(batches=1, images=200), DataChoice(name="shapes"))
    runs = [make.run(seed, learning_rate=0.005, batch_size=32, epochs=3) for seed in range(SEEDS)]

    lanes = finish(LanesEngine(instruction_set=usable_instruction_sets()[0]).start(runs, split))
    torch = [finish(TorchEngine().start([run], split))[0] for run in runs]

    differences = 100 * (np.array(lanes) - np.array(torch))
    half_width = 1.753 * differences.std(ddof=1) / np.sqrt(SEEDS)  # Student's t for 15 degrees of freedom
    assert abs(differences.mean()) + half_width < 1.0
    assert np.mean(lanes) > 0.2  # chance is 0.1


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
@pytest.mark.parametrize("side", [28, 32])
def test_grey_images_train_alike_on_both_engines(make, side):
    """Of one channel, mirrored and shifted: each step agrees with float64."""
    colour = split_dataset(draw_shapes(batches=1, images=100), DataChoice(name="shapes"))
    parts = {
        part: replace(one, images=np.ascontiguousarray(one.images[:, :side, :side, :1]))
        for part, one in (("training", colour.training), ("validation", colour.validation), ("test", colour.test))
    }
    split = replace(colour, **parts, scale=colour.scale[:1], offset=colour.offset[:1])
    run = make.run(0, learning_rate=0.002, epsilon=1e-4, batch_size=32, epochs=1, flip=True, crop=3)

    assert check_every_step(LanesEngine(instruction_set=usable_instruction_sets()[0]), run, split) > 1


def finish(training):
    """Train three epochs and give the test accuracies."""
    while training.position.epoch < 3:
        training.advance()
    return [outcome.test_accuracy for outcome in training.outcomes()]


@pytest.mark.parametrize("learning_rate", [1e37, 1e38])
def test_what_diverged_has_no_accuracy_on_either_engine(make, learning_rate):
    """Where a loss is not finite, as in every epoch here, neither engine gives a number for it or its accuracy."""
    run = make.run(0, optimizer="sgd", learning_rate=learning_rate, dropout=0.0)
    for engine in (TorchEngine(), *(LanesEngine(instruction_set=each) for each in usable_instruction_sets())):
        training = engine.start([run], make.split())
        while training.position.epoch < 2:
            metrics = training.advance()
        (outcome,) = training.outcomes()
        assert np.isnan([metrics[0].training_loss, metrics[0].training_accuracy]).all()
        assert np.isnan([metrics[0].validation_loss, metrics[0].validation_accuracy]).all()
        assert np.isnan([outcome.test_loss, outcome.test_accuracy]).all()
