import pytest
import torch
from torch import nn

from ceteris.engines.torch.state import optimizer_of
from ceteris.training.training import Training


def made(training, layer):
    """Give the optimizer of a layer."""
    return optimizer_of(training, [(list(layer.parameters()), training.learning_rate)])


@pytest.mark.parametrize(
    ("training", "reference"),
    [
        (Training(learning_rate=0.02), lambda p: torch.optim.Adam(p, lr=0.02)),
        (
            Training(learning_rate=0.02, beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.1),
            lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
        ),
        (Training(optimizer="adamw", learning_rate=0.02), lambda p: torch.optim.AdamW(p, lr=0.02)),
        (
            Training(optimizer="adamw", learning_rate=0.02, beta1=0.8, weight_decay=0.1),
            lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.999), weight_decay=0.1),
        ),
        (Training(optimizer="sgd", learning_rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (
            Training(optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        ),
    ],
)
def test_steps_are_those_of_pytorch(training, reference):
    """With moments made beforehand, steps are those of a fresh optimiser with the same settings."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(4, 5, dtype=torch.float64, generator=generator)
    layers = [nn.Linear(5, 4, bias=False, dtype=torch.float64) for _ in range(2)]
    for layer in layers:
        layer.weight.data.copy_(start)
    optimizers = [made(training, layers[0]), reference(layers[1].parameters())]

    for _ in range(5):
        gradient = torch.randn(4, 5, dtype=torch.float64, generator=generator)
        for layer, optimizer in zip(layers, optimizers, strict=True):
            layer.weight.grad = gradient.clone()
            optimizer.step()

    assert not torch.equal(layers[0].weight, start)
    torch.testing.assert_close(layers[0].weight, layers[1].weight, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        (Training(), {"step", "exp_avg", "exp_avg_sq"}),
        (Training(optimizer="sgd"), set()),
        (Training(optimizer="sgd", momentum=0.5), {"momentum_buffer"}),
    ],
)
def test_moments_are_there_before_the_first_step(training, expected):
    """A state has the same arrays at every position, so that what is missing from one is known."""
    layer = nn.Linear(5, 4)
    optimizer = made(training, layer)
    before = set(optimizer.state[layer.weight])
    layer(torch.ones(1, 5)).sum().backward()
    optimizer.step()

    assert before == expected
    assert {name for name, value in optimizer.state[layer.weight].items() if value is not None} == expected
