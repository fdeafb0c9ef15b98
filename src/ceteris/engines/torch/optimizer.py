"""The optimiser of a run: PyTorch's own, with the specification's settings."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import SGD, Adam

from ceteris.study.training import Optimizer, Training


def make_optimizer(training: Training, network: nn.Module) -> torch.optim.Optimizer:
    """Give PyTorch's Adam or SGD for all parameters of a network; see `optimizer_of`."""
    return optimizer_of(training, [(list(network.parameters()), training.learning_rate)])


def optimizer_of(training: Training, groups: Sequence[tuple[list[nn.Parameter], float]]) -> torch.optim.Optimizer:
    """Give PyTorch's Adam or SGD, with its moments made at once.

    PyTorch makes them at the first step. Zeros at step 0 mean the same, and a state then has the same arrays always.

    Args:
        training: All settings but the learning rate.
        groups: Parameters, each group with its learning rate.
    """
    settings = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    optimizer: torch.optim.Optimizer
    moments: tuple[str, ...]
    match training.optimizer:
        case Optimizer.ADAM:
            optimizer = Adam(
                settings,
                betas=(training.beta1, training.beta2),
                eps=training.epsilon,
                weight_decay=training.weight_decay,
                fused=True,
            )
            moments = ("exp_avg", "exp_avg_sq")
        case Optimizer.SGD:
            optimizer = SGD(settings, momentum=training.momentum, weight_decay=training.weight_decay, fused=True)
            moments = ("momentum_buffer",) if training.momentum > 0 else ()
    for parameter in (parameter for parameters, _ in groups for parameter in parameters):
        state = optimizer.state[parameter]
        if training.optimizer is Optimizer.ADAM:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        for moment in moments:
            state[moment] = torch.zeros_like(parameter)
    return optimizer
