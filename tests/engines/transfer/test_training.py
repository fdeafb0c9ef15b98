from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from ceteris.engines.streams import initial_weights, sampled_indices, sampling_order, shifts
from ceteris.engines.torch.network import BatchPosition, CountedDropout
from ceteris.networks.shape import Shape
from tests.rounding import rounding

TOGETHER = 9 * rounding(1280, 1.0)
"""What a run may differ by in two computations: nine steps, each behind sums over 1,280 features."""

HIDDEN = ({"dropout": 0.3}, {"dense": 8, "activation": "tanh"}, {"dropout": 0.1}, {"dense": "classes"})


def finish(training, epochs=3):
    """Train to the end; give the metrics of each epoch and the outcomes."""
    curves = []
    while training.position.epoch < epochs:
        metrics = training.advance()
        if metrics is not None:
            curves.append(metrics)
    return curves, training.outcomes()


def reference(engine, run, split):
    """Train the same head with PyTorch's own layers, gradients and optimisers."""
    features = {
        name: torch.from_numpy(np.array(engine.start([run], split)._features[name].values))
        for name in ("training", "test", *(["mirrored"] if run.specification.training.flip else []))
    }
    network, training = run.specification.network, run.specification.training
    drawn = initial_weights(network, Shape(32, 32, 3), split.classes, run.seed)
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in drawn.items()}
    settings = {"lr": training.learning_rate, "weight_decay": training.weight_decay}
    if training.optimizer == "adam":
        optimizer = torch.optim.Adam(weights.values(), **settings)
    else:
        optimizer = torch.optim.SGD(weights.values(), momentum=training.momentum, **settings)

    def logits(values, place):
        drops = 0
        for index, layer in enumerate(network.head):
            if f"head.{index}.weight" not in weights:
                dropout = CountedDropout(layer.dropout, seed=run.seed, stream=f"dropout-{drops}")
                values, drops = dropout(values[:, :, None, None], place)[:, :, 0, 0], drops + 1
                continue
            values = functional.linear(values, weights[f"head.{index}.weight"], weights[f"head.{index}.bias"])
            values = {"tanh": torch.tanh, "relu": torch.relu, None: lambda same: same}[layer.activation](values)
        return values

    places = sampled_indices(run, split.training.labels, classes=split.classes)
    length, averages = training.length(len(places)), {}
    for epoch in range(training.epochs):
        visited = sampling_order(run.seed, epoch, places)
        moved = shifts(run.seed, epoch, len(places), flip=training.flip, crop=0)[:, 0]
        for start in range(0, len(visited), training.batch_size):
            chosen = visited[start : start + training.batch_size]
            views = [
                features["mirrored" if mirrored else "training"][image]
                for image, mirrored in zip(chosen, moved[start:], strict=False)
            ]
            place = BatchPosition(epoch=epoch, positions=torch.arange(start, start + len(chosen)))
            labels = torch.from_numpy(split.training.labels[chosen].astype(np.int64))
            optimizer.zero_grad()
            smoothing = training.chosen_loss.label_smoothing
            functional.cross_entropy(logits(torch.stack(views), place), labels, label_smoothing=smoothing).backward()
            if training.clip_norm:
                torch.nn.utils.clip_grad_norm_(weights.values(), training.clip_norm)
            factor = training.chosen_schedule.factors(epoch, length)[start // training.batch_size]
            optimizer.param_groups[0]["lr"] = training.learning_rate * float(factor)
            optimizer.step()
            for name, one in weights.items():
                new = one.detach().clone()
                averages[name] = averages.get(name, new).lerp(new, 1 - training.average_decay)
    weights.update(averages)
    with torch.no_grad():
        return logits(features["test"], None).softmax(1).numpy()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01},
        {"head": HIDDEN, "weight_decay": 0.001},
        {"flip": True},
        {"data": {"fraction": 0.5}},
        {"label_smoothing": 0.2, "clip_norm": 0.5, "average_decay": 0.5, "schedule": "cosine"},
    ],
    ids=["Adam", "SGD", "hidden layer and dropout", "mirrored views", "half of the images", "steadied"],
)
def test_learns_what_pytorch_learns(engine, make_run, split, settings):
    """From the same weights, order, views and dropout, the stacked heads arrive where PyTorch's own layers do."""
    run = make_run(**settings)

    _, (outcome,) = finish(engine.start([run], split))

    np.testing.assert_allclose(outcome.probabilities, reference(engine, run, split), rtol=0, atol=TOGETHER)


