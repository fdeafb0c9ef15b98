"""The optimizers of the kernels against PyTorch's in float64, step by step, and in one packed batch."""

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import kernel_training, usable_instruction_sets
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import OPTIMIZERS, Training
from tests.engines.lanes.single_steps import check_every_step

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

BATCH, EPOCHS = 8, 2
# With the usual epsilon the sign alone of a gradient that cancels to nearly nothing would move a weight.
SETTINGS = (
    {"epsilon": 0.01},
    {
        "epsilon": 0.02,
        "learning_rate": 0.03,
        "beta1": 0.8,
        "momentum": 0.5,
        "weight_decay": 0.1,
        "alpha": 0.9,
        "initial_accumulator": 0.2,
    },
    {"epsilon": 0.01, "beta2": 0.95, "momentum": 0.9, "weight_decay": 0.3, "nesterov": True},
)
SCHEDULES = ({"schedule": "cosine"}, {}, {"schedule": "exponential", "gamma": 0.5, "warmup_epochs": 1})


def made_runs(kind):
    """Make runs of a linear network that differ in every setting of an optimizer."""
    network = Network(layers=[Dense(dense="classes")])
    trainings = [
        Training(
            optimizer=kind.key,
            batch_size=BATCH,
            epochs=EPOCHS,
            **schedule,
            **{key: value for key, value in {"learning_rate": 0.01, **chosen}.items() if key in kind.model_fields},
        )
        for chosen, schedule in zip(SETTINGS, SCHEDULES, strict=True)
    ]
    return [
        Run(
            factor="f",
            variation="v",
            seed=seed,
            specification=Specification(data=DataChoice(), network=network, training=training),
            data_digest="0",
        )
        for seed, training in enumerate(trainings)
    ]


def weights_by_step(runs, split):
    """Train one minibatch at a time; give the weights of each run after each."""
    training = LanesEngine(instruction_set=usable_instruction_sets()[0]).start(runs, split)
    found = []
    while training.position.epoch < EPOCHS:
        training._steps_a_slice = 1
        training.advance()
        found.append([{name: state.arrays[name] for name in NAMES} for state in training.states()])
    return found


NAMES = ("layers.0.weight", "layers.0.bias")


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_the_kernels_honour_every_setting(kind):
    """As numbers of which each run has its own."""
    found = kernel_training(usable_instruction_sets()[0]).optimizers[kind.key]

    assert found.settings == kind.model_fields.keys()
    assert found.per_run == found.settings - kind.shared


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_every_step_is_that_of_pytorch_in_float64(make, kind):
    """A linear network with other settings in each of three runs, over two epochs with a smaller last minibatch."""
    engine, split = LanesEngine(instruction_set=usable_instruction_sets()[0]), make.split(training=20)

    assert [check_every_step(engine, run, split) for run in made_runs(kind)] == [2 * 3] * 3


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_a_run_alone_has_the_bits_that_it_has_beside_others(make, kind):
    """Every setting is the run's own."""
    split, runs = make.split(training=20), made_runs(kind)
    engine = LanesEngine(instruction_set=usable_instruction_sets()[0])
    assert len({engine.packing_key(run.specification) for run in runs}) == 1

    together = weights_by_step(runs, split)

    for index, run in enumerate(runs):
        for alone, beside in zip(weights_by_step([run], split), together, strict=True):
            for name in NAMES:
                np.testing.assert_array_equal(alone[0][name], beside[index][name])
