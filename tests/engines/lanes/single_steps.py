"""Each step of the lanes engine beside that of PyTorch in float64 from the same state, as far as rounding allows.

Errors of one step are compared alone, because PyTorch begins each where the lanes engine was. How far rounding may move
a step is measured: PyTorch makes it again with errors drawn at random in every value between layers and every gradient.
"""

from collections import defaultdict
from math import isqrt

import numpy as np
import torch

from ceteris.engines.engine import RunState
from ceteris.engines.torch.engine import TorchEngine
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from tests.rounding import rounding

SAMPLES = 3
LAMBDA = 8
"""A sum of n terms is off by more than this many times sqrt(n) roundings with a probability below 2 n exp(-32): Higham
and Mary 2019, https://doi.org/10.1137/18M1226312."""

MOMENTS = {
    "exp_avg": "first_moments",
    "exp_avg_sq": "second_moments",
    "momentum_buffer": "first_moments",
    "square_avg": "second_moments",
    "sum": "second_moments",
}
"""What the lanes engine calls the moments of PyTorch's optimizers."""


def unit_of(network, image, classes, batch):
    """Bound the relative error of the longest sum of a step: over a kernel's weights, or a channel of a minibatch."""
    terms = [batch * image.height * image.width]
    for one in every_layer(network, image, classes):
        terms += [batch * one.after.height * one.after.width, one.before.values]
    return rounding(LAMBDA * isqrt(max(terms)))


def disturb(network, unit, seed):
    """Let each value between layers, each gradient of one and each of a weight be off by up to `unit` of itself."""
    generator = torch.Generator().manual_seed(seed)

    def off(values):
        return values * (1 + unit * (2 * torch.rand(values.shape, generator=generator, dtype=torch.float64) - 1))

    def pass_on(_module, _inputs, output):
        output = off(output)
        if output.requires_grad:
            output.register_hook(off)
        return output

    for parameter in network.parameters():
        parameter.register_hook(off)
    for module in network.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(pass_on)
    return network


def check_every_step(engine, run, split):
    """Train a run alone, and compare each step with PyTorch's from the same state; gives how many there were.

    Compared are all arrays of the state after it, and what it scores where it ends an epoch or training.
    """
    training, choice, steps = engine.start([run], split), run.specification, 0
    image = Shape(*split.training.images.shape[1:])
    unit = unit_of(choice.network, image, split.classes, choice.training.batch_size)
    references = [TorchEngine(precision="float64").start([run], split) for _ in range(1 + SAMPLES)]
    for seed, one in enumerate(references[1:]):
        disturb(one._network, unit, seed)
    shares = defaultdict(list)
    while training.position.epoch < choice.training.epochs:
        begun = in_pytorch(run, training.states()[0], steps)
        training._steps_a_slice, steps = 1, steps + 1
        scores = scored(run, training, training.advance())
        found = in_pytorch(run, training.states()[0], steps).arrays | scores
        expected, *moved = (again(run, one, begun) for one in references)
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            before = begun.arrays.get(name, np.zeros(()))
            drawn = max(np.abs(other[name] - array).max() for other in moved)
            tolerance = drawn + own_rounding(name, before, array, unit)
            apart = np.abs(found[name] - array).max()
            assert apart <= tolerance, f"{name}: {apart:.1e} apart after step {steps}, and {tolerance:.1e} is allowed"
            shares[name].append(tolerance / max(np.abs(array - before).max(), rounding(1)))
    for name, share in shares.items():
        # A drawn error that turns a ReLU or chooses another pixel of a pool allows more, in a step here and there.
        assert np.median(share) < 0.1, f"{name}: a comparison within {np.median(share):.1e} of its step says nothing"
    return steps


def own_rounding(name, before, after, unit):
    """Bound what the arithmetic of an optimizer, a statistic or an average adds to what errors were drawn for.

    There are at most 16 operations on what is added to a weight and four on what was there; a statistic is itself a sum
    over a channel.
    """
    if name.endswith(("correct", "accuracy")) or "step" in name:
        return 0
    largest = np.abs(before).max() + np.abs(after).max()
    moved = np.abs(after - before).max() if name.startswith("layers.") else 0
    return rounding(16, moved) + rounding(4, largest) + (unit * largest if "running" in name else 0)


def again(run, training, state):
    """Make one step in PyTorch from a state."""
    training._restore(state, run)
    scores = scored(run, training, training.advance(seconds=0))
    return {**training.states()[0].arrays, **scores}


def scored(run, training, metrics):
    """Give the scores of the epoch and of training that a step ended, by name."""
    scores = {}
    if metrics is not None:
        names = ("training_loss", "validation_loss", "training_accuracy", "validation_accuracy")
        scores = {name: np.array(getattr(metrics[0], name)) for name in names}
    if training.position.epoch == run.specification.training.epochs:
        (outcome,) = training.outcomes()
        scores |= {"test_loss": np.array(outcome.test_loss), "probabilities": outcome.probabilities}
    return scores


def in_pytorch(run, state, steps):
    """Name the arrays of a state of the lanes engine, after so many steps, as the PyTorch engine does."""
    described, arrays = run.specification.training.chosen_optimizer.torch(), {}
    for name, array in state.arrays.items():
        kind, _, parameter = name.partition(".")
        if not kind.endswith("_moments"):
            arrays[name] = array.reshape(()) if kind == "epoch" else array
        elif kind == "first_moments" and described.counts_steps:
            arrays[f"optimizer.step.{parameter}"] = np.array(steps, np.float32)
        for moment in described.moments:
            if kind == MOMENTS[moment]:
                begun = array if steps else np.full_like(array, described.start)
                arrays[f"optimizer.{moment}.{parameter}"] = begun
    return RunState(position=state.position, arrays=arrays)
