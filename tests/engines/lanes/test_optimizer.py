"""The optimizers of the kernels against PyTorch's in float64, step by step, alone and in one packed batch."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.datasets.choice import DataChoice
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import kernel_training, usable_instruction_sets
from ceteris.engines.streams import initial_weights, order
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import OPTIMIZERS, Training
from tests.rounding import rounding

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
    """A linear network in three runs with other settings each, over two epochs with a smaller last minibatch."""
    split, runs = make.split(training=20), made_runs(kind)
    image = Shape(*split.training.images.shape[1:])
    steps = weights_by_step(runs, split)
    scale, offset = (torch.tensor(array, dtype=torch.float64) for array in (split.scale, split.offset))
    pixels = torch.tensor(split.training.images).double() * scale + offset
    rows = pixels.permute(0, 3, 1, 2).flatten(1)
    labels = torch.tensor(split.training.labels.astype(np.int64))
    for index, run in enumerate(runs):
        training = run.specification.training
        start = initial_weights(run.specification.network, image, split.classes, run.seed)
        exact = [torch.tensor(start[name], dtype=torch.float64, requires_grad=True) for name in NAMES]
        described = training.chosen_optimizer.torch()
        optimizer = getattr(torch.optim, described.name)(exact, lr=training.learning_rate, **described.keywords)
        chosen = [
            order(run.seed, epoch, len(labels))[first : first + BATCH]
            for epoch in range(EPOCHS)
            for first in range(0, len(labels), BATCH)
        ]
        assert len(chosen) == len(steps) == 6
        for number, (places, found) in enumerate(zip(chosen, steps, strict=True), start=1):
            optimizer.zero_grad()
            functional.cross_entropy(functional.linear(rows[places], *exact), labels[places]).backward()
            # Sums of a minibatch and of all pixels, divided by epsilon at most, for each step so far.
            gradient = max(float(one.grad.abs().max()) for one in exact)
            step = (number - 1) % 3
            factor = training.chosen_schedule.factors((number - 1) // 3, training.length(len(labels)))[step]
            optimizer.param_groups[0]["lr"] = training.learning_rate * float(factor)
            optimizer.step()
            roundings = number * (BATCH + rows.shape[1] + 20)
            bound = rounding(roundings, training.learning_rate * max(1, gradient) / 0.01) + rounding(3 * number)
            for name, one in zip(NAMES, exact, strict=True):
                assert np.abs(found[index][name] - one.detach().numpy()).max() < bound, (run.seed, number, name)


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
