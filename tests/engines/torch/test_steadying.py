"""Label smoothing, clipping and averages of the PyTorch engine against a loop written with PyTorch's own."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ceteris.engines.streams import initial_weights, order
from ceteris.engines.torch.batches import fill, pixel_table, scaled, weight_tensors
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.dense import Dense
from ceteris.networks.shape import Shape
from tests.rounding import DOUBLE, SINGLE, rounding

LAYERS = (BatchNorm(batch_norm=True), Dense(dense="classes"))
# Ten steps of sums over 9 x 9 x 3 products in float64, whose magnitudes add up to no more than a thousand.
CLOSE = rounding(10 * 9 * 9 * 3, 1000, unit=DOUBLE)


@pytest.mark.parametrize(
    "settings",
    [
        {"label_smoothing": 0.2},
        {"clip_norm": 0.5},
        {"average_decay": 0.8},
        {"label_smoothing": 0.1, "clip_norm": 1.0, "average_decay": 0.3},
    ],
)
def test_training_is_a_plain_pytorch_loop(split, make_run, settings):
    """Weights and scores are those of PyTorch's label smoothing, `clip_grad_norm_` and `AveragedModel`."""
    run = make_run(LAYERS, epochs=2, optimizer="sgd", learning_rate=0.1, **settings)
    packed, metrics = TorchEngine(precision="float64").start([run], split), []
    while packed.position.epoch < 2:
        metrics += packed.advance() or ()
    (outcome,) = packed.outcomes()

    network = LayeredNetwork(run.specification.network, Shape(9, 9, 3), 3, run.seed)
    fill(weight_tensors(network), initial_weights(run.specification.network, Shape(9, 9, 3), 3, run.seed))
    network.double()
    average = AveragedModel(
        network, multi_avg_fn=get_ema_multi_avg_fn(settings.get("average_decay", 0)), use_buffers=True
    )
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    table = torch.from_numpy(pixel_table(split.scale, split.offset)).double()
    inputs, labels = scaled(torch.tensor(split.training.images), table), torch.tensor(split.training.labels).long()
    norms = []
    for epoch in range(2):
        visit, losses = order(run.seed, epoch, 75), []
        for first in range(0, 75, 16):
            chosen = visit[first : first + 16].tolist()
            logits = network(inputs[chosen])
            losses.append(functional.cross_entropy(logits, labels[chosen]).item() * len(chosen))
            optimizer.zero_grad()
            smoothing = settings.get("label_smoothing", 0)
            functional.cross_entropy(logits, labels[chosen], label_smoothing=smoothing).backward()
            if "clip_norm" in settings:
                norms.append(float(torch.nn.utils.clip_grad_norm_(network.parameters(), settings["clip_norm"])))
            optimizer.step()
            average.update_parameters(network)
        assert metrics[epoch].training_loss == pytest.approx(sum(losses) / 75, rel=CLOSE)
    scored = average.module.eval()
    with torch.no_grad():
        logits = scored(scaled(torch.tensor(split.validation.images), table))
    expected = functional.cross_entropy(logits, torch.tensor(split.validation.labels).long()).item()
    assert metrics[-1].validation_loss == pytest.approx(expected, rel=CLOSE)
    for name, tensor in weight_tensors(scored).items():
        np.testing.assert_allclose(outcome.weights[name], tensor.numpy(), rtol=2 * SINGLE, atol=CLOSE)
    assert max(norms, default=1e9) > settings.get("clip_norm", 0)  # some gradient was clipped


def test_an_average_is_scored_and_training_goes_on_from_the_weights(split, make_run):
    """The state keeps both, and only runs that average have an average in it."""
    averaged, plain = (TorchEngine().start([make_run(LAYERS, average_decay=decay)], split) for decay in (0.9, 0.0))
    for packed in (averaged, plain):
        while packed.position.epoch < 1:
            packed.advance()
    found, expected = (packed.states()[0].arrays for packed in (averaged, plain))

    names = {name for name in found if name.startswith("average.")}
    assert names == {f"average.{name}" for name in averaged.outcomes()[0].weights}
    assert found.keys() - names == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    assert not np.array_equal(found["average.layers.1.weight"], found["layers.1.weight"])
    np.testing.assert_array_equal(averaged.outcomes()[0].weights["layers.1.weight"], found["average.layers.1.weight"])
