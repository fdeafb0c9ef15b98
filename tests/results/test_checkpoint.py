from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from ceteris.checksummed import DamagedError, LaterFormatError
from ceteris.results import checkpoint as module
from ceteris.results.checkpoint import decode_checkpoint, encode_checkpoint
from ceteris.testing.miniature import miniature_runs
from tests.miniature import flipped, miniature_checkpoint

RUN = miniature_runs()[0]


def test_a_checkpoint_comes_back_bit_for_bit():
    """Position, epochs, times and every array are as they were, whatever the type, shape and order of the arrays."""
    before = miniature_checkpoint(RUN)
    odd = {
        "counter": np.array(2**63 + 1, np.uint64),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
        "turned": np.arange(12, dtype=np.float64).reshape(3, 4).T,
        "nothing": np.array([np.nan, np.inf, -0.0], np.float32),
    }
    before = replace(before, state=replace(before.state, arrays={**before.state.arrays, **odd}))
    after = decode_checkpoint(encode_checkpoint(before), RUN)
    assert replace(after, state=before.state) == before
    assert after.state.position == before.state.position
    assert after.state.arrays.keys() == before.state.arrays.keys()
    for name, array in before.state.arrays.items():
        kept = after.state.arrays[name]
        assert (kept.dtype, kept.shape, kept.tobytes()) == (array.dtype, np.shape(array), array.tobytes())


def test_the_same_state_gives_the_same_bytes():
    """Nothing about the moment of writing is in the file."""
    assert encode_checkpoint(miniature_checkpoint(RUN)) == encode_checkpoint(miniature_checkpoint(RUN))


def test_it_is_a_plain_safetensors_file():
    """Any reader of the format opens it."""
    assert "layers.1.weight" in safetensors.numpy.load(encode_checkpoint(miniature_checkpoint(RUN)))


def test_a_thousand_flipped_bits_are_all_noticed():
    """Of 1,000 checkpoints with one random bit flipped, none is accepted."""
    content = encode_checkpoint(miniature_checkpoint(RUN))
    for changed in flipped(content, 1_000):
        with pytest.raises(DamagedError):
            decode_checkpoint(changed, RUN)


def test_a_cut_checkpoint_is_noticed_wherever_it_was_cut():
    """No length but the whole is accepted, nor is a byte too many."""
    content = encode_checkpoint(miniature_checkpoint(RUN))
    for length in range(len(content)):
        with pytest.raises(DamagedError):
            decode_checkpoint(content[:length], RUN)
    with pytest.raises(DamagedError):
        decode_checkpoint(content + b"\0", RUN)


def test_reasons_are_told_apart():
    """Rubbish, a changed file and another run's checkpoint get different reasons."""
    content = encode_checkpoint(miniature_checkpoint(RUN))
    for changed, run, reason in (
        (b"<html>", RUN, "is cut short, or was not written by ceteris"),
        (content[:-1] + bytes([content[-1] ^ 1]), RUN, "was changed after it was written: its SHA-256 does not match"),
        (content, miniature_runs()[1], f"is of another run, with digest {RUN.digest[:8]}"),
    ):
        with pytest.raises(DamagedError) as error:
            decode_checkpoint(changed, run)
        assert str(error.value) == reason


def test_a_later_format_is_not_guessed_at(monkeypatch):
    """A checkpoint of a later version is an error that says so, and not damage: it would be set aside."""
    monkeypatch.setattr(module, "FORMAT", 2)
    content = encode_checkpoint(miniature_checkpoint(RUN))
    monkeypatch.undo()
    with pytest.raises(LaterFormatError) as error:
        decode_checkpoint(content, RUN)
    assert str(error.value) == "has format 2, and this ceteris reads up to 1. Install a later version."
