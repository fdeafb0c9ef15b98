import numpy as np
import torch

from ceteris.engines.torch.joint import training
from ceteris.engines.torch.stacked.engine import StackedEngine


def test_whole_minibatches_of_training_are_compiled(split, make_run, monkeypatch):
    """But for the first, in which layers choose their forms; neither the last of an epoch nor scoring."""
    sizes, asked = [], []

    def compile_(function, *, mode):
        asked.append(mode)

        def compiled(values, arrays, place):
            sizes.append(len(values))
            return function(values, arrays, place)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_)
    monkeypatch.setattr(training, "SLICE_SECONDS", 0.0)
    runs = [make_run(seed=seed) for seed in (1, 2)]
    plain, compiled = (StackedEngine(compiled=one).start(runs, split) for one in (False, True))
    for _ in range(10):  # two epochs of five minibatches, the last of 11 images
        plain.advance()
        compiled.advance()

    assert asked == ["default"]
    assert sizes == [16] * 7
    for found, expected in zip(compiled.states(), plain.states(), strict=True):
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array)


def test_compiled_runs_round_differently():
    """So that they go on from no other checkpoint."""
    assert ", runs stacked and compiled, PyTorch " in StackedEngine(compiled=True).arithmetic
