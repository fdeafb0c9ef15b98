import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.engines.engine import Position
from ceteris.engines.streams import initial_weights, order, words
from ceteris.engines.torch import training
from ceteris.engines.torch.batches import device_images, fill, pixel_table, scaled, weight_tensors
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.engines.torch.training import score
from ceteris.networks.activation import Activation
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.networks.shape import Shape
from ceteris.training.loss import CrossEntropy
from ceteris.training.schedule import Length, OneCycle
from tests.rounding import DOUBLE, SINGLE, rounding

# What runs in float64 may differ by after a few steps: Adam divides by the root of a mean of squares, which here is
# never so small that it amplifies a difference more than a million times.
CLOSE = rounding(100, 1e6, unit=DOUBLE)
MIXED = (
    BatchNorm(batch_norm=True),
    Convolution(conv=4, kernel=3, activation=Activation.TANH),
    MaxPool(max_pool=2),
    Dropout(dropout=0.25),
    Dense(dense=8, activation=Activation.LEAKY_RELU),
    Dropout(dropout=0.5),
    Dense(dense="classes"),
)


def _finish(packed, epochs):
    """Train to the end; give the metrics of each epoch and the outcome."""
    metrics = []
    while packed.position.epoch < epochs:
        metrics += packed.advance() or ()
    return metrics, packed.outcomes()[0]


def _assert_alike(found, expected):
    """Compare what two runs in float64 left, rounded to float32: nearly equal numbers may be rounded to neighbours."""
    apart = {"rtol": 2 * SINGLE, "atol": CLOSE}
    np.testing.assert_allclose(found.probabilities, expected.probabilities, **apart)
    assert found.weights.keys() == expected.weights.keys()
    for name, array in expected.weights.items():
        np.testing.assert_allclose(found.weights[name], array, **apart)


def test_a_run_learns(split, make_run):
    """On images whose class can be seen, loss falls from epoch to epoch and the test images are told apart."""
    metrics, outcome = _finish(TorchEngine().start([make_run(epochs=20)], split), 20)

    assert [record.epoch for record in metrics] == list(range(1, 21))
    assert metrics[0].training_loss > 0.9
    assert metrics[-1].training_loss < 0.3 * metrics[0].training_loss
    assert metrics[-1].training_accuracy > 0.9
    assert metrics[-1].validation_loss < 0.4
    assert outcome.test_accuracy > 0.9
    assert outcome.probabilities.shape == (21, 3)
    np.testing.assert_allclose(outcome.probabilities.astype(float).sum(1), 1, rtol=0, atol=rounding(4))
    assert np.mean(outcome.probabilities.argmax(1) == split.test.labels) == outcome.test_accuracy


def test_the_schedule_says_the_learning_rate_of_each_step(split, make_run, monkeypatch):
    """Each step has the product of the learning rate and its factor."""
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    run = make_run(layers=(Dense(dense="classes"),), epochs=3, schedule="one_cycle", warmup_epochs=1)
    packed, rates = TorchEngine().start([run], split), []
    while packed.position.epoch < 3:
        packed.advance()
        rates.append(packed._optimizer.param_groups[0]["lr"])

    schedule, length = OneCycle(warmup_epochs=1), Length(epochs=3, steps=5)
    assert rates == [0.01 * factor for epoch in range(3) for factor in schedule.factors(epoch, length)]
    assert len(set(rates)) > 10


@pytest.mark.parametrize("keywords", [{}, {"label_smoothing": 0.5}])
def test_training_losses_are_cross_entropies_whatever_is_minimised(split, make_run, monkeypatch, keywords):
    """With a learning rate that moves nothing, the first epoch's loss is that of the initial weights."""
    monkeypatch.setattr(CrossEntropy, "keywords", keywords)
    run = make_run(layers=(Dense(dense="classes"),), learning_rate=1e-30)

    metrics, _ = _finish(TorchEngine(precision="float64").start([run], split), 3)

    network = LayeredNetwork(run.specification.network, Shape(9, 9, 3), 3, run.seed).double()
    fill(weight_tensors(network), initial_weights(run.specification.network, Shape(9, 9, 3), 3, run.seed))
    table = torch.from_numpy(pixel_table(split.scale, split.offset)).double()
    seen = score(
        network, device_images(split.training, torch.device("cpu")), lambda pixels: scaled(pixels, table), at_once=75
    )
    assert metrics[0].training_loss == pytest.approx(seen.loss, rel=1e-12)


