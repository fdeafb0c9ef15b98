import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from ceteris.datasets.choice import DataChoice, share
from ceteris.engines.streams import (
    initial_weights,
    order,
    philox,
    sampled_indices,
    sampling_order,
    shifts,
    stream_key,
    uniform,
    words,
)
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.networks.shape import Shape
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0, 0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF,) * 4, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ((0xA4093822, 0x299F31D0), PI, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_published_answers(key, counter, expected):
    """The known-answer vectors of the authors' own implementation come out (Random123, kat_vectors)."""
    found = philox(key, np.array([counter], np.uint32))

    assert " ".join(f"{word:08x}" for word in found[0]) == expected


def test_a_stream_stays_what_it_was():
    """Numbers that stored results rest on are pinned: a change of them needs a new `SCHEMA`."""
    assert stream_key(7, "order") == (0x200C4FC7, 0x7100417F)
    assert words(7, "dropout-0", 5, epoch=2, position=3).tolist() == [
        2644645023,
        1983872764,
        3467815021,
        3928356980,
        955940695,
    ]
    assert order(7, 1, 8).tolist() == [0, 6, 2, 5, 3, 4, 7, 1]
    assert shifts(7, 1, 4, flip=True, crop=4).tolist() == [[1, 4, 2], [1, -4, 0], [1, -3, -3], [0, -3, 0]]


def test_a_word_depends_on_its_place_alone():
    """Word i is word i % 4 of counter (i // 4, position, epoch, 0), however many words are asked for."""
    found = words(5, "dropout-1", 11, epoch=3, position=9)
    block = philox(stream_key(5, "dropout-1"), np.array([[2, 9, 3, 0]], np.uint32))[0]

    assert found.shape == (11,)
    assert found.dtype == np.uint32
    assert found[8:].tolist() == block[:3].tolist()
    assert found[:6].tolist() == words(5, "dropout-1", 6, epoch=3, position=9).tolist()


@pytest.mark.parametrize("other", [{"seed": 6}, {"stream": "augment"}, {"epoch": 1}, {"position": 1}])
def test_streams_share_nothing(other):
    """Seeds, streams, epochs and positions that differ by one give words without correlation."""
    place = {"seed": 5, "stream": "order", "epoch": 0, "position": 0}
    first, second = (
        words(chosen["seed"], chosen["stream"], 20_000, epoch=chosen["epoch"], position=chosen["position"])
        for chosen in (place, place | other)
    )

    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(20_000)
    assert not np.any(first == second)


def test_uniform_is_even_and_below_one():
    """Floats fill [0, 1) evenly, in steps of 2**-24."""
    drawn = uniform(11, "init-conv-0.weight", 100_000)

    assert drawn.dtype == np.float32
    assert 0 <= drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    assert np.all(drawn * np.float32(2**24) % 1 == 0)
    counts, _ = np.histogram(drawn, bins=256, range=(0, 1))
    assert stats.chisquare(counts).pvalue > 0.001


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**63), epoch=st.integers(0, 1000), images=st.integers(0, 300))
def test_an_order_visits_every_image_once(seed, epoch, images):
    """Any seed, epoch and number of images gives a permutation."""
    found = order(seed, epoch, images)

    assert found.dtype == np.int32
    assert sorted(found.tolist()) == list(range(images))


def test_orders_are_shuffled_evenly():
    """Over many epochs each image comes first equally often, and no epoch repeats the one before it."""
    orders = np.array([order(1, epoch, 10) for epoch in range(2000)])

    assert stats.chisquare(np.bincount(orders[:, 0], minlength=10)).pvalue > 0.001
    assert stats.chisquare(np.bincount(orders[:, 9], minlength=10)).pvalue > 0.001
    assert np.mean(np.all(orders[1:] == orders[:-1], axis=1)) == 0


