import gc
import pickle
import subprocess
import sys
import weakref
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest
import torch

from ceteris.engines.engine import Position, RunState
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked import training
from ceteris.engines.torch.stacked.engine import StackedEngine, stacked_memory
from ceteris.errors import DeviceMemoryError, EngineError
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.own_module import ModuleNetwork

LAYERS = (Convolution(conv=4), Dropout(dropout=0.5), Dense(dense="classes"))


def test_what_decides_bits_and_speed_is_said():
    """Stacked runs round differently, so that they go on from no checkpoint of a run that was trained alone."""
    engine = StackedEngine(device="cpu", packed_runs=8)

    assert engine.arithmetic == f"float32 on cpu with 1 thread, runs stacked, PyTorch {metadata.version('torch')}"
    assert engine.arithmetic != TorchEngine().arithmetic
    assert engine.facts == {**TorchEngine().facts, "runs at once": "up to 8"}
    assert (engine.name, engine.threaded) == (TorchEngine.name, False)
    assert pickle.loads(pickle.dumps(engine)) == engine  # noqa: S301 - made here


def test_a_module_of_the_users_own_is_left_to_the_engine_for_one_run(make_run):
    """It may do what cannot be stacked."""
    specification = make_run().specification
    own = specification.model_copy(update={"network": ModuleNetwork(module="nets.py:Net")})

    assert StackedEngine().unsupported(specification) is None
    assert StackedEngine().unsupported(own) == "a module of your own is trained alone"
    assert TorchEngine().unsupported(own) is None


def test_naming_the_engine_does_not_load_torch():
    """PyTorch is loaded when training starts, so that a plan is shown at once."""
    program = "import sys, ceteris.engines.torch.stacked.engine; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_runs_of_one_shape_share_a_packed_batch(make_run):
    """Also if they differ in a dropout probability; not if in channels."""
    key = StackedEngine().packing_key
    first, same, other = (
        make_run((Convolution(conv=conv), Dropout(dropout=dropout), Dense(dense="classes"))).specification
        for conv, dropout in ((4, 0.5), (4, 0.1), (5, 0.5))
    )

    assert key(first) == key(same)
    assert key(first) != key(other)


def test_runs_in_float32_are_close_to_those_trained_alone(split, make_run):
    """After three epochs their outcomes differ by a ten-thousandth part of what seeds differ by."""
    runs = [make_run(LAYERS, seed=seed) for seed in (1, 2, 3)]
    stacked, *alone = (engine.start(some, split) for engine, some in (
        (StackedEngine(), runs), *((TorchEngine(), [run]) for run in runs)
    ))  # fmt: skip
    for packed in (stacked, *alone):
        while packed.position.epoch < 3:
            packed.advance()
    expected = [packed.outcomes()[0] for packed in alone]
    apart = max(
        np.abs(one.probabilities - other.probabilities).max()
        for one, other in zip(stacked.outcomes(), expected, strict=True)
    )

    assert apart < 1e-4 * np.abs(expected[0].probabilities - expected[1].probabilities).max()


def test_a_state_is_that_of_a_run_trained_alone(split, make_run):
    """Under the same names in the same shapes, so that one tool reads both."""
    run = make_run(LAYERS, average_decay=0.9)
    (found,), (expected,) = (engine.start([run], split).states() for engine in (StackedEngine(), TorchEngine()))

    assert found.arrays.keys() == expected.arrays.keys()
    assert all(found.arrays[name].shape == array.shape for name, array in expected.arrays.items())


def test_a_state_of_something_else_is_refused(split, make_run):
    """With its first fault."""
    run = make_run(LAYERS)
    arrays = dict(StackedEngine().start([run], split).states()[0].arrays)
    del arrays["epoch.loss"]

    with pytest.raises(EngineError) as error:
        StackedEngine().start([run], split, [RunState(position=Position(step=1), arrays=arrays)])

    assert str(error.value) == (
        "variation 'narrow', seed 7: the state to go on from lacks the array 'epoch.loss', so this engine did not "
        "leave it for this run. Delete the run's checkpoint to begin it again."
    )


def test_batch_norm_of_a_single_value_is_refused(split, make_run):
    """As it is of a run alone."""
    layers = (Dense(dense=4), BatchNorm(batch_norm=True), Dense(dense="classes"))

    with pytest.raises(EngineError, match="would see one value per channel in a minibatch of one image"):
        StackedEngine().start([make_run(layers, batch_size=37)], split)


@pytest.mark.parametrize("when", ["start", "advance", "outcomes"])
def test_memory_that_runs_out_is_given_back_and_told(split, make_run, monkeypatch, when):
    """So that the runs can be tried in halves; what was on the device is gone then."""

    def refuse(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    runs = [replace(make_run(LAYERS, seed=seed), variation=name) for seed, name in ((1, "a"), (2, "b"), (3, "a"))]
    if when == "start":
        monkeypatch.setattr(training, "stacked_optimizer", refuse)
    packed = None if when == "start" else StackedEngine().start(runs, split)
    rows = None if packed is None else weakref.ref(packed._stack.rows)
    monkeypatch.setattr(training.functional, "cross_entropy", refuse)
    with pytest.raises(DeviceMemoryError) as error:
        StackedEngine().start(runs, split) if packed is None else getattr(packed, when)()
    gc.collect()

    assert error.value.found == "3 runs of 'a' and 1 other arm at once are too many for the memory of cpu."
    assert rows is None or rows() is None


def test_runs_that_cannot_fit_are_not_begun(split, make_run, monkeypatch):
    """By an estimate, of several; one alone is tried."""
    monkeypatch.setattr(training, "free_memory", lambda _: 100_000)
    monkeypatch.setattr("ceteris.engines.torch.stacked.memory.free_memory", lambda _: 100_000)
    runs = [make_run(LAYERS, seed=seed) for seed in (1, 2)]

    with pytest.raises(DeviceMemoryError) as error:
        StackedEngine().start(runs, split)
    assert error.value.found == (
        "2 runs of 'narrow' at once are too many for the memory of cpu (100 kB are free, about 1.3 MB are needed)."
    )
    assert StackedEngine().start(runs[:1], split).position == Position()


def test_memory_grows_with_runs(split, make_run):
    """The processor needs memory for all runs, a graphics processor has its own."""
    specification = make_run(LAYERS).specification
    one, many = (stacked_memory(specification, split.kind, count) for count in (1, 10))
    cpu, gpu = (StackedEngine(device=device).requirements(specification, split.kind, 10) for device in ("cpu", "cuda"))

    assert many == 10 * one
    assert cpu.memory - gpu.memory == many
    assert gpu.device == "cuda"