@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01}])
def test_training_is_a_plain_pytorch_loop(split, make_run, settings):
    """Two epochs give the weights, losses and accuracies of a loop written by hand from the definitions."""
    run = make_run(epochs=2, **settings)
    metrics, outcome = _finish(TorchEngine(precision="float64").start([run], split), 2)

    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)).double()
    start = initial_weights(run.specification.network, Shape(9, 9, 3), 3, run.seed)
    places = {"layers.0.weight": "0.weight", "layers.0.bias": "0.bias", "layers.3.weight": "4.weight"}
    places["layers.3.bias"] = "4.bias"
    network.load_state_dict({place: torch.tensor(start[name]).double() for name, place in places.items()})
    chosen = {"lr": 0.01}
    optimizer = torch.optim.Adam(network.parameters(), **chosen)
    if settings:
        optimizer = torch.optim.SGD(network.parameters(), momentum=0.9, weight_decay=0.01, **chosen)
    table = pixel_table(split.scale, split.offset)
    inputs = {
        name: torch.tensor(np.stack([table[c][images.images[..., c]] for c in range(3)], 1)).double()
        for name, images in (("training", split.training), ("validation", split.validation))
    }
    for epoch in range(2):
        losses, hits = [], 0
        visit = order(run.seed, epoch, 75)
        for first in range(0, 75, 16):
            indices = visit[first : first + 16]
            labels = torch.tensor(split.training.labels[indices]).long()
            drawn = np.stack(
                [words(run.seed, "dropout-0", 36, epoch=epoch, position=first + i) for i in range(len(labels))]
            )
            keep = torch.tensor(drawn >= round(0.25 * 2**32)).view(-1, 3, 4, 3).permute(0, 2, 1, 3)
            hidden = network[:3](inputs["training"][indices.tolist()]) * keep * float(np.float32(1 / 0.75))
            logits = network[3:](hidden)
            loss = nn.functional.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item() * len(labels))
            hits += int((logits.argmax(1) == labels).sum())
        labels = torch.tensor(split.validation.labels).long()
        validation = network(inputs["validation"])
        assert metrics[epoch].training_loss == pytest.approx(sum(losses) / 75, rel=CLOSE)
        assert metrics[epoch].training_accuracy == hits / 75
        expected = nn.functional.cross_entropy(validation, labels).item()
        assert metrics[epoch].validation_loss == pytest.approx(expected, rel=CLOSE)
        assert metrics[epoch].validation_accuracy == (validation.argmax(1) == labels).double().mean().item()
    assert set(outcome.weights) == set(places)
    for name, place in places.items():
        assert outcome.weights[name].dtype == np.float32
        expected = network.state_dict()[place].numpy()
        np.testing.assert_allclose(outcome.weights[name], expected, rtol=SINGLE, atol=CLOSE)  # rounded once


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "schedule": "cosine", "warmup_epochs": 1},
        {"flip": True, "crop": 2, "batch_size": 10},
        {"mixup": 0.5},
        {"cutmix": 1.0},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        {"optimizer": "rmsprop", "momentum": 0.5},
        {"optimizer": "adagrad", "initial_accumulator": 0.1},
    ],
)
@pytest.mark.parametrize("stops", [1, 3, 7])
def test_a_run_goes_on_exactly_where_it_stopped(split, make_run, monkeypatch, settings, stops):
    """A run that begins again from its state, mid-epoch too, ends as one that never stopped."""
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    run, engine = make_run(MIXED, **settings), TorchEngine(precision="float64")
    whole, outcome = _finish(engine.start([run], split), 3)

    first = engine.start([run], split)
    metrics = [record for _ in range(stops) for record in first.advance() or ()]
    states = first.states()
    first.advance()
    second = engine.start([run], split, states)
    assert second.position == states[0].position
    rest, resumed = _finish(second, 3)

    assert states[0].position > Position()
    for found, expected in zip(metrics + rest, whole, strict=True):
        assert asdict(found) == pytest.approx(asdict(expected), rel=CLOSE)
    _assert_alike(resumed, outcome)


