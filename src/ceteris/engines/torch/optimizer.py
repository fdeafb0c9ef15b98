"""The optimiser of a run: PyTorch's own, with the specification's settings."""

import torch
from torch import nn
from torch.optim import SGD, Adam

from ceteris.study.training import Optimizer, Training


def make_optimizer(training: Training, network: nn.Module) -> torch.optim.Optimizer:
    """Give PyTorch's Adam or SGD, with its moments made at once.

    PyTorch makes them at the first step. Zeros at step 0 mean the same, and a state then has the same arrays always.
    """
    parameters = list(network.parameters())
    optimizer: torch.optim.Optimizer
    moments: tuple[str, ...]
    match training.optimizer:
        case Optimizer.ADAM:
            optimizer = Adam(
                parameters,
                lr=training.learning_rate,
                betas=(training.beta1, training.beta2),
                eps=training.epsilon,
                weight_decay=training.weight_decay,
                fused=True,
            )
            moments = ("exp_avg", "exp_avg_sq")
        case Optimizer.SGD:
            optimizer = SGD(
                parameters,
                lr=training.learning_rate,
                momentum=training.momentum,
                weight_decay=training.weight_decay,
                fused=True,
            )
            moments = ("momentum_buffer",) if training.momentum > 0 else ()
    for parameter in parameters:
        state = optimizer.state[parameter]
        if training.optimizer is Optimizer.ADAM:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        for moment in moments:
            state[moment] = torch.zeros_like(parameter)
    return optimizer
