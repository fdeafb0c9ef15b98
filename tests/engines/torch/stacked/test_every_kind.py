"""Every layer kind, optimizer and setting of training: runs trained at once against each of them alone, in float64."""

import numpy as np
import pytest

from ceteris.engines.engine import Position
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.networks.activation import Activation, ActivationLayer
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.kinds import LAYER_KINDS
from ceteris.networks.pooling import AveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.sample_norm import GroupNorm, LayerNorm
from ceteris.training.training import OPTIMIZERS, Training
from tests.engines.test_support import EXAMPLES, SETTINGS

EXACT = 1e-10
"""What a number of a run's state may be off by after seven steps, whatever is trained beside it."""

LAST = Dense(dense="classes")
KINDS = {kind.key: (EXAMPLES[kind.key], LAST) for kind in LAYER_KINDS}
VARIANTS = {
    "strides, groups and no bias": (
        Convolution(conv=6, kernel=3, padding="same", stride=2, bias=False),
        Convolution(conv=4, kernel=1, groups=2),
        Convolution(conv=4, kernel=2, padding=1, groups=4, stride=2),
        LAST,
    ),
    "activations": (*(ActivationLayer(activation=one) for one in Activation), LAST),
    "pools that overlap": (MaxPool(max_pool=3, stride=2), AveragePool(average_pool=3, stride=1), LAST),
    "norms of features": (
        Dense(dense=6),
        BatchNorm(batch_norm=True),
        GroupNorm(group_norm=2),
        LayerNorm(layer_norm=True),
        Dropout(dropout=0.5),
        LAST,
    ),
    "group norm with two groups": (Convolution(conv=4), GroupNorm(group_norm=2), LAST),
    "padded shortcut": (
        Residual(residual=[Convolution(conv=5, padding="same", stride=2)], shortcut="padded", activation="relu"),
        LAST,
    ),
    "projected shortcut": (
        Residual(
            residual=[
                Convolution(conv=4, padding="same", bias=False),
                Dropout(dropout=0.25),
                BatchNorm(batch_norm=True),
            ],
            shortcut="projection",
        ),
        LAST,
    ),
    "block of features": (Dense(dense=5), Residual(residual=[Dense(dense=5, activation="tanh")]), LAST),
    "blocks in blocks": (Residual(residual=[Residual(residual=[Convolution(conv=3, padding="same")])]), LAST),
}
# Without batch norm: where a channel is positive everywhere, the gradient of its bias would be 0 but for rounding, of
# which Adam and Adagrad make steps.
SMALL = (Convolution(conv=4, kernel=3, activation="tanh"), MaxPool(max_pool=2), Dropout(dropout=0.25), LAST)


@pytest.fixture(autouse=True)
def _steps(monkeypatch):
    """Let each call take one step."""
    for module in ("torch.training", "torch.joint.training"):
        monkeypatch.setattr(f"ceteris.engines.{module}.SLICE_SECONDS", 0.0)


def after(engine, runs, split, steps=7):
    """Train for some steps, five of which are an epoch; give the metrics of the epoch and the states."""
    packed, metrics = engine.start(runs, split), []
    for _ in range(steps):
        metrics += packed.advance() or ()
    assert packed.position == Position(epoch=steps // 5, step=steps % 5)
    return metrics, packed.states()


def assert_alike(found, expected, apart=EXACT):
    """Compare metrics and states of some runs."""
    for metrics, wanted in zip(found[0], expected[0], strict=True):
        assert metrics.training_loss == pytest.approx(wanted.training_loss, abs=apart)
        assert metrics.validation_loss == pytest.approx(wanted.validation_loss, abs=apart)
        assert metrics.training_accuracy == wanted.training_accuracy
        assert metrics.validation_accuracy == wanted.validation_accuracy
    for state, wanted in zip(found[1], expected[1], strict=True):
        assert state.position == wanted.position
        assert state.arrays.keys() == wanted.arrays.keys()
        for name, array in wanted.arrays.items():
            assert state.arrays[name].dtype == array.dtype
            np.testing.assert_allclose(state.arrays[name], array, rtol=0, atol=apart * max(1, np.abs(array).max()))


def compare(runs, split):
    """Train runs at once, and each alone with the engine for one run."""
    together = after(StackedEngine(precision="float64"), runs, split)
    alone = [after(TorchEngine(precision="float64"), [run], split) for run in runs]
    assert_alike(together, ([one for metrics, _ in alone for one in metrics], [state for _, (state,) in alone]))


@pytest.mark.parametrize("layers", [*KINDS.values(), *VARIANTS.values()], ids=[*KINDS, *VARIANTS])
def test_layers(split, make_run, layers):
    """Three seeds of a network leave the same states, images of the last minibatch of an epoch included."""
    # Not by Adam, because some have a bias before a batch norm; see `SMALL`.
    training = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.01}
    compare([make_run(layers, seed=seed, **training) for seed in (3, 4, 5)], split)


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_optimizers(split, make_run, kind):
    """Runs with their own learning rates, weight decay and other settings take the steps of PyTorch's optimizers."""
    usual = {"optimizer": kind.key, "learning_rate": 0.01}
    others = [{"learning_rate": 0.003, "weight_decay": 0.02}, {"weight_decay": 0.1}]
    ahead = {"nesterov": True} if "nesterov" in kind.model_fields else {}
    names = {"momentum", "beta1", "alpha", "initial_accumulator"} & kind.model_fields.keys()
    others += [{name: 0.6, **ahead} for name in sorted(names)]
    compare([make_run(SMALL, seed=seed, **(usual | own)) for seed, own in enumerate([{}, *others])], split)


@pytest.mark.parametrize("setting", Training.model_fields)
def test_settings_of_training(split, make_run, setting):
    """A run with a setting and one without it are trained at once where each has it for itself, else two with it."""
    usual = {"learning_rate": 0.01, "epochs": 4, "momentum": 0.5}
    with_it, without = make_run(SMALL, seed=1, **(usual | SETTINGS[setting])), make_run(SMALL, seed=2, **usual)
    if SETTINGS[setting].get("optimizer"):
        without = make_run(SMALL, seed=2, **usual, optimizer=SETTINGS[setting]["optimizer"])
    key = StackedEngine().packing_key
    if key(with_it.specification) != key(without.specification):
        without = make_run(SMALL, seed=2, **(usual | SETTINGS[setting]))
    if setting == "batch_size":
        pytest.skip("minibatches of 16 images in all other tests")
    compare([with_it, without], split)


def test_dropout_of_each_run(split, make_run):
    """Runs that differ in their dropout probabilities are trained at once."""
    runs = [make_run((Dropout(dropout=one), LAST), seed=6) for one in (0.0, 0.2, 0.7)]
    assert len({StackedEngine().packing_key(run.specification) for run in runs}) == 1
    compare(runs, split)