def test_a_slice_stops_at_the_end_of_an_epoch(split, make_run, monkeypatch):
    """However long a slice may last, `advance` ends it with the epoch; however short, it takes a step."""
    packed = TorchEngine().start([make_run()], split)
    monkeypatch.setattr(training, "SLICE_SECONDS", 1e9)
    assert [record.epoch for record in packed.advance()] == [1]
    assert packed.position == Position(epoch=1, step=0)
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    assert packed.advance() is None
    assert packed.position == Position(epoch=1, step=1)


def test_a_state_has_weights_moments_and_sums(split, make_run):
    """A state holds the weights under the names of `weights.safetensors`, and copies that training leaves alone."""
    packed = TorchEngine().start([make_run((Dense(dense="classes"),))], split)
    state = packed.states()[0]
    before = state.arrays["layers.0.weight"].copy()
    packed.advance()

    moments = [
        f"optimizer.{moment}.layers.0.{name}"
        for moment in ("exp_avg", "exp_avg_sq", "step")
        for name in ("bias", "weight")
    ]
    assert sorted(state.arrays) == ["epoch.correct", "epoch.loss", "layers.0.bias", "layers.0.weight", *moments]
    assert np.array_equal(state.arrays["layers.0.weight"], before)


@pytest.mark.parametrize("learning_rate", [1e30, 1e6])
def test_a_run_that_diverges_says_not_a_number(split, make_run, learning_rate):
    """Divergence is a result: the run goes on to its end, and its metrics are not-a-number."""
    run = make_run(learning_rate=learning_rate, optimizer="sgd", epochs=4)
    metrics, outcome = _finish(TorchEngine().start([run], split), 4)

    last = metrics[-1]
    assert len(metrics) == 4
    assert math.isnan(last.training_loss)
    assert math.isnan(last.training_accuracy)
    assert math.isnan(last.validation_loss)
    assert math.isnan(last.validation_accuracy)
    assert math.isnan(outcome.test_loss)
    assert math.isnan(outcome.test_accuracy)
    assert outcome.probabilities.dtype == np.float32


def test_float64_and_float32_begin_alike_and_stay_close(split, make_run):
    """The precisions start from the same weights, and after an epoch differ by rounding alone.

    Losses are sums over five layers of up to 9 x 9 images of 16; the largest sum of weights and values is below 100.
    """
    single, double = (
        _finish(TorchEngine(precision=precision).start([make_run(MIXED, epochs=1)], split), 1)
        for precision in ("float32", "float64")
    )

    assert single[0][0].training_loss == pytest.approx(double[0][0].training_loss, abs=rounding(5 * 9 * 9, 100))
    assert single[0][0].training_loss != double[0][0].training_loss
    assert double[1].probabilities.dtype == np.float32


def test_training_uses_its_own_number_of_threads(split, make_run, monkeypatch):
    """A run computes with the engine's threads, and leaves the caller's number as it was."""
    seen = []
    packed = TorchEngine(threads=1).start([make_run()], split)
    packed._network.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)

    def train():
        torch.set_num_threads(2)
        packed.advance()
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()

    assert seen == [1, 2]


def test_the_last_minibatch_of_one_image_trains(split, make_run):
    """An epoch that leaves one image over trains on it too, batch normalisation of an image included."""
    metrics, _ = _finish(TorchEngine().start([make_run(MIXED, batch_size=37, epochs=1)], split), 1)

    assert math.isfinite(metrics[0].training_loss)


def test_runs_side_by_side_do_not_notice_each_other(split, make_run):
    """Runs trained at the same time in two threads end as each does alone."""
    runs, engine = [make_run(MIXED, seed=seed, epochs=4) for seed in (1, 2)], TorchEngine(precision="float64")
    alone = [_finish(engine.start([run], split), 4)[1] for run in runs]

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda run: _finish(engine.start([run], split), 4)[1], runs))

    for found, expected in zip(together, alone, strict=True):
        _assert_alike(found, expected)
    assert not np.allclose(alone[0].probabilities, alone[1].probabilities, atol=0.01)