def test_shifts_cover_every_move_evenly():
    """Half of the images are mirrored, and each shift from -crop to crop is as frequent as any other."""
    rows = shifts(2, 0, 20_000, flip=True, crop=2)

    assert rows.dtype == np.int8
    assert rows.flags.c_contiguous
    assert stats.chisquare(np.bincount(rows[:, 0], minlength=2)).pvalue > 0.001
    for moves in rows[:, 1:].T:
        assert stats.chisquare(np.bincount(moves + 2, minlength=5)).pvalue > 0.001
    assert abs(np.corrcoef(rows.T)[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(20_000)


def test_shifts_do_only_what_was_asked_for():
    """Without flip nothing is mirrored, without crop nothing moves, and one does not change the other."""
    both, flipped, moved = (shifts(2, 0, 50, flip=f, crop=c) for f, c in ((True, 3), (True, 0), (False, 3)))

    assert not moved[:, 0].any()
    assert not flipped[:, 1:].any()
    assert np.array_equal(both, flipped + moved)


LABELS = np.tile(np.arange(10, dtype=np.uint8), 45)


def run(fraction, seed=1, learning_rate=0.1):
    """One run on a share of the images."""
    specification = Specification(
        data=DataChoice(name="shapes", fraction=fraction),
        network=Network(layers=[Dense(dense="classes")]),
        training=Training(learning_rate=learning_rate),
    )
    return Run(factor="f", variation="v", seed=seed, specification=specification, data_digest="0" * 64)


def places(fraction, **changed):
    """The images of a run, as a set."""
    return set(sampled_indices(run(fraction, **changed), LABELS, classes=10).tolist())


@pytest.mark.parametrize("fraction", [0.1, 0.3, 1.0])
def test_takes_its_share_of_each_class(fraction):
    """As many images as `share` says, and of every class alike, give or take one."""
    chosen = sampled_indices(run(fraction), LABELS, classes=10)
    counts = np.bincount(LABELS[chosen], minlength=10)

    assert len(chosen) == share(len(LABELS), fraction)
    assert np.ptp(counts) <= 1


def test_every_arm_of_a_seed_sees_the_same_images():
    """Only the seed and the fraction decide, and another seed sees others."""
    assert places(0.2) == places(0.2, learning_rate=0.5)
    assert places(0.2) != places(0.2, seed=2)


def test_a_larger_share_has_all_of_a_smaller_one():
    """More data means more, not others."""
    assert places(0.1) < places(0.3) < places(1.0)


def test_an_epoch_visits_each_image_once():
    """The order is one of the run's own images."""
    chosen = sampled_indices(run(0.2), LABELS, classes=10)
    first, second = sampling_order(1, 0, chosen), sampling_order(1, 1, chosen)

    assert sorted(first.tolist()) == sorted(second.tolist()) == chosen.tolist()
    assert first.tolist() != second.tolist()


IMAGE = Shape(12, 12, 3)
NETWORK = Network(
    layers=(
        BatchNorm(batch_norm=True),
        Convolution(conv=24, kernel=3),
        Dropout(dropout=0.5),
        Convolution(conv=16, kernel=5),
        MaxPool(max_pool=2),
        Dense(dense=40),
        Dense(dense="classes"),
    )
)


def test_names_and_shapes_are_those_of_pytorch():
    """The arrays would load into the same layers built by hand, under their index in the network."""
    layers = nn.ModuleList(
        [
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 24, 3),
            nn.Dropout(),
            nn.Conv2d(24, 16, 5),
            nn.MaxPool2d(2),
            nn.Linear(144, 40),
            nn.Linear(40, 10),
        ]
    )
    expected = {
        f"layers.{name}": tuple(tensor.shape)
        for name, tensor in layers.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }

    found = initial_weights(NETWORK, IMAGE, 10, seed=1)

    assert {name: array.shape for name, array in found.items()} == expected
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("index", "layer", "bound"),
    [(1, nn.Conv2d(3, 24, 3), 27**-0.5), (3, nn.Conv2d(24, 16, 5), 600**-0.5), (5, nn.Linear(144, 40), 144**-0.5)],
)
def test_weights_are_distributed_as_pytorch_draws_them(index, layer, bound):
    """Weights and biases fill PyTorch's range evenly, and no test tells them from PyTorch's own."""
    torch.manual_seed(0)
    layer.reset_parameters()
    draws = [initial_weights(NETWORK, IMAGE, 10, seed) for seed in range(8)]
    weights = np.concatenate([drawn[f"layers.{index}.weight"].ravel() for drawn in draws])
    biases = np.concatenate([drawn[f"layers.{index}.bias"] for drawn in draws])

    assert 0.99 * bound < abs(weights).max() <= bound * (1 + 1e-7)
    assert 0.9 * bound < abs(biases).max() <= bound * (1 + 1e-7)
    assert stats.ks_2samp(weights, layer.weight.detach().numpy().ravel()).pvalue > 0.001
    assert stats.kstest(biases, stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.001


def test_batch_norm_starts_as_pytorch_starts_it():
    """Batch normalisation begins with weight 1, bias 0, mean 0 and variance 1."""
    found = initial_weights(NETWORK, IMAGE, 10, seed=1)
    expected = nn.BatchNorm2d(3).state_dict()

    for name in ("weight", "bias", "running_mean", "running_var"):
        assert found[f"layers.0.{name}"].tolist() == expected[name].tolist()


def test_a_layer_of_another_kind_leaves_weights_as_they_were():
    """Putting batch normalisation before a convolution leaves the convolution's initial weights, for pairs by seed."""
    bare = Network(layers=NETWORK.layers[1:])
    with_norm, without = initial_weights(NETWORK, IMAGE, 10, 4), initial_weights(bare, IMAGE, 10, 4)

    assert np.array_equal(with_norm["layers.1.weight"], without["layers.0.weight"])
    assert np.array_equal(with_norm["layers.6.bias"], without["layers.5.bias"])


def test_seeds_and_layers_start_differently():
    """No two seeds, layers or parameters of a layer begin with the same numbers."""
    network = Network(layers=(Dense(dense=6), Dense(dense=6), Dense(dense="classes")))
    drawn = [initial_weights(network, Shape(1, 1, 6), 6, seed) for seed in (0, 1)]
    values = np.concatenate([array.ravel() for weights in drawn for array in weights.values()])

    assert len(np.unique(values)) == len(values) == 2 * 3 * 42
