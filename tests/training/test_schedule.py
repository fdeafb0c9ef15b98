import hashlib
import warnings

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from ceteris.training.schedule import Constant, Cosine, Exponential, Length, OneCycle, Step
from ceteris.training.training import SCHEDULES, Training

LENGTH = Length(epochs=7, steps=5)
# Where the steps of PyTorch's own schedule are: after each minibatch, or after each epoch.
EXAMPLES = {
    "constant": (Constant(), lambda made, _: lr_scheduler.ConstantLR(made, factor=1), 1),
    "step": (Step(step_epochs=2, gamma=0.3), lambda made, _: lr_scheduler.StepLR(made, 2, gamma=0.3), 5),
    "exponential": (Exponential(gamma=0.7), lambda made, _: lr_scheduler.ExponentialLR(made, 0.7), 5),
    "cosine": (Cosine(), lr_scheduler.CosineAnnealingLR, 1),
    "cosine to a share": (
        Cosine(final_share=0.1),
        lambda made, steps: lr_scheduler.CosineAnnealingLR(made, steps, eta_min=0.2 * 0.1),
        1,
    ),
    "one cycle": (
        OneCycle(),
        lambda made, steps: lr_scheduler.OneCycleLR(made, 0.2, total_steps=steps, cycle_momentum=False),
        1,
    ),
    "one cycle with settings": (
        OneCycle(rise=0.42, start_divisor=10, final_divisor=300),
        lambda made, steps: lr_scheduler.OneCycleLR(
            made, 0.2, total_steps=steps, pct_start=0.42, div_factor=10, final_div_factor=300, cycle_momentum=False
        ),
        1,
    ),
}


def stepped(optimizer, schedule, steps, *, every=1):
    """Step a schedule of PyTorch as its manual says; give the learning rate of each minibatch."""
    rates = []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            with warnings.catch_warnings(category=UserWarning, action="ignore"):  # of a step beyond the last
                schedule.step()
    return rates


def optimizer():
    """Give an optimizer of PyTorch with nothing to learn."""
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)


def rates(schedule, length):
    """Give the learning rate of every step of training."""
    return np.concatenate([0.2 * schedule.factors(epoch, length) for epoch in range(length.epochs)])


def test_every_schedule_has_an_example():
    """A new one must be compared with PyTorch's."""
    assert {type(schedule) for schedule, *_ in EXAMPLES.values()} == set(SCHEDULES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_step_has_the_learning_rate_of_pytorch(name):
    """Over the whole of training, to the rounding of a few operations in float64."""
    schedule, reference, every = EXAMPLES[name]
    steps = LENGTH.epochs * LENGTH.steps
    made = optimizer()

    expected = stepped(made, reference(made, steps), steps, every=every)

    np.testing.assert_allclose(rates(schedule, LENGTH), expected, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name", EXAMPLES)
def test_warm_up_is_pytorchs_linear_one_and_then_the_schedule(name):
    """It rises step by step to where the schedule begins, which then has the epochs that are left."""
    schedule, reference, every = EXAMPLES[name]
    warm, steps = 2 * LENGTH.steps, (LENGTH.epochs - 2) * LENGTH.steps
    made, rising = optimizer(), optimizer()
    own = stepped(made, reference(made, steps), steps, every=every)
    rising.param_groups[0]["lr"] = own[0]
    linear = lr_scheduler.LinearLR(rising, start_factor=1 / warm, total_iters=warm - 1)

    expected = [*stepped(rising, linear, warm), *own]

    found = rates(schedule.model_copy(update={"warmup_epochs": 2}), LENGTH)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-16)


def test_one_warm_up_step_has_the_first_learning_rate():
    """There is nothing to rise from."""
    assert list(Constant(warmup_epochs=1).factors(0, Length(epochs=2, steps=1))) == [1.0]


def test_factors_are_the_same_bits_on_every_machine():
    """Nothing but the four operations is used, so this digest holds everywhere."""
    digest = hashlib.sha256()
    for schedule, *_ in EXAMPLES.values():
        for epoch in range(LENGTH.epochs):
            digest.update(schedule.factors(epoch, LENGTH).tobytes())

    assert digest.hexdigest()[:16] == "3a660dce26e61c5b"


def test_training_of_a_single_step_has_a_factor():
    """Whatever the schedule, although a check of the study refuses some of them."""
    for kind in SCHEDULES:
        (factor,) = kind().factors(0, Length(epochs=1, steps=1))

        assert 0 <= factor <= 1, kind.key


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"warmup_epochs": 5, "epochs": 5},
            (
                "training.warmup_epochs = 5 leaves none of training.epochs = 5 after the warm-up; "
                "give fewer, or train longer."
            ),
        ),
        (
            {"schedule": "step", "step_epochs": 20},
            (
                'schedule = "step" with training.step_epochs = 20 changes nothing in 20 epochs; '
                "give fewer, or train longer."
            ),
        ),
        (
            {"schedule": "step", "step_epochs": 3, "warmup_epochs": 4, "epochs": 5},
            (
                'schedule = "step" with training.step_epochs = 3 changes nothing in 1 epoch after the warm-up; '
                "give fewer, or train longer."
            ),
        ),
        (
            {"schedule": "exponential", "epochs": 1},
            'schedule = "exponential" changes nothing in 1 epoch; train longer, or leave it out.',
        ),
        (
            {"schedule": "exponential"},
            (
                "training.gamma = 0.1 after every epoch leaves 1e-19 of the learning rate in the last of 20 epochs, "
                "which moves no weight; give a larger one, for example 0.9."
            ),
        ),
    ],
)
def test_a_schedule_longer_than_training_is_said(settings, sentence):
    """With what was found, and what to do."""
    assert list(Training(**settings).faults()) == [sentence]


def test_schedules_that_fit_have_no_faults():
    """The shortest training that each has something to do in."""
    for settings in (
        {"warmup_epochs": 4},
        {"schedule": "step", "step_epochs": 4},
        {"schedule": "step", "step_epochs": 1, "warmup_epochs": 3},
        {"schedule": "exponential", "gamma": 0.9},
        {"schedule": "cosine", "epochs": 1},
        {"schedule": "one_cycle", "epochs": 1},
    ):
        assert list(Training(**{"epochs": 5, **settings}).faults()) == [], settings


def test_a_rise_of_no_step_is_said_where_the_number_of_images_is_known():
    """It depends on the number of minibatches."""
    training = Training(schedule="one_cycle", rise=0.01, epochs=2, batch_size=10)

    assert list(training.step_faults(500)) == [
        "training.rise = 0.01 of 100 steps leaves none to rise in; give a larger share, or train longer."
    ]
    assert list(training.step_faults(501)) == []
    assert list(training.model_copy(update={"warmup_epochs": 2}).step_faults(500)) == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Constant(), ""),
        (Constant(warmup_epochs=1), "linear warm-up for 1 epoch"),
        (
            Step(warmup_epochs=5, step_epochs=30),
            "linear warm-up for 5 epochs, learning rate multiplied by 0.1 every 30 epochs",
        ),
        (Exponential(gamma=0.9), "learning rate multiplied by 0.9 every epoch"),
        (Cosine(), "cosine annealing of the learning rate to 0"),
        (Cosine(final_share=0.01), "cosine annealing of the learning rate to 0.01 of it"),
        (
            OneCycle(),
            (
                "one cycle of the learning rate, from the peak divided by 25 up for 30 % of the steps and down to that "
                "divided by 10000, along cosines"
            ),
        ),
    ],
)
def test_a_schedule_says_what_it_does(schedule, words):
    """For the methods section."""
    assert str(schedule) == words
