"""Label smoothing, clipping and averages of the lanes engine: PyTorch's, and each run's own."""

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine
from tests.engines.lanes.test_bits import FUSED, finish

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

SETTINGS = (
    {},
    {"label_smoothing": 0.2},
    {"clip_norm": 0.2},
    {"clip_norm": 1e6},
    {"average_decay": 0.8},
    {"average_decay": 0.3, "clip_norm": 0.5, "label_smoothing": 0.1},
)


def engine():
    """Give the engine with the widest build."""
    return LanesEngine(instruction_set=usable_instruction_sets()[0])


def made(make, **settings):
    """Make a run that gradient descent moves far in a few steps."""
    return make.run(3, batch_norm=True, optimizer="sgd", learning_rate=0.1, **settings)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_run_is_that_of_pytorch_in_float64(make, settings):
    """Losses, weights, statistics and scores of fourteen steps agree with the PyTorch engine's."""
    run, split, found = made(make, **settings), make.split(), []
    for training in (engine().start([run], split), TorchEngine(precision="float64").start([run], split)):
        metrics = []
        while training.position.epoch < 2:
            metrics += training.advance() or ()
        found.append((metrics, training.outcomes()[0]))
    (metrics, outcome), (expected_metrics, expected) = found

    for one, other in zip(metrics, expected_metrics, strict=True):
        np.testing.assert_allclose(one.training_loss, other.training_loss, rtol=1e-4)
        np.testing.assert_allclose(one.validation_loss, other.validation_loss, rtol=1e-4)
    for name, array in expected.weights.items():
        np.testing.assert_allclose(outcome.weights[name], array, rtol=1e-3, atol=1e-4)


def test_a_packed_batch_may_mix_them_and_leaves_others_as_they_are(make):
    """Each gives the bits that it gives alone; a run without any of them too."""
    runs, split = [made(make, **settings) for settings in SETTINGS], make.split()
    assert len({engine().packing_key(run.specification) for run in runs}) == 1

    together = finish(engine().start(runs, split))

    assert together == [finish(engine().start([run], split))[0] for run in runs]
    assert len(set(together)) == len(runs) - 1  # no gradient is as long as a million
    assert together[0] == together[3]


@pytest.mark.parametrize("steps", [0, 1, 6, 7, 13])
def test_an_interrupted_run_ends_with_the_bits_of_an_uninterrupted_one(make, steps):
    """Weights and their average are both taken up, in another packed batch."""
    runs, split = [made(make, **settings) for settings in SETTINGS], make.split()
    whole = engine().start(runs, split)
    finish(whole)
    first = engine().start(runs, split)
    for _ in range(steps):
        first._steps_a_slice = 1
        first.advance()
    states = first.states()
    kept = [any(name.startswith("average.") for name in state.arrays) for state in states]
    assert kept == ["average_decay" in settings for settings in SETTINGS]

    second = engine().start(runs[::-1], split, states[::-1])
    finish(second)

    for one, other in zip(whole.outcomes(), second.outcomes()[::-1], strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        for name, array in one.weights.items():
            np.testing.assert_array_equal(array, other.weights[name])


def test_scoring_an_average_leaves_training_as_it_was(make):
    """The weights after the last step are those of a run without an average."""
    split, states = make.split(), []
    for settings in ({}, {"average_decay": 0.8}):
        training = engine().start([made(make, **settings)], split)
        finish(training)
        states.append(training.states()[0].arrays)

    for name, array in states[0].items():
        np.testing.assert_array_equal(states[1][name], array)


@pytest.mark.parametrize("name", usable_instruction_sets())
def test_one_run_of_many_may_average(make, name):
    """Where registers are narrower than a packed batch, runs in other registers have no average to compute."""
    runs, split = [made(make) for _ in range(9)] + [made(make, average_decay=0.8)], make.split()
    narrow = LanesEngine(instruction_set=name)

    together = finish(narrow.start(runs, split))

    assert together == [together[0]] * 9 + finish(narrow.start(runs[9:], split))
    assert together[0] != together[9]


@pytest.mark.skipif(len(FUSED) < 2, reason="this processor runs only one build with fused multiply-add")
def test_builds_with_fused_multiply_add_give_the_same_bits(make):
    """AVX-512 and AVX2 agree to the last bit."""
    runs, split = [made(make, **settings) for settings in SETTINGS * 2], make.split()

    first, *others = [finish(LanesEngine(instruction_set=name).start(runs, split)) for name in FUSED]

    assert others == [first] * len(others)