def test_batch_norm_of_features_trains_where_minibatches_have_several_images(split, make_run):
    """Batch normalisation after a dense layer trains, as long as no minibatch is a single image."""
    layers = (Dense(dense=4), BatchNorm(batch_norm=True), Dense(dense="classes"))
    metrics, _ = _finish(TorchEngine().start([make_run(layers, epochs=5)], split), 5)

    assert metrics[-1].training_loss < metrics[0].training_loss


# Sums of 9 x 9 x 3 products in float64, whose magnitudes add up to no more than a thousand.
TOLERANCE = rounding(9 * 9 * 3, 1000, unit=DOUBLE)
NETWORK = Network(layers=(BatchNorm(batch_norm=True), Dropout(dropout=0.5), Dense(dense="classes")))


@pytest.fixture
def network():
    """A network in float64 with batch normalisation and dropout, which score differently from how they train."""
    network = LayeredNetwork(NETWORK, Shape(9, 9, 3), 3, seed=3)
    fill(weight_tensors(network), initial_weights(NETWORK, Shape(9, 9, 3), 3, seed=3))
    return network.double()


def test_scores_are_mean_loss_accuracy_and_probabilities(network, split):
    """All images are scored with running statistics and without dropout, and the network is left ready to train."""
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()
    before = {name: tensor.clone() for name, tensor in weight_tensors(network).items()}

    found = score(network, device_images(split.test, torch.device("cpu")), partial(scaled, table=table), at_once=21)

    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in weight_tensors(network).items())
    network.eval()
    probabilities = network(scaled(torch.tensor(split.test.images), table)).softmax(1).detach().numpy()
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=SINGLE, atol=TOLERANCE)  # rounded once
    assert found.loss == pytest.approx(
        -np.log(probabilities[np.arange(21), split.test.labels]).mean(), rel=TOLERANCE, abs=TOLERANCE
    )
    assert found.accuracy == np.mean(probabilities.argmax(1) == split.test.labels)


def test_scoring_in_parts_changes_nothing(network, split):
    """Few images at a time, the last part smaller, give the scores of all at once."""
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()
    images = device_images(split.test, torch.device("cpu"))
    together = score(network, images, partial(scaled, table=table), at_once=21)
    sizes = []
    network.register_forward_pre_hook(lambda _, arguments: sizes.append(len(arguments[0])))

    parts = score(network, images, partial(scaled, table=table), at_once=5)

    assert sizes == [5, 5, 5, 5, 1]
    # Two numbers that are nearly equal in float64 may be rounded to neighbours in float32.
    np.testing.assert_allclose(parts.probabilities, together.probabilities, rtol=2 * SINGLE, atol=TOLERANCE)
    assert parts.loss == pytest.approx(together.loss, rel=TOLERANCE, abs=TOLERANCE)
    assert parts.accuracy == together.accuracy


def test_a_network_that_diverged_scores_not_a_number(network, split):
    """A loss that is not finite makes loss and accuracy not-a-number, not an error."""
    weight_tensors(network)["layers.2.weight"].fill_(math.nan)
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()

    found = score(network, device_images(split.test, torch.device("cpu")), partial(scaled, table=table), at_once=21)

    assert math.isnan(found.loss)
    assert math.isnan(found.accuracy)
    assert np.isnan(found.probabilities).all()


LAYERS = (
    BatchNorm(batch_norm=True),
    Convolution(conv=4, kernel=3, activation=Activation.LEAKY_RELU),
    Dropout(dropout=0.25),
    Dense(dense="classes"),
)


@pytest.mark.parametrize("flip", [False, True])
def test_it_answers_as_the_run_did(make_run, split, flip):
    """The network that is timed is the one that was trained: shown one by one, test images get the same answers."""
    run = make_run(LAYERS, epochs=2, test_time_flip=flip)
    training = TorchEngine().start([run], split)
    while training.position.epoch < 2:
        training.advance()
    outcome = training.outcomes()[0]

    predict = TorchEngine().predictor(run, outcome.weights, split)

    answers = np.stack([predict(image) for image in split.test.images])
    # Sums of 27 and of 196 products, which add up to less than 10; softmax halves an error, and two results have one.
    np.testing.assert_allclose(answers, outcome.probabilities, rtol=0, atol=rounding(27 + 196, 10))
    assert np.ptp(answers, axis=0).max() > 100 * rounding(27 + 196, 10), "what is the same for all would prove nothing"
    assert predict.pretrained_bytes == 0
