"""Label smoothing, clipping and averages of the lanes engine: PyTorch's, and each run's own."""

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from tests.engines.lanes.single_steps import check_every_step
from tests.engines.lanes.test_bits import FUSED, finish
from tests.rounding import rounding

pytestmark = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")

SETTINGS = (
    {},
    {"label_smoothing": 0.2},
    {"clip_norm": 0.2},
    {"clip_norm": 1e6},
    {"average_decay": 0.8},
    {"average_decay": 0.3, "clip_norm": 0.5, "label_smoothing": 0.1},
    {"test_time_flip": True},
    {"test_time_flip": True, "average_decay": 0.5},
)


def engine():
    """Give the engine with the widest build."""
    return LanesEngine(instruction_set=usable_instruction_sets()[0])


def made(make, **settings):
    """Make a run that gradient descent moves far in a few steps."""
    return make.run(3, batch_norm=True, optimizer="sgd", learning_rate=0.1, **settings)


def steps(make, count, **settings):
    """Take steps of all fifty images at a time; gives the state before the first and after each, in float64."""
    training = engine().start([made(make, batch_size=50, epochs=count, **settings)], make.split())
    states = [training.states()[0].arrays]
    for _ in range(count):
        training.advance()
        states.append(training.states()[0].arrays)
    return [{name: array.astype(np.float64) for name, array in state.items()} for state in states]


def moved(make, **settings):
    """Take one step, and give by how far it moved all that is trained, and the largest number of that."""
    before, after = steps(make, 1, **settings)
    names = [name for name in before if name.endswith(("weight", "bias")) and name.startswith("layers.")]
    step = np.concatenate([(after[name] - before[name]).ravel() for name in names])
    return step, max(np.abs(after[name]).max() for name in names)


def test_smoothing_moves_the_last_biases_by_what_it_adds_to_the_labels(make):
    """The gradient of a bias is the mean of probabilities minus labels, and smoothing changes the labels alone."""
    plain, smoothed = (steps(make, 1, **settings)[1]["layers.5.bias"] for settings in ({}, {"label_smoothing": 0.2}))
    frequencies = np.bincount(make.split().training.labels, minlength=3) / 50

    # A difference of at most 1 is rounded in each of 50 terms of a sum, in 5 operations with it, and the bias once.
    tolerance = 2 * (rounding(55, 0.1) + rounding(1, np.abs(smoothed).max()))
    expected = 0.1 * 0.2 * (1 / 3 - frequencies)
    assert np.abs(smoothed - plain - expected).max() <= tolerance < np.abs(expected).max() / 100


def test_clipping_scales_a_step_and_leaves_its_direction(make):
    """To the norm that was asked for, over all parameters together; a longer bound changes no bit."""
    (plain, largest), (clipped, _), (free, _) = (moved(make, **one) for one in ({}, {"clip_norm": 0.2}, SETTINGS[3]))
    norm = np.linalg.norm(plain) / 0.1
    assert norm > 0.4

    # The norm is a root of a sum of so many squares, by which each gradient is scaled; each parameter is rounded once.
    relative, absolute = rounding(len(plain) + 5), rounding(1, largest)
    assert abs(np.linalg.norm(clipped) / 0.1 - 0.2) <= 0.2 * relative + np.sqrt(len(plain)) * absolute / 0.1
    assert np.all(np.abs(clipped - 0.2 / norm * plain) <= np.abs(clipped) * 2 * relative + 3 * absolute)
    assert free.tobytes() == plain.tobytes()


def test_an_average_follows_the_weights_of_each_step(make):
    """Beginning with those of the first, statistics of batch normalisation among them."""
    first, *others = steps(make, 6, average_decay=0.8)[1:]
    averaged = [name for name in first if f"average.{name}" in first]
    assert len(averaged) == 10

    for name in averaged:
        expected, largest = first[name], max(np.abs(state[name]).max() for state in (first, *others))
        for state in others:
            expected = 0.8 * expected + 0.2 * state[name]
            # Four roundings in each step, of which four fifths of an error last into the next.
            assert np.abs(state[f"average.{name}"] - expected).max() <= rounding(4, 2 * largest) / 0.2, name
    assert np.abs(others[-1]["average.layers.5.weight"] - others[-1]["layers.5.weight"]).max() > 0.01


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_step_is_that_of_pytorch_in_float64(make, settings):
    """Losses, weights, statistics, averages and scores agree with the PyTorch engine's."""
    assert check_every_step(engine(), made(make, **settings), make.split()) == 2 * 7


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
