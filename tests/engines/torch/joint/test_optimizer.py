import dataclasses

import pytest
import torch

from ceteris.engines.torch.joint.optimizer import UPDATES, stacked_optimizer
from ceteris.training.training import OPTIMIZERS, Training
from tests.rounding import rounding

PARAMETERS, STEPS = 60, 6
SETTINGS = {
    "usual": ({}, {}, {}),
    "each its own": (
        {"learning_rate": 0.02, "beta1": 0.8, "momentum": 0.5, "initial_accumulator": 0.3},
        {"weight_decay": 0.1, "beta2": 0.95, "momentum": 0.9, "nesterov": True, "alpha": 0.9},
        {"learning_rate": 0.3, "weight_decay": 0.3, "epsilon": 1e-3},
    ),
}


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_the_update_of_every_optimizer_honours_its_settings(kind):
    """A setting that an update did not know would be refused, and none is."""
    assert UPDATES[kind.key][0] == kind.model_fields.keys()


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
@pytest.mark.parametrize("name", SETTINGS)
def test_every_step_is_that_of_pytorch_in_float64(make_run, kind, name):
    """Each of three runs moves as PyTorch's optimizer moves it, with its own settings and schedule, step by step."""
    trainings = [
        Training(
            optimizer=kind.key,
            **{key: value for key, value in {"learning_rate": 0.01, **chosen}.items() if key in kind.model_fields},
        )
        for chosen in SETTINGS[name]
    ]
    runs = []
    for training in trainings:
        run = make_run()
        specification = run.specification.model_copy(update={"training": training})
        runs.append(dataclasses.replace(run, specification=specification))
    generator = torch.Generator().manual_seed(3)
    factors = torch.rand(STEPS, 3, generator=generator, dtype=torch.float64)
    rows = torch.randn(3, PARAMETERS, generator=generator)
    optimizer = stacked_optimizer(runs, rows)
    exact = [row.double().requires_grad_() for row in rows.clone()]
    references = [
        getattr(torch.optim, described.name)([row], lr=training.learning_rate, **described.keywords)
        for row, training in zip(exact, trainings, strict=True)
        for described in [training.chosen_optimizer.torch()]
    ]
    for step in range(1, STEPS + 1):
        gradients = torch.randn(3, PARAMETERS, generator=generator)
        for row, gradient in zip(exact, gradients, strict=True):
            row.grad = gradient.double()
        for reference, training, factor in zip(references, trainings, factors[step - 1], strict=True):
            reference.param_groups[0]["lr"] = training.learning_rate * float(factor)
            reference.step()
        optimizer.step(rows, gradients.clone(), factors[step - 1])

        for row, found, training in zip(exact, rows, trainings, strict=True):
            # Some twenty roundings a step, of weights and of moves of a few learning rates each.
            size = float(row.detach().abs().max()) + 10 * training.learning_rate
            assert float((found.double() - row.detach()).abs().max()) < rounding(20 * step, size)
