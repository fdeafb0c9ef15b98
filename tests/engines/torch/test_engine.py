import pickle
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest
import torch

from ceteris.engines.engine import Position, RunState
from ceteris.engines.torch.engine import TorchEngine
from ceteris.errors import EngineError
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense


def test_engines_are_values():
    """Engines with the same settings are equal, in another process too, and name themselves."""
    engine = TorchEngine(device="cuda", precision="float64", threads=2)

    assert pickle.loads(pickle.dumps(engine)) == engine  # noqa: S301 - made here
    assert engine != TorchEngine()
    assert (engine.name, engine.packed_runs, engine.threaded) == ("torch", 1, False)


def test_what_decides_bits_and_speed_is_said():
    """Precision, device, threads and version decide the bits; which of several graphics processors does not."""
    assert TorchEngine().arithmetic == f"float32 on cpu with 1 thread, PyTorch {metadata.version('torch')}"
    assert TorchEngine(precision="float64", threads=2).arithmetic.startswith("float64 on cpu with 2 threads, PyTorch ")
    assert TorchEngine(device="cuda:1").arithmetic == TorchEngine(device="cuda", threads=2).arithmetic
    assert TorchEngine(threads=3).facts == {"device": "cpu", "threads": "3", "PyTorch": metadata.version("torch")}


def test_a_graphics_processor_is_named(monkeypatch):
    """On a graphics processor its model is among the facts, because it decides the speed."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"model of {device}")

    assert TorchEngine(device="cuda:1").facts["graphics processor"] == "model of cuda:1"


def test_every_specification_can_be_trained(make_run):
    """Nothing stands in the way of any specification, and runs that differ have different keys."""
    run, other = make_run(), make_run(learning_rate=0.5)

    assert TorchEngine().unsupported(run.specification) is None
    assert TorchEngine().packing_key(run.specification) == TorchEngine().packing_key(make_run(seed=8).specification)
    assert TorchEngine().packing_key(run.specification) != TorchEngine().packing_key(other.specification)
    assert hash(TorchEngine().packing_key(run.specification)) == hash(make_run().specification)


def test_naming_the_engine_does_not_load_torch():
    """PyTorch is loaded when training starts, so that a plan is shown at once."""
    program = "import sys, ceteris.engines.torch; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_missing_torch_is_an_error_that_says_what_to_do(split, make_run, monkeypatch):
    """Without PyTorch the engine says how to get it, and what to use instead."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "ceteris.engines.torch.training", raising=False)

    with pytest.raises(EngineError) as error:
        TorchEngine().start([make_run()], split)

    assert str(error.value) == (
        "the PyTorch engine needs torch, which is not installed. "
        "Install it with `pip install torch`, or choose the lanes engine (--engine lanes)."
    )


def test_without_torch_the_arithmetic_is_an_error(monkeypatch):
    """Asked for its version before training starts, the engine says that PyTorch is missing."""

    def miss(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", miss)

    with pytest.raises(EngineError, match=r"^the PyTorch engine needs torch, which is not installed\."):
        _ = TorchEngine().arithmetic


def test_another_missing_module_is_not_taken_for_torch(split, make_run, monkeypatch):
    """A module of ours that cannot be imported is our mistake, and is shown as it is."""
    monkeypatch.setitem(sys.modules, "ceteris.engines.torch.training", None)

    with pytest.raises(ImportError):
        TorchEngine().start([make_run()], split)


def test_an_unknown_device_is_an_error_that_says_what_to_choose(split, make_run):
    """A device that PyTorch does not know is named, with some that it does."""
    with pytest.raises(EngineError) as error:
        TorchEngine(device="gpu").start([make_run()], split)

    assert str(error.value) == (
        "device 'gpu' is not one that PyTorch knows. "
        "Choose 'cpu', 'cuda' for the first graphics processor, or 'cuda:1' for the second."
    )


def test_a_device_that_is_not_there_is_an_error(split, make_run, monkeypatch):
    """A device that PyTorch knows but cannot use is named, with the first sentence of PyTorch's reason."""

    def refuse(*_, **__):
        raise RuntimeError("CUDA error: invalid device ordinal. Check it.\nCompile with TORCH_USE_CUDA_DSA.")

    monkeypatch.setattr(torch, "zeros", refuse)

    with pytest.raises(EngineError) as error:
        TorchEngine(device="cuda:99").start([make_run()], split)

    assert str(error.value) == (
        "device 'cuda:99' cannot be used on this machine: PyTorch says 'CUDA error: invalid device ordinal'. "
        "Choose device 'cpu', or install the driver and the build of PyTorch that the device needs."
    )


@pytest.mark.parametrize("batch_size", [1, 37])
def test_batch_norm_of_a_single_value_is_refused(split, make_run, batch_size):
    """Batch normalisation after a dense layer cannot see a minibatch of one image, and says so before training."""
    layers = (Dense(dense=4), BatchNorm(batch_norm=True), Dense(dense="classes"))

    with pytest.raises(EngineError) as error:
        TorchEngine().start([make_run(layers, batch_size=batch_size)], split)

    assert str(error.value) == (
        "variation 'narrow': batch_norm in layer 1 would see one value per channel in a minibatch of one image "
        f"(batch_size {batch_size}, 75 training images). "
        "Choose a batch_size above 1 that does not leave one image over."
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda arrays: arrays.pop("epoch.loss"), "lacks the array 'epoch.loss'"),
        (
            lambda arrays: arrays.update({"layers.0.weight": np.zeros((2, 2), np.float32)}),
            "has 'layers.0.weight' in shape (2, 2), expected (4, 3, 3, 3)",
        ),
        (
            lambda arrays: arrays.update({"lanes.moment": np.zeros(1, np.float32)}),
            "has an array 'lanes.moment' that this engine does not keep",
        ),
    ],
)
def test_a_state_of_something_else_is_refused(split, make_run, change, fault):
    """A state that another engine, or another network, left is named with its first fault."""
    engine, run = TorchEngine(), make_run((Convolution(conv=4), Dense(dense="classes")))
    arrays = dict(engine.start([run], split).states()[0].arrays)
    change(arrays)

    with pytest.raises(EngineError) as error:
        engine.start([run], split, [RunState(position=Position(step=1), arrays=arrays)])

    assert str(error.value) == (
        f"variation 'narrow', seed 7: the state to go on from {fault}, so this engine did not leave it for this "
        "run. Delete the run's checkpoint to begin it again."
    )
