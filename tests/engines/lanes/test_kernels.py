"""Which build of the kernels is chosen."""

import numpy as np
import pytest

from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import InstructionSet, chosen_instruction_set, load_kernels, usable_instruction_sets
from ceteris.errors import EngineError

compiled = pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")


@compiled
def test_the_widest_usable_build_is_chosen(monkeypatch):
    """Left alone, the first of the usable builds serves."""
    monkeypatch.delenv("CETERIS_ISA", raising=False)

    assert lanes_engine().instruction_set == usable_instruction_sets()[0]


@compiled
def test_the_environment_forces_a_build(monkeypatch):
    """CETERIS_ISA names the build to use."""
    monkeypatch.setenv("CETERIS_ISA", "portable")

    assert lanes_engine().instruction_set == InstructionSet.PORTABLE


def test_an_unknown_build_is_an_error_that_lists_the_usable_ones(monkeypatch):
    """A build that is not there is refused, never replaced silently."""
    monkeypatch.setenv("CETERIS_ISA", "avx1024")
    monkeypatch.setattr(
        "ceteris.engines.lanes.kernels.usable_instruction_sets", lambda: (InstructionSet.AVX2, InstructionSet.PORTABLE)
    )

    with pytest.raises(EngineError) as error:
        chosen_instruction_set()

    assert str(error.value) == (
        "CETERIS_ISA=avx1024: this installation on this processor has avx2, portable. Unset it, or name one."
    )


def test_without_compiled_kernels_the_error_says_what_was_lost(monkeypatch):
    """An installation without a compiler says what to do."""
    monkeypatch.delenv("CETERIS_ISA", raising=False)
    monkeypatch.setattr("ceteris.engines.lanes.kernels.usable_instruction_sets", lambda: ())

    with pytest.raises(EngineError) as error:
        lanes_engine()

    assert str(error.value) == (
        "the lanes engine was not compiled, because no C++ compiler was found when ceteris was installed. Install GCC "
        "or Clang and reinstall ceteris, or use --engine torch, which is many times slower."
    )


SETTINGS = dict.fromkeys(("momentum", "weight_decay", "nesterov", "label_smoothing", "clip_norm", "average_decay"), 0.0)
SETTINGS |= {"learning_rate": 0.1, "test_time_flip": 0.0}


@compiled
def test_a_packed_batch_refuses_arrays_that_do_not_fit():
    """The binding checks what it is given, so that no kernel reads past an array."""
    bank = load_kernels(usable_instruction_sets()[0]).Bank(image=(4, 4, 3), runs=2, batch_size=2)
    bank.add("dense", [{"dense": 2, "activation": "none"}] * 2)
    bank.finish("sgd", [SETTINGS] * 2)
    images, scale = np.zeros((3, 4, 4, 3), np.uint8), np.ones(3, np.float32)
    work = {"images": images, "scale": scale, "offset": scale, "views": None, "epoch": 0, "first_step": 0, "steps": 1}
    work["factors"] = np.ones((2, 2))
    labels, order = np.zeros(3, np.int32), np.zeros((2, 3), np.int32)

    with pytest.raises(ValueError, match="labels below the number of classes"):
        bank.train(**work, labels=labels + 2, order=order)
    with pytest.raises(ValueError, match="one label per image"):
        bank.train(**work, labels=labels[:2], order=order)
    with pytest.raises(ValueError, match="an order of the images"):
        bank.train(**work, labels=labels, order=order + 3)
    with pytest.raises(ValueError, match="one order per run"):
        bank.train(**work, labels=labels, order=order[:1])
    with pytest.raises(ValueError, match="a factor per step"):
        bank.train(**{**work, "factors": np.ones((2, 3))}, labels=labels, order=order)
    with pytest.raises(ValueError, match="an array per run"):
        bank.write("weights", np.zeros((2, 7), np.float32))