def test_a_run_alone_is_the_same_as_beside_fifteen_others(engine, make_run, split):
    """Seeds, learning rates and dropout differ in a packed batch; none of them touches another run."""
    heads = [({"dropout": share}, {"dense": "classes"}) for share in (0.2, 0.5)]
    # With Adam's usual epsilon the sign alone of a gradient that cancels to nearly nothing would move a weight.
    settings = {"epsilon": 0.01}
    steadied = ({}, {"label_smoothing": 0.2, "clip_norm": 0.5, "average_decay": 0.5, "schedule": "cosine"})
    runs = [
        make_run(seed, heads[seed % 2], learning_rate=0.01 * (1 + seed), **settings, **steadied[seed % 2])
        for seed in range(16)
    ]
    assert len({engine.packing_key(run.specification) for run in runs}) == 1

    curves, outcomes = finish(engine.start(runs, split))
    alone_curves, (alone,) = finish(engine.start(runs[5:6], split))

    for name, array in alone.weights.items():
        np.testing.assert_allclose(outcomes[5].weights[name], array, rtol=0, atol=TOGETHER)
    np.testing.assert_allclose(outcomes[5].probabilities, alone.probabilities, rtol=0, atol=TOGETHER)
    assert np.abs(outcomes[5].probabilities - outcomes[7].probabilities).max() > 10 * TOGETHER
    for together, one in zip(curves, alone_curves, strict=True):
        assert together[5].training_loss == pytest.approx(one[0].training_loss, abs=TOGETHER)
        assert together[5].validation_accuracy == one[0].validation_accuracy


def test_an_interrupted_packed_batch_goes_on_where_it_stopped(engine, make_run, split):
    """After a few steps, in the middle of an epoch, and through the arrays of a checkpoint."""
    runs = [make_run(seed, HIDDEN, average_decay=0.3 * seed, schedule="cosine") for seed in range(3)]
    _, expected = finish(engine.start(runs, split))
    training = engine.start(runs, split)
    training._begin_epoch(0)
    with torch.inference_mode():
        training._learn(0, 0)
    training._position = type(training.position)(epoch=0, step=1)

    states = training.states()
    earlier = {"epoch.loss": (1,), "epoch.correct": (1,)}  # shapes of earlier checkpoints of heads
    arrays = {name: own.reshape(earlier.get(name, own.shape)) for name, own in states[0].arrays.items()}

    _, resumed = finish(engine.start(runs, split, (replace(states[0], arrays=arrays), *states[1:])))

    for one, other in zip(expected, resumed, strict=True):
        np.testing.assert_allclose(other.probabilities, one.probabilities, rtol=0, atol=TOGETHER)


def test_a_head_learns_and_says_what_it_cost(engine, make_run, split):
    """Images are told apart even with random weights; the time of the extraction is its own part."""
    curves, (outcome,) = finish(engine.start([make_run(epochs=30)], split), epochs=30)

    assert curves[0][0].training_loss > curves[-1][0].training_loss
    assert curves[-1][0].training_accuracy > 0.9
    assert set(outcome.weights) == {"head.0.weight", "head.0.bias"}
    assert outcome.weights["head.0.weight"].shape == (3, 1280)
    assert outcome.measured["feature extraction (seconds)"] > 0
    assert outcome.measured["feature drift (relative)"] == 0


def test_a_loss_that_is_not_finite_is_not_a_number(engine, make_run, split):
    """A run that diverges says so, and its neighbour learns on."""
    runs = [make_run(1), make_run(2, learning_rate=1e38)]

    curves, _ = finish(engine.start(runs, split))

    assert np.isfinite(curves[-1][0].training_loss)
    assert np.isnan(curves[-1][1].training_loss)
